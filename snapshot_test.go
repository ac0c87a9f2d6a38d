package ireneo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

// Savings is a state that shows in which order it was folded.
type Savings struct {
	Balance int64 `validate:"gte=0"`
	Trail   []int64
	Notes   map[string]int64
	LastAt  *time.Time
}

func (s *Savings) add(amount int64, note string, at time.Time) {
	if s.Notes == nil {
		s.Notes = map[string]int64{}
	}
	s.Balance, s.Trail, s.LastAt = s.Balance+amount, append(s.Trail, amount), &at
	s.Notes[note] += amount
}

func savings(name string) *ireneo.Projection[Savings] {
	return ireneo.NewProjection(name,
		ireneo.On(func(s *Savings, e *Deposited, at time.Time) { s.add(e.Amount, e.Note, at) }),
		ireneo.On(func(s *Savings, e *Withdrawn, at time.Time) { s.add(-e.Amount, "out", at) }))
}

var (
	plainSavings = savings("savings")
	keptSavings  = plainSavings.Snapshot(5)
)

// safe is the stream the tests of snapshots append to.
func safe(consistency ireneo.AnyProjection) *ireneo.Stream {
	return &ireneo.Stream{Type: "safe", Purpose: "Money kept for long", ClosedBy: "account.closed", Consistency: consistency}
}

var (
	keptSafe  = safe(keptSavings)
	plainSafe = safe(plainSavings) // the same without snapshots
)

func only(s ...*ireneo.Stream) ireneo.Config {
	c := config()
	c.Streams = s
	return c
}

func deposit(t testing.TB, ctx context.Context, h *ireneo.Handle, n int) {
	t.Helper()
	for range n {
		must(t, h.Append(ctx, &Deposited{Amount: 1}))
	}
}

// kept lists the snapshots there are.
func kept(t testing.TB, log *ireneo.Log) string {
	t.Helper()
	var rows []string
	must(t, log.DB().Table("event_snapshots").Order("id").Pluck("id || ' ' || version", &rows).Error)
	return strings.Join(rows, ", ")
}

func wantKept(t testing.TB, log *ireneo.Log, want string) {
	t.Helper()
	if got := kept(t, log); got != want {
		t.Errorf("kept %q, want %q", got, want)
	}
}

// tamper changes all snapshots, which shows who uses them.
func tamper(t testing.TB, log *ireneo.Log, column string, value any) {
	t.Helper()
	must(t, log.DB().Table("event_snapshots").Where("true").Update(column, value).Error)
}

// tampered is a state that no stream has.
const tampered = `{"Balance":1000}`

func wantSavings(t testing.TB, ctx context.Context, p *ireneo.Projection[Savings], h *ireneo.Handle, want int64, opts ...ireneo.ReplayOption) {
	t.Helper()
	got, err := p.Replay(ctx, h, opts...)
	must(t, err)
	if got.Balance != want {
		t.Errorf("%s is %d, want %d", p.Name(), got.Balance, want)
	}
}

func TestC16_AColdProcessReadsOnlyWhatCameAfterTheSnapshot(t *testing.T) {
	each(t, only(keptSafe), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		deposit(t, ctx, keptSafe.For("a"), 4)
		wantKept(t, log, "")
		must(t, keptSafe.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}, &Deposited{Amount: 1}}))
		wantKept(t, log, "savings/safe/a 6")
		deposit(t, ctx, keptSafe.For("a"), 6)
		wantKept(t, log, "savings/safe/a 10")

		tamper(t, log, "state", tampered)
		wantSavings(t, ctx, keptSavings, keptSafe.For("a"), 1002)
		wantSavings(t, ctx, keptSavings, keptSafe.For("a"), 12, ireneo.AtVersion(12))
		wantSavings(t, ctx, keptSavings, keptSafe.For("a"), 12, ireneo.At(time.Now()))
		wantSavings(t, ctx, keptSavings, keptSafe.For("a"), 12, ireneo.AsOf(time.Now()))
		wantSavings(t, ctx, keptSavings.Strict(), keptSafe.For("a"), 12) // has not seen what the snapshot holds
		wantError(t, keptSafe.For("a").Check(ctx, &Withdrawn{Amount: 500}), ireneo.ErrInvalid)

		cold := keptSafe.In(sibling(t, log, only(keptSafe))).For("a")
		must(t, cold.Append(ctx, &Withdrawn{Amount: 500}))
		wantVersion(t, ctx, cold, 13)
	})
}

func TestC16_ASnapshotThatCannotBeTrustedIsIgnored(t *testing.T) {
	each(t, only(keptSafe), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for column, value := range map[string]any{
			"fingerprint": "another build",
			"state":       "{",
			"version":     200, // the log was restored without the snapshots
			"recorded_at": noon,
		} {
			h := keptSafe.For(column)
			deposit(t, ctx, h, 12)
			tamper(t, log, "state", tampered)
			tamper(t, log, column, value)
			wantSavings(t, ctx, keptSavings, h, 12)
			cold := keptSafe.In(sibling(t, log, only(keptSafe))).For(column)
			wantError(t, cold.Append(ctx, &Withdrawn{Amount: 500}), ireneo.ErrInvalid)
			must(t, cold.Append(ctx, &Deposited{Amount: 1}))
			wantVersion(t, ctx, cold, 13)
		}
	})
}

func TestC16_AnotherTypeOfStateBeginsAnew(t *testing.T) {
	type wider struct {
		Balance int64 `validate:"gte=0"`
		Events  int64
	}
	changed := ireneo.NewProjection("savings",
		ireneo.On(func(s *wider, e *Deposited, _ time.Time) { s.Balance += e.Amount; s.Events++ })).Snapshot(5)
	stream := safe(changed)
	each(t, only(keptSafe), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		deposit(t, ctx, keptSafe.For("a"), 6)
		tamper(t, log, "state", tampered)
		next := stream.In(sibling(t, log, only(stream))).For("a")
		for range 2 {
			got, err := changed.Replay(ctx, next)
			must(t, err)
			if diff := cmp.Diff(&wider{Balance: got.Events, Events: got.Events}, got); diff != "" {
				t.Errorf("state differs (-want +got):\n%s", diff)
			}
			deposit(t, ctx, next, 4) // and replaces the snapshot
		}
		tamper(t, log, "state", `{"Events":77}`)
		got, err := changed.Replay(ctx, next)
		must(t, err)
		if got.Events < 77 {
			t.Errorf("the new type keeps no snapshots: %+v", got)
		}
		wantSavings(t, ctx, keptSavings, keptSafe.For("a"), 14)
	})
}

// What happened before something that the snapshot holds makes it useless, until the
// next append that folds the whole stream replaces it.
func TestC16_ARetroactiveEventIsPlacedAsWithoutSnapshots(t *testing.T) {
	each(t, only(keptSafe), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h, early := keptSafe.For("a"), ireneo.At(time.Now().Add(-time.Hour))
		deposit(t, ctx, h, 6)
		unaware := plainSafe.In(sibling(t, log, only(plainSafe))).For("a")
		must(t, unaware.Append(ctx, &Deposited{Amount: 100}, early))
		wantKept(t, log, "savings/safe/a 5")
		tamper(t, log, "state", tampered)
		wantTrail(t, ctx, h, 100, 1, 1, 1, 1, 1, 1)
		cold := keptSafe.In(sibling(t, log, only(keptSafe))).For("a")
		wantError(t, cold.Append(ctx, &Withdrawn{Amount: 500}), ireneo.ErrInvalid)

		must(t, h.Append(ctx, &Deposited{Amount: 200}, early))
		wantKept(t, log, "savings/safe/a 8")
		wantTrail(t, ctx, h, 100, 200, 1, 1, 1, 1, 1, 1)
		tamper(t, log, "state", tampered)
		wantSavings(t, ctx, keptSavings, h, 1000)
	})
}

func wantTrail(t testing.TB, ctx context.Context, h *ireneo.Handle, want ...int64) {
	t.Helper()
	got, err := keptSavings.Replay(ctx, h)
	must(t, err)
	if diff := cmp.Diff(want, got.Trail); diff != "" {
		t.Errorf("trail differs (-want +got):\n%s", diff)
	}
}

func TestC16_OnlyWhatIsCommittedIsKept(t *testing.T) {
	each(t, only(keptSafe), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h := keptSafe.For("a")
		deposit(t, ctx, h, 4)
		wantError(t, h.Append(ctx, &Withdrawn{Amount: 5}), ireneo.ErrInvalid)
		wantError(t, h.Append(ctx, &Deposited{Amount: 5}, ireneo.ExpectVersion(3)), ireneo.ErrConflict)
		must(t, h.Check(ctx, &Deposited{Amount: 5}))
		rolledBack(t, log, func(tx *gorm.DB) {
			must(t, h.AppendTx(ctx, tx, &Deposited{Amount: 1}))
			must(t, h.AppendTx(ctx, tx, &Deposited{Amount: 1})) // reads the snapshot that only tx has
		})
		wantKept(t, log, "")
		must(t, log.DB().Transaction(func(tx *gorm.DB) error { return h.AppendTx(ctx, tx, &Deposited{Amount: 1}) }))
		wantKept(t, log, "savings/safe/a 5")
	})
}

func TestC16_AStaleAttemptOverwritesNothing(t *testing.T) {
	each(t, only(keptSafe), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		stale := keptSafe.For("a")
		deposit(t, ctx, stale, 4)
		faster := keptSafe.In(sibling(t, log, only(keptSafe))).For("a")
		must(t, faster.Append(ctx, &Deposited{Amount: 100}))
		wantError(t, stale.Append(ctx, &Withdrawn{Amount: 1}, ireneo.ExpectVersion(4)), ireneo.ErrConflict)
		wantKept(t, log, "savings/safe/a 5")
		wantTrail(t, ctx, stale, 1, 1, 1, 1, 100)
	})
}

func TestC16_AClosedStreamStaysClosed(t *testing.T) {
	each(t, only(keptSafe), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		deposit(t, ctx, keptSafe.For("a"), 4)
		must(t, keptSafe.For("a").Append(ctx, &Closed{}))
		wantKept(t, log, "savings/safe/a 5")
		cold := keptSafe.In(sibling(t, log, only(keptSafe))).For("a")
		wantError(t, cold.Append(ctx, &Deposited{Amount: 1}), ireneo.ErrClosed)
	})
}

// A stream whose other projection keeps nothing is read as a whole by appends.
func TestC16_AppendsNeedTheSnapshotsOfAllProjections(t *testing.T) {
	stream := safe(keptSavings)
	stream.Transactional = ireneo.Materialize(Balances)
	each(t, only(stream), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		deposit(t, ctx, stream.For("a"), 6)
		wantKept(t, log, "savings/safe/a 5")
		tamper(t, log, "state", tampered)
		wantSavings(t, ctx, keptSavings, stream.For("a"), 1001)
		cold := stream.In(sibling(t, log, only(stream))).For("a")
		wantError(t, cold.Append(ctx, &Withdrawn{Amount: 500}), ireneo.ErrInvalid)
		must(t, cold.Append(ctx, &Deposited{Amount: 1}))
		wantBalance(t, ctx, "a", 7)
	})
}

func TestC16_AppendsNeedSnapshotsOfOneVersion(t *testing.T) {
	stream := safe(keptSavings)
	stream.Transactional = ireneo.Materialize(hoards().Snapshot(7))
	c := only(stream)
	c.Migrations = hoardTable
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		deposit(t, ctx, stream.For("a"), 8)
		wantKept(t, log, "hoards/safe/a 7, savings/safe/a 7")
		tamper(t, log, "state", tampered)
		cold := stream.In(sibling(t, log, c)).For("a")
		must(t, cold.Check(ctx, &Withdrawn{Amount: 500}))
		must(t, log.DB().Table("event_snapshots").Where("id = ?", "savings/safe/a").Update("version", 6).Error)
		wantError(t, cold.Check(ctx, &Withdrawn{Amount: 500}), ireneo.ErrInvalid)
	})
}

func TestC16_ATransactionReadsItsOwnSnapshotsAndEvents(t *testing.T) {
	each(t, only(keptSafe), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		deposit(t, ctx, keptSafe.For("a"), 5)
		cold := keptSafe.In(sibling(t, log, only(keptSafe))).For("a")
		rolledBack(t, log, func(tx *gorm.DB) {
			must(t, cold.AppendTx(ctx, tx, &Deposited{Amount: 1}))
			must(t, cold.AppendTx(ctx, tx, &Withdrawn{Amount: 6}))
			must(t, tx.Table("event_snapshots").Where("true").Update("state", tampered).Error)
			must(t, cold.AppendTx(ctx, tx, &Withdrawn{Amount: 500}))
		})
		wantVersion(t, ctx, cold, 5)
	})
}

// fickle is another number each time it was kept.
type fickle int

func (f fickle) MarshalJSON() ([]byte, error)     { return json.Marshal(int(f)) }
func (f *fickle) UnmarshalJSON(data []byte) error { *f = 7; return nil }

func TestC16_AStateThatJSONChangesIsNotKept(t *testing.T) {
	type ratio struct{ Ratio float64 }
	type odd struct{ Number fickle }
	type cut struct{ Text string }
	infinite := ireneo.NewProjection("infinite",
		ireneo.On(func(r *ratio, e *Deposited, _ time.Time) { r.Ratio = float64(e.Amount) / (r.Ratio * 0) })).Snapshot(1)
	changing := ireneo.NewProjection("changing",
		ireneo.On(func(o *odd, e *Deposited, _ time.Time) { o.Number++ })).Snapshot(1)
	halved := ireneo.NewProjection("halved",
		ireneo.On(func(c *cut, e *Deposited, _ time.Time) { c.Text = "é"[:1] })).Snapshot(1)
	for _, p := range []ireneo.AnyProjection{infinite, changing, halved} {
		stream, lines := safe(p), &safeBuffer{}
		c := only(stream)
		c.Logger = textLogger(lines)
		each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
			lines.Reset()
			deposit(t, ctx, stream.For("a"), 3)
			deposit(t, ctx, stream.For("b"), 3)
			wantKept(t, log, "")
			if got := strings.Count(lines.String(), "level=WARN"); got != 1 || !strings.Contains(lines.String(), "projection="+p.Name()) {
				t.Errorf("%d warnings:\n%s", got, lines)
			}
		})
	}
}

func TestC16_OpenReportsEveryMistake(t *testing.T) {
	type Secret struct {
		Shown  int
		hidden int
	}
	type Anything struct{ Held any }
	on := ireneo.On(func(*Savings, *Deposited, time.Time) {})
	number := ireneo.On(func(*int, *Deposited, time.Time) {})
	crowded := ireneo.NewProjection("crowded", number, number, number) // has mistakes of its own
	var streams []*ireneo.Stream
	for i, p := range []ireneo.AnyProjection{
		plainSavings.Snapshot(0), plainSavings.Snapshot(-1),
		ireneo.NewProjection("dated", on, ireneo.Initial(func(s *Savings, _ time.Time) {})).Snapshot(1),
		ireneo.NewProjection("Bad/Name", on).Snapshot(1),
		ireneo.NewProjection("secret", ireneo.On(func(s *Secret, _ *Deposited, _ time.Time) { s.hidden++ })).Snapshot(1),
		ireneo.NewProjection("anything", ireneo.On(func(*Anything, *Deposited, time.Time) {})).Snapshot(1),
		crowded.Snapshot(0), crowded.Snapshot(-1),
	} {
		streams = append(streams, &ireneo.Stream{Type: fmt.Sprintf("s%d", i), Purpose: "x", Consistency: p})
	}
	row := ireneo.NewProjection("balances", ireneo.On(func(*Balance, *Deposited, time.Time) {}))
	streams = append(streams, &ireneo.Stream{
		Type: "twice", Purpose: "x", Consistency: Balances.Snapshot(1), Transactional: ireneo.Materialize(row.Snapshot(1)),
	})
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := ireneo.Sibling(log, only(streams...))
		if err == nil {
			t.Fatal("opened")
		}
		for _, want := range []string{
			"projection savings: Snapshot(0)", "projection savings: Snapshot(-1)", "projection dated: a projection with Initial",
			"projection Bad/Name: the name", "projection secret: a snapshot keeps the model as JSON: Secret.hidden is unexported",
			"projection anything: a snapshot keeps the model as JSON: Anything.Held", "projection crowded: its model int is not a struct",
			"projection crowded: Snapshot(0)", "projection crowded: Snapshot(-1)",
			"stream twice: two projections called balances keep snapshots",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q:\n%v", want, err)
			}
		}
		if _, err := ireneo.Sibling(log, only(plainSafe)); err != nil {
			t.Errorf("a mistake of what was made of it reached the projection itself: %v", err)
		}
	})
}
