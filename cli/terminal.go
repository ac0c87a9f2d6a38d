package cli

import (
	"io"
	"os"
	"strings"
)

// terminal is what is printed to, as far as lines care.
type terminal struct {
	columns int // how many fit into a line; zero: it is no terminal
	colours bool
}

// terminalOf describes a terminal, or whatever else a file may be.
func terminalOf(to io.Writer) terminal {
	file, isFile := to.(*os.File)
	if !isFile {
		return terminal{}
	}
	columns, colours := measure(file)
	return terminal{columns, colours && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// Looks of a part, as ANSI has them.
const (
	plain  = ""
	dim    = "2"
	strong = "36" // cyan
)

// part is a part of a line.
type part struct{ text, look string }

// line puts parts beside each other, cut to the width of the terminal.
func (t terminal) line(parts ...part) string {
	var b strings.Builder
	left := t.columns
	for i, p := range parts {
		text := oneLine(p.text)
		if i > 0 {
			text = "  " + text
		}
		if t.columns > 0 {
			text = short(text, left)
			left -= len([]rune(text))
		}
		if t.colours && p.look != plain {
			text = "\x1b[" + p.look + "m" + text + "\x1b[0m"
		}
		b.WriteString(text)
	}
	return b.String()
}
