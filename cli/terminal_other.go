//go:build !unix

package cli

import "os"

// measure takes no file for a terminal here: it is printed to as to a file.
func measure(*os.File) (columns int, colours bool) { return 0, false }
