// Package coldroom holds what can happen to a cold room, one fact a file. The stored names
// never change.
package coldroom
