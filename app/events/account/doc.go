// Package account holds what can happen to an account, one fact a file. The stored
// names never change.
package account
