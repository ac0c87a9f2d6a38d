// Package debt holds what can happen to a debt, one fact a file. The stored names
// never change.
package debt
