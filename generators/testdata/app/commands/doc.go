// Package commands decides what happens to several streams at once, one command a file: all
// of it or nothing. The stored names never change.
package commands
