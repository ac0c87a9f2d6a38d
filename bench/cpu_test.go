package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	got, ok := parseStat("4711 (a (b) c) S 17 4711 4711 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 99 0\n")
	if want := (process{"a (b) c", 17, 1270 * time.Millisecond}); !ok || got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, text := range []string{"", "1 (cut", "1 (cut) S 1 2 3"} {
		if got, ok := parseStat(text); ok {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

func TestTable_BelowLeavesOutTheServer(t *testing.T) {
	all := table{
		1: {parent: 0, spent: time.Hour}, 10: {parent: 1, spent: time.Minute},
		11: {parent: 10, spent: 1}, 12: {parent: 11, spent: 2},
		20: {parent: 10, spent: 4}, 21: {parent: 20, spent: 8},
	}
	if got := all.below(10, 20); got != 3 {
		t.Errorf("got %d, want what 11 and 12 have spent", got)
	}
}

// A program counts while it runs, and as much when it has ended.
func TestSpent_CountsProgramsOnce(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("without /proc a program counts only when it has ended")
	}
	p := &place{}
	before := p.others()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; read -r line`)
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if inErr != nil || outErr != nil {
		t.Fatal(inErr, outErr)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}

	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	running := p.others().minus(before).Own
	_ = in.Close() // its read fails, which ends it
	_ = cmd.Wait()
	ended := p.others().minus(before).Own

	program := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if program < 5*tick {
		t.Fatalf("the program took only %v", program)
	}
	if running < program/2 || ended < running-2*tick || ended > 2*program {
		t.Errorf("got %v while it ran and %v when it had ended, which took %v", running, ended, program)
	}
}

// burning is a load that is busy in its first turn only.
type burning struct {
	turns int
	aside time.Duration
}

func (b *burning) run(context.Context, time.Duration) ([]timings, error) {
	b.turns++
	for begin := time.Now(); b.turns == 1 && time.Since(begin) < 200*time.Millisecond; {
	}
	return []timings{{each: []time.Duration{1}, busy: 1, beside: 9, aside: cost{Own: b.aside}}}, nil
}

// What the warm-up costs is not told, and the rest divided among all operations.
func TestMeasureRound_TellsTheCostOfItsTurns(t *testing.T) {
	burns := func(aside time.Duration) start {
		return func(context.Context, *site) (load, error) { return &burning{aside: aside}, nil }
	}
	found, err := measureRound(t.Context(), &place{}, []row{
		{name: "burning", start: burns(0)},
		{name: "once", start: burns(0), once: true},
		{name: "mostly aside", start: burns(time.Hour), once: true},
	}, options{duration: time.Millisecond}, func(any) {})
	if err != nil {
		t.Fatal(err)
	}
	if rest := found[2].CPU.Own; rest != 0 {
		t.Errorf("got %v where all was spent on something else", rest)
	}
	if warm, once := found[0].CPU.Own, found[1].CPU.Own; warm > 5*time.Millisecond || once < 5*time.Millisecond || once > 50*time.Millisecond {
		t.Errorf("got %v and %v, want next to nothing after the warm-up, and a tenth of what one turn took without", warm, once)
	}
}

func TestCost_String(t *testing.T) {
	for want, c := range map[string]cost{
		"85+120":   {85 * time.Microsecond, 120 * time.Microsecond},
		"0.4+2.5":  {400 * time.Nanosecond, 2500 * time.Nanosecond},
		"19k+9999": {19337 * time.Microsecond, 9999 * time.Microsecond},
		"85+–":     {85 * time.Microsecond, 0},
	} {
		if got := c.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
