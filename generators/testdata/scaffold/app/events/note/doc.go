// Package note holds what can happen to a note, one fact a file. The stored names
// never change.
package note
