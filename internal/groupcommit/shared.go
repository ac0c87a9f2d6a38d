//go:build !ireneo_alone

package groupcommit

// shares says that batches share commits. Tests built with -tags ireneo_alone hold all that is
// promised without it, too.
const shares = true
