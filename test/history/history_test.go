package history

import (
	"context"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/alone"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
)

// size is how many operations a run of so many is to do.
func size(ops int) int {
	if testing.Short() {
		return ops / 10
	}
	return ops
}

func seed() uint64 {
	if *seedFlag != 0 {
		return *seedFlag
	}
	return rand.Uint64()
}

// Everything at once on PostgreSQL: processes are killed, backends terminated, and
// connections cut before, at and after commits.
func TestHistory_PostgresUnderFireHasNoAnomalies(t *testing.T) {
	alone.Use(t)
	c := newCrew(t, pgtest.Database(t), seed())
	run(t, c, plan{
		ops: size(*opsFlag), writers: 4, deliver: 2, cutOneIn: 60, kill: 1500 * time.Millisecond, terminate: 250 * time.Millisecond,
	})
}

// The same in one file of SQLite, where there is no network to fail.
func TestHistory_SQLiteUnderFireHasNoAnomalies(t *testing.T) {
	alone.Use(t)
	c := newCrew(t, filepath.Join(t.TempDir(), "log.sqlite3"), seed())
	run(t, c, plan{ops: size(*opsFlag) / 4, writers: 3, deliver: 1, kill: time.Second})
}

// Where the answer to a commit is lost, and then the answer to the question what became of it,
// nobody may be told that nothing was written, and no command may be decided again.
func TestHistory_AnAnswerThatIsLostTwiceIsNoFailure(t *testing.T) {
	c := newCrew(t, file(t), seed())
	c.mutant = "bad line"
	if found := c.run(plan{ops: 500, writers: 1, deliver: 1}).check(); len(found) > 0 {
		t.Error(found.String())
	}
}

func countBy(all []*operation, name func(*operation) string) map[string]int {
	counts := map[string]int{}
	for _, op := range all {
		if n := name(op); n != "" {
			counts[n]++
		}
	}
	return counts
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

// resolved says what the log knows of an operation that nobody was told of.
func resolved(op *operation) string {
	if op.outcome.Kind != unknown || op.invoke.What == "read" {
		return ""
	}
	who := "its process was killed"
	if op.outcome.At != 0 {
		who = "its caller was told so, " + op.invoke.What
	}
	if len(op.entries) > 0 {
		return who + ": it is there"
	}
	return who + ": it is not there"
}

// lost are the operations of which a process had to find out what became of their commit,
// and how often.
func (e *evidence) lost() map[string]int {
	all := map[string]int{}
	for _, lines := range e.histories {
		for _, l := range lines {
			if l.Kind == fault && l.What == answerLost {
				all[l.Op]++
			}
		}
	}
	return all
}

// leftUnknown reports whether the framework, and not a host, has told a caller that it does
// not know.
func leftUnknown(op *operation) bool {
	return op.outcome.Kind == unknown && op.outcome.At != 0 && op.invoke.What != hosted
}

func count(all []*operation, which func(*operation) bool) (n int) {
	for _, op := range all {
		if which(op) {
			n++
		}
	}
	return n
}

// failure is what a failed operation was told, as far as it is of interest.
func failure(op *operation) string {
	if op.outcome.Kind != failed {
		return ""
	}
	for _, known := range []error{ireneo.ErrUnavailable, ireneo.ErrBusy, context.DeadlineExceeded, context.Canceled} {
		if strings.Contains(op.outcome.Error, known.Error()) {
			return known.Error()
		}
	}
	for _, lost := range []string{"connection reset", "unexpected EOF", "broken pipe", "conn closed"} {
		if strings.Contains(op.outcome.Error, lost) {
			return op.invoke.What + ": a lost connection without a name of ours"
		}
	}
	return op.outcome.Error
}

// run does a run and complains of what does not fit.
func run(t *testing.T, c *crew, p plan) {
	t.Helper()
	e := c.run(p)
	if found := e.check(); len(found) > 0 {
		t.Error(found.String())
	}
}
