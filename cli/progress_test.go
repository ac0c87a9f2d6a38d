package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// steps are reports of a rebuild of 1000 events, of which 100 are read a second.
func steps(p *progress, seconds ...float64) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, s := range seconds {
		p.show(ireneo.Rebuild{
			Phase: "filling", Running: true, Events: int64(100 * s), Total: 1000, Rate: 100,
			ChangedAt: began.Add(time.Duration(s * float64(time.Second))),
		})
	}
}

func TestProgress_IsALineNowAndThen(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out}
	steps(p, 0, 0.25, 2, 4.5, 5.5, 6, 10)
	p.end()
	got, want := strings.Split(out.String(), "\n"), []string{
		"  0 %  filling, 0 of 1000 events, 100 events/s, 10s left",
		" 55 %  filling, 550 of 1000 events, 100 events/s, 5s left",
		"",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProgress_IsDrawnInOneLineOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out, screen: terminal{columns: 61}}
	steps(p, 0, 5, 5.05, 9, 9.09)
	p.end()
	got, want := strings.Split(out.String(), "\r"), []string{
		"",
		"[........................]    0 %  100 events/s, 10s left   ",
		"[############............]   50 %  100 events/s, 5s left    ",
		"[#####################...]   90 %  100 events/s, 1s left    ",
		"[#####################...]   90 %  100 events/s, 1s left    \n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProgress_FitsIntoANarrowTerminal(t *testing.T) {
	var out bytes.Buffer
	steps(&progress{out: &out, screen: terminal{columns: 11}}, 5)
	if got, want := out.String(), "\r[########…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
