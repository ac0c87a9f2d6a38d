package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// progress shows how far a rebuild is: on a terminal in one line that is drawn again and
// again, elsewhere as a line now and then. It goes by the time of the reports.
type progress struct {
	out    io.Writer
	screen terminal
	last   ireneo.Rebuild // what it was told last
	shown  time.Time      // when something was shown
}

// How long nothing is shown after something was.
const (
	redrawn = 100 * time.Millisecond // on a terminal
	quiet   = 5 * time.Second        // where every word is a line
)

func (p *progress) show(r ireneo.Rebuild) {
	p.last = r
	pause := quiet
	if p.screen.columns > 0 {
		pause = redrawn
	}
	if !p.shown.IsZero() && r.ChangedAt.Sub(p.shown) < pause {
		return
	}
	p.shown = r.ChangedAt
	switch {
	case p.screen.columns > 0:
		p.draw()
	case r.Phase != done:
		fmt.Fprintf(p.out, "%3d %%  %s, %d of %d events, %s\n", percent(r), r.Phase, r.Events, r.Total, pace(r))
	}
}

// end leaves the line that was drawn as it is at the end.
func (p *progress) end() {
	if p.screen.columns > 0 && !p.shown.IsZero() {
		p.draw()
		fmt.Fprintln(p.out)
	}
}

func (p *progress) draw() {
	width := p.screen.columns - 1 // in the last column some terminals begin a new line
	fmt.Fprintf(p.out, "\r%-*s", width, short(bar(p.last), width))
}

// done is the phase of a rebuild that has come to its end.
const done = "done"

const barLength = 24

// bar is drawn in characters that every terminal has, and leaves room in 80 columns.
func bar(r ireneo.Rebuild) string {
	full := barLength * percent(r) / 100
	return fmt.Sprintf("[%s%s]  %3d %%  %s", strings.Repeat("#", full), strings.Repeat(".", barLength-full), percent(r), pace(r))
}

// percent is how much of a rebuild is done.
func percent(r ireneo.Rebuild) int {
	switch {
	case r.Phase == done:
		return 100
	case r.Total == 0:
		return 0
	default:
		return int(100 * r.Events / r.Total)
	}
}

// pace says how fast a rebuild is, and how long it takes yet.
func pace(r ireneo.Rebuild) string {
	text := fmt.Sprintf("%d events/s", r.Rate)
	if left := r.Left(); left > 0 {
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
}
