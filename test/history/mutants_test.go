package history

import (
	"path/filepath"
	"testing"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
)

// found does a small run of a mutant and wants the checker to name what is wrong with it.
func found(t *testing.T, url, mutant string, p plan, want anomaly) {
	t.Helper()
	c := newCrew(t, url, seed())
	c.mutant = mutant
	r := c.run(p).check()
	n := 0
	for _, f := range r {
		if f.anomaly == want {
			n++
		}
	}
	if t.Logf("%s: %d", want, n); n == 0 {
		t.Errorf("it is not found:\n%s", r.String())
	}
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "log.sqlite3") }

func TestMutant_AnAppendThatOnlyPretendsToCommitIsALostAppend(t *testing.T) {
	found(t, file(t), "lose", plan{ops: 300, writers: 1, deliver: 1}, lostAppend)
}

func TestMutant_ABatchThatIsWrittenEventByEventIsTorn(t *testing.T) {
	found(t, file(t), "tear", plan{ops: 300, writers: 1, deliver: 1}, tornBatch)
}

// Whoever does not ask what became of a commit whose answer was lost, but tries again under
// new ids, does it twice.
func TestMutant_ABlindRetryIsADuplicate(t *testing.T) {
	found(t, pgtest.Database(t), "retry blindly", plan{ops: 500, writers: 1, deliver: 1, cutOneIn: 8}, duplicateCommand)
}

// Where the cursor moves in another transaction than the handler writes in, whoever takes
// over from a process that died in between repeats.
func TestMutant_ACheckpointOutsideTheTransactionRepeats(t *testing.T) {
	found(t, file(t), "checkpoint", plan{ops: 500, writers: 1, deliver: 2}, repeatedDelivery)
}

// Where nothing guards what was only read, two that each read what the other writes are both
// committed.
func TestMutant_WithoutTheGuardThereAreDependencyCycles(t *testing.T) {
	onBoth(t, "no guard", plan{ops: 1000, writers: 3, deliver: 1}, cycle)
}

// So are two that have asked the same before either was there to be found.
func TestMutant_WithoutAskingAgainThereAreDependencyCycles(t *testing.T) {
	onBoth(t, "no query", plan{ops: 300, writers: 3, deliver: 1}, cycle)
}

func onBoth(t *testing.T, mutant string, p plan, want anomaly) {
	t.Run("sqlite", func(t *testing.T) { found(t, file(t), mutant, p, want) })
	t.Run("postgres", func(t *testing.T) { found(t, pgtest.Database(t), mutant, p, want) })
}
