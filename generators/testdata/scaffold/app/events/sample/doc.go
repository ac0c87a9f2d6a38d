// Package sample holds what can happen to a sample, one fact a file. The stored names
// never change.
package sample
