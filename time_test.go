package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// Measured and Dated carry the moment they are about.
type Measured struct {
	ireneo.Event `name:"sensor.measured"`

	Value int64     `json:"value"`
	At    time.Time `json:"at"`
}

type Dated struct {
	ireneo.Event `name:"sensor.dated"`

	On *civil.Date `json:"at"`
}

type Timeless struct {
	ireneo.Event `name:"sensor.timeless"`
}

var Sensor = &ireneo.Stream{Type: "sensor", Purpose: "Readings, late ones too", ActualTime: "at"}

var sensorTypes = []ireneo.EventType{ireneo.TypeOf[Measured](), ireneo.TypeOf[Dated](), ireneo.TypeOf[Timeless]()}

func TestF21_OccurredAtIsGivenOrActualOrRecorded(t *testing.T) {
	now := &clock{now: noon}
	c := with([]*ireneo.Stream{Sensor}, sensorTypes...)
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		earlier := noon.Add(-time.Hour)
		for _, tt := range []struct {
			name   string
			stream *ireneo.Stream
			ev     ireneo.AnyEvent
			opts   []ireneo.AppendOption
			want   time.Time
		}{
			{"neither", Journal, &Noted{}, nil, noon},
			{"neither, decided", Account, &Deposited{Amount: 1}, nil, noon},
			{"At", Journal, &Noted{}, []ireneo.AppendOption{ireneo.At(earlier)}, earlier},
			{"At in another zone", Account, &Deposited{Amount: 1}, []ireneo.AppendOption{ireneo.At(earlier.In(time.FixedZone("x", 3600)))}, earlier},
			{"attribute", Sensor, &Measured{At: earlier}, nil, earlier},
			{"both the same", Sensor, &Measured{At: earlier}, []ireneo.AppendOption{ireneo.At(earlier)}, earlier},
		} {
			h := tt.stream.For(strings.ReplaceAll(tt.name, " ", "-"))
			must(t, h.Append(ctx, tt.ev, tt.opts...))
			stored := collect(t, ctx, h)[0]
			for _, ev := range []ireneo.AnyEvent{tt.ev, stored} {
				if !ev.OccurredAt().Equal(tt.want) || !ev.RecordedAt().Equal(noon) {
					t.Errorf("%s: occurred %v recorded %v, want %v and %v", tt.name, ev.OccurredAt(), ev.RecordedAt(), tt.want, noon)
				}
			}
		}
	})
}

func TestF22_ActualTimesAreCheckedAndDatesAreTheirMidnight(t *testing.T) {
	each(t, with([]*ireneo.Stream{Sensor}, sensorTypes...), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h := Sensor.For("a")
		wantError(t, h.Append(ctx, &Measured{At: noon}, ireneo.At(noon.Add(time.Second))), ireneo.ErrConflictingOccurredAt)
		for _, opts := range [][]ireneo.AppendOption{nil, {ireneo.At(noon)}} {
			wantError(t, h.Append(ctx, &Measured{}, opts...), ireneo.ErrMissingOccurredAt)
			wantError(t, h.Append(ctx, &Dated{}, opts...), ireneo.ErrMissingOccurredAt)
			wantError(t, h.Append(ctx, &Timeless{}, opts...), ireneo.ErrMissingOccurredAt)
		}
		wantVersion(t, ctx, h, 0)

		ev := &Dated{On: &civil.Date{Year: 2026, Month: 3, Day: 1}}
		must(t, h.Append(ctx, ev))
		if want := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC); !ev.OccurredAt().Equal(want) {
			t.Errorf("got %v, want %v", ev.OccurredAt(), want)
		}
	})
}

func TestF23_AsOfAtAndAtVersion(t *testing.T) {
	now := &clock{}
	c := config()
	c.Clock = now.Now
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		for _, e := range []struct {
			amount             int64
			recorded, occurred int
		}{{100, 0, 0}, {10, 5, 5}, {1, 9, 2}} { // the last is told late
			now.Set(day(e.recorded))
			must(t, a.Append(ctx, &Deposited{Amount: e.amount}, ireneo.At(day(e.occurred))))
		}
		for _, tt := range []struct {
			name string
			opts []ireneo.ReplayOption
			want int64
		}{
			{"now", nil, 111},
			{"as of, inclusive", []ireneo.ReplayOption{ireneo.AsOf(day(5))}, 110},
			{"as of, before", []ireneo.ReplayOption{ireneo.AsOf(day(5).Add(-time.Microsecond))}, 100},
			{"at, inclusive", []ireneo.ReplayOption{ireneo.At(day(2))}, 101},
			{"at, before", []ireneo.ReplayOption{ireneo.At(day(2).Add(-time.Microsecond))}, 100},
			{"both", []ireneo.ReplayOption{ireneo.At(day(5)), ireneo.AsOf(day(8))}, 110},
			{"version", []ireneo.ReplayOption{ireneo.AtVersion(2)}, 110},
			{"version and at", []ireneo.ReplayOption{ireneo.AtVersion(3), ireneo.At(day(2))}, 101},
		} {
			got, err := AccountPosition.Replay(ctx, a, tt.opts...)
			must(t, err)
			if got.Balance != tt.want {
				t.Errorf("%s: balance %d, want %d", tt.name, got.Balance, tt.want)
			}
		}
		if got := versions(collect(t, ctx, a, ireneo.At(day(2)))); got != " 1 3" {
			t.Errorf("events at day 2 are%s", got)
		}
	})
}

func TestF24_ReplayIsInTheOrderOfOccurrence(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		for i, at := range []int{5, 1, 5, 3} {
			ev := &Deposited{Amount: 1}
			must(t, a.Append(ctx, ev, ireneo.At(noon.AddDate(0, 0, at))))
			if ev.Version() != int64(i+1) {
				t.Errorf("got version %d, want %d", ev.Version(), i+1)
			}
		}
		if got := versions(collect(t, ctx, a)); got != " 2 4 1 3" {
			t.Errorf("events came as%s", got)
		}
		row, err := Balances.Find(ctx, "a")
		must(t, err)
		if row.Version != 3 { // the last to be folded is the last to have occurred
			t.Errorf("the row was folded last with version %d", row.Version)
		}
	})
}

func TestF25_AnEmptyReplaySaysWhatWasLookedFor(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}, ireneo.At(noon)))
		_, err := AccountPosition.Replay(ctx, Account.For("a"), ireneo.At(noon.Add(-1)), ireneo.AsOf(noon.Add(time.Hour*9e3)), ireneo.AtVersion(1))
		var missing *ireneo.NotFoundError
		if !errors.As(err, &missing) || !errors.Is(err, ireneo.ErrNotFound) {
			t.Fatalf("got %v", err)
		}
		want := "account_position of account/a not found, as of 2027-03-11T12:00:00Z, at 2026-03-01T11:59:59.999999Z, at version 1"
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		_, err = AccountPosition.Replay(ctx, Account.For("nobody"))
		wantError(t, err, ireneo.ErrNotFound)
		_, err = Balances.Find(ctx, "nobody")
		wantError(t, err, ireneo.ErrNotFound)
	})
}

func TestF26_TimesAreUTCMicrosecondsOnBothDatabases(t *testing.T) {
	odd := time.Date(2026, 10, 25, 2, 30, 0, 123456789, time.FixedZone("CEST", 7200))
	now := &clock{now: odd}
	c := config()
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ev := &Deposited{Amount: 1}
		must(t, Account.For("a").Append(ctx, ev, ireneo.At(odd.Add(-time.Hour))))
		stored := collect(t, ctx, Account.For("a"))[0]
		want := odd.UTC().Truncate(time.Microsecond)
		for _, got := range []time.Time{ev.RecordedAt(), stored.RecordedAt(), stored.OccurredAt().Add(time.Hour)} {
			if diff := cmp.Diff(want, got); diff != "" || got.Location() != time.UTC {
				t.Errorf("times differ in %s (-want +got):\n%s", got.Location(), diff)
			}
		}
		row, err := Balances.Find(ctx, "a")
		must(t, err)
		if !row.LastAt.Equal(want.Add(-time.Hour)) {
			t.Errorf("the row has %v, want %v", row.LastAt, want.Add(-time.Hour))
		}
	})
}

func TestF26_RecordedAtNeverGoesBackwardsWithinAStream(t *testing.T) {
	now := &clock{}
	c := config()
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(ctx, sibling(t, log, c))
		for _, s := range []*ireneo.Stream{Account, Journal} {
			for i, skew := range []time.Duration{0, -time.Hour, time.Minute, -2 * time.Hour} {
				now.Set(noon.Add(skew))
				at := ctx
				if i%2 == 1 {
					at = other
				}
				must(t, s.For("a").Append(at, &Deposited{Amount: 1}))
			}
			all := collect(t, ctx, s.For("a"))
			if got := versions(all); got != " 1 2 3 4" {
				t.Errorf("%s replays as%s", s.Type, got)
			}
			for i := 1; i < len(all); i++ {
				if all[i].RecordedAt().Before(all[i-1].RecordedAt()) {
					t.Errorf("%s: version %d was recorded at %v, before %v", s.Type, i+1, all[i].RecordedAt(), all[i-1].RecordedAt())
				}
			}
		}
	})
}

func TestF24_ATickingClockNeverMisplacesAnEvent(t *testing.T) {
	now := &clock{}
	c := config()
	c.Clock = func() time.Time { // every look at it is a microsecond later
		at := now.Now()
		now.Set(at.Add(time.Microsecond))
		return at
	}
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for early := range 8 { // somewhere on the way the clock passes an event of the future
			now.Set(noon.Add(-time.Hour))
			a := Account.For(fmt.Sprint("early", early))
			must(t, a.Append(ctx, &Deposited{Amount: 1}, ireneo.At(noon)))
			now.Set(noon.Add(-time.Duration(early) * time.Microsecond))
			must(t, a.Append(ctx, &Deposited{Amount: 1}))
			assertSameAsReplay(t, ctx, a)
		}
	})
}
