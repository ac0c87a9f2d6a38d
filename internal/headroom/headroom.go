// Package headroom lets a process have more garbage before it is collected.
//
// What lives in an application here is little, some ten MiB, and the runtime collects whenever
// that has doubled: while a log is read many times a second, for a fifth of all processor time.
package headroom

import "runtime"

// Size is how much more garbage there may be.
const Size = 16 << 20

// Reserve reserves memory, until it is released, that counts as living and is never touched, so
// that it takes no room itself. Whatever GOGC says is of that much more.
func Reserve() (release func()) {
	reserved := make([]byte, Size)
	return func() { runtime.KeepAlive(reserved) }
}
