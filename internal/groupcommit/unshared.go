//go:build ireneo_alone

package groupcommit

const shares = false
