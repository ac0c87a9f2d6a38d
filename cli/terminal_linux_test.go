package cli_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// pseudoTerminal opens a terminal of some columns, and what somebody in front of it sees.
func pseudoTerminal(t *testing.T, columns uint16) (seen, terminal *os.File) {
	t.Helper()
	seen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	t.Cleanup(func() { _ = seen.Close() })
	fd := int(seen.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return seen, terminal
}

// onTerminal is what a command prints on a terminal, which must fit into its buffer.
func onTerminal(t *testing.T, p cli.Program, args ...string) string {
	t.Helper()
	seen, terminal := pseudoTerminal(t, 60)
	if code := cli.Run(t.Context(), p, args, terminal, terminal); code != 0 {
		t.Errorf("%v: got %d", args, code)
	}
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(seen)
	if err != nil && !errors.Is(err, unix.EIO) { // which is how a terminal ends
		t.Fatal(err)
	}
	return string(text)
}

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestTail_OnATerminalLinesFitAndHaveColours(t *testing.T) {
	log := ireneotest.SQLite(t, scripted())
	journal := scripted().Streams[0]
	for _, text := range []string{"short", strings.Repeat("long ", 50)} {
		if err := journal.For("a").Append(ireneo.WithLog(t.Context(), log), &Written{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	p := program(t, func(a *cli.App) { a.Log = log })

	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	lines := strings.Split(strings.TrimSpace(onTerminal(t, p, "tail", "--no-follow")), "\r\n")
	if len(lines) != 2 {
		t.Fatalf("got %q", lines)
	}
	for _, line := range lines {
		if !colour.MatchString(line) {
			t.Errorf("it has no colours: %q", line)
		}
		if n := utf8.RuneCountInString(colour.ReplaceAllString(line, "")); n > 60 {
			t.Errorf("it has %d columns: %q", n, line)
		}
	}
	if !strings.HasSuffix(colour.ReplaceAllString(lines[1], ""), "…") {
		t.Errorf("what is cut does not say so: %q", lines[1])
	}

	t.Setenv("NO_COLOR", "1")
	if text := onTerminal(t, p, "tail", "--no-follow"); colour.MatchString(text) {
		t.Errorf("got %q", text)
	}
}

func TestRebuild_OnATerminalDrawsABar(t *testing.T) {
	log := ireneotest.SQLite(t, scripted())
	if err := scripted().Streams[0].For("a").Append(ireneo.WithLog(t.Context(), log), &Written{Text: "one"}); err != nil {
		t.Fatal(err)
	}
	p := program(t, func(a *cli.App) { a.Log = log })
	text := onTerminal(t, p, "projections", "rebuild", "lengths")
	if !strings.Contains(text, "\r[####") || !strings.Contains(text, "\r\nlengths is rebuilt from 1 event.") {
		t.Errorf("got %q", text)
	}
}
