// Package commands holds the decisions of Ledger that are about more than one stream, one
// a file. The stored names never change.
package commands
