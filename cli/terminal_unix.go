//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// measure returns how many columns a terminal has, zero where the file is none, and
// whether it knows colours.
func measure(file *os.File) (columns int, colours bool) {
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, false
	}
	if size.Col == 0 { // some do not say
		size.Col = 80
	}
	return int(size.Col), true
}
