package ireneo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

// kinds are the three kinds of stored projections of asyncConfig, with the table of each.
var kinds = map[string]string{"balances": "balances", "purses": "purses", "payers": "payers"}

// verified verifies a projection and says what it found, sorted.
func verified(t testing.TB, ctx context.Context, log *ireneo.Log, name string) (ireneo.Verified, []string) {
	t.Helper()
	var found []string
	v, err := log.Verify(ctx, name, func(d ireneo.Difference) { found = append(found, d.String()) })
	must(t, err)
	slices.Sort(found)
	if v.Differences != int64(len(found)) {
		t.Errorf("%s: %d differences are counted, %d reported", name, v.Differences, len(found))
	}
	return v, found
}

func wantVerified(t testing.TB, ctx context.Context, log *ireneo.Log, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, found := verified(t, ctx, log, name); len(found) > 0 {
			t.Errorf("%s: %d differences, such as %s", name, len(found), strings.Join(found[:min(5, len(found))], "; "))
		}
	}
}

// busy appends events of all kinds to some streams, some of them retroactive.
func busy(t testing.TB, ctx context.Context, streams, each int) {
	t.Helper()
	for i := range streams {
		id := fmt.Sprint("s", i)
		for n := range each {
			at := noon.Add(time.Duration(n%5) * time.Hour)
			must(t, Account.For(id).AppendAll(ctx, []ireneo.AnyEvent{&Opened{Owner: "Ana"}, &Deposited{Amount: int64(n + 2), Note: "n" + id}}))
			must(t, Account.For(id).Append(ctx, &Withdrawn{Amount: 1}, ireneo.At(at.AddDate(1, 0, 0))))
			must(t, PurseStream.For(id).AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: int64(n + 3), Note: "both"}, &Noted{}}, ireneo.At(at)))
		}
	}
	must(t, Account.For("only-opened").Append(ctx, &Opened{Owner: "Bob"}))
	must(t, PurseStream.For("only-noted").Append(ctx, &Noted{}))
	must(t, Account.For("é/A").Append(ctx, &Deposited{Amount: 1, Note: "é"}))
	must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
}

// caughtUp runs the log's projections until they show all that was appended.
func caughtUp(t testing.TB, ctx context.Context, log *ireneo.Log) {
	t.Helper()
	stop := running(t, log)
	defer stop()
	for _, name := range []string{"purses", "payers"} {
		eventually(t, log, name, "done", done)
	}
}

func TestS20_VerifyFindsWhatIsWrongWithRows(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for name := range kinds { // Run has never run
			if v, found := verified(t, ctx, log, name); v != (ireneo.Verified{}) {
				t.Errorf("%s: got %+v and %v of nothing", name, v, found)
			}
		}
		busy(t, ctx, 7, 3)
		caughtUp(t, ctx, log)
		wantVerified(t, ctx, log, "balances", "purses", "payers")

		for name, want := range map[string][]string{
			"balances": {"a: amount is 99, should be 1", "a: last_at is null, should be ", "s1: the row is missing", "x: there should be no row", "é/A: the row is missing"},
			"purses":   {"s1: the row is missing", "s2: trail is ?, should be ", "x: there should be no row"},
			"payers":   {"both: times is 0, should be 21", "ns1: the row is missing", "x: there should be no row"},
		} {
			for _, statement := range map[string][]string{
				"balances": {
					"UPDATE balances SET amount = 99, last_at = NULL WHERE id = 'a'", "DELETE FROM balances WHERE id IN ('s1', 'é/A')",
					"INSERT INTO balances (id, amount, version) VALUES ('x', 1, 1)",
				},
				"purses": {
					"UPDATE purses SET trail = '?' WHERE id = 's2'", "DELETE FROM purses WHERE id = 's1'",
					"INSERT INTO purses (id, amount, trail, shown_at) VALUES ('x', 1, '', '2026-01-01 00:00:00')",
				},
				"payers": {
					"UPDATE payers SET times = 0 WHERE id = 'both'", "DELETE FROM payers WHERE id = 'ns1'",
					"INSERT INTO payers (id, amount, times) VALUES ('x', 1, 1)",
				},
			}[name] {
				must(t, log.DB().Exec(statement).Error)
			}
			v, found := verified(t, ctx, log, name)
			if len(found) != len(want) || v.Rows != countRows(t, log, kinds[name]) || v.Position == 0 || v.Events == 0 {
				t.Errorf("%s: got %+v and %q", name, v, found)
				continue
			}
			for i := range want {
				if !strings.HasPrefix(found[i], want[i]) {
					t.Errorf("%s: got %q, want %q", name, found[i], want[i])
				}
			}
		}
	})
}

// However few rows by key may be held, all of them are compared.
func TestS20_VerifyOfManyKeysTakesSeveralPasses(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for i := range 40 {
			must(t, Journal.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1, Note: fmt.Sprint(i)}, &Deposited{Amount: 2, Note: fmt.Sprint(i % 7)}}))
		}
		caughtUp(t, ctx, log)
		must(t, log.DB().Exec("UPDATE payers SET amount = 77 WHERE id IN ('1', '2', '3', '39')").Error)
		must(t, log.DB().Exec("DELETE FROM payers WHERE id IN ('11', '12')").Error)
		for _, most := range []int{1, 3, 1000} {
			v, err := ireneo.VerifyHolding(ctx, log, "payers", most, nil)
			must(t, err)
			want := ireneo.Verified{Rows: 38, Events: 80, Position: v.Position, Differences: 6}
			if v != want {
				t.Errorf("holding %d: got %+v, want %+v", most, v, want)
			}
		}
	})
}

// Streams that are longer than what is held of them, in order and not.
func TestS20_VerifyFoldsLongStreams(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for i, at := range []time.Time{{}, {}, noon, {}} {
			var events []ireneo.AnyEvent
			for n := range 700 {
				events = append(events, &Deposited{Amount: int64(700*i + n + 1)})
			}
			for _, id := range []string{"before", "long", "z"}[i%3:] {
				must(t, PurseStream.For(id).AppendAll(ctx, events, at0(at)...))
				must(t, Account.For(id).AppendAll(ctx, events, at0(at)...))
			}
		}
		caughtUp(t, ctx, log)
		wantVerified(t, ctx, log, "balances", "purses")
	})
}

func at0(at time.Time) []ireneo.AppendOption {
	if at.IsZero() {
		return nil
	}
	return []ireneo.AppendOption{ireneo.At(at)}
}

func TestS20_VerifyHoldsUnderTraffic(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for n := range 60 {
					h := []*ireneo.Stream{Account, PurseStream}[n%2].For(fmt.Sprint(w % 2))
					if err := h.Append(ctx, &Deposited{Amount: 1, Note: "x"}, at0([]time.Time{{}, noon}[n%3%2])...); err != nil {
						t.Error(err)
					}
				}
			})
		}
		appended := make(chan struct{})
		go func() { defer close(appended); wg.Wait() }()
		for going := true; going; {
			wantVerified(t, ctx, log, "balances", "purses", "payers")
			select {
			case <-appended:
				going = false
			default:
			}
		}
		for _, name := range []string{"purses", "payers"} {
			eventually(t, log, name, "done", done)
		}
		wantVerified(t, ctx, log, "balances", "purses", "payers")
	})
}

// Rich is a row with columns that come back otherwise than they went.
type Rich struct {
	ID     string `gorm:"primaryKey"`
	Price  decimal.Decimal
	Whole  *decimal.Decimal
	Ratio  float64
	Tags   []string `gorm:"serializer:json"`
	Yes    bool
	SeenAt time.Time
	Note   *string
	Hidden string `gorm:"-"`
	Gone   gorm.DeletedAt
}

func (Rich) TableName() string { return "riches" }

var Riches = ireneo.NewProjection("riches", ireneo.On(func(r *Rich, e *Deposited, at time.Time) {
	whole := decimal.New(e.Amount, 2)
	r.Price, r.Whole, r.Ratio = decimal.New(e.Amount*10, -1), &whole, 1/float64(e.Amount)
	r.Tags, r.Yes, r.SeenAt, r.Hidden = []string{"a", e.Note}, true, at.Add(7).In(time.FixedZone("x", 3600)), "h"
	r.Gone = gorm.DeletedAt{Time: at, Valid: true}
}))

var richTables = fstest.MapFS{
	"00001_tables.sql": tables["00001_tables.sql"],
	"00002_rich.sql": &fstest.MapFile{Data: []byte(`-- +goose Up
CREATE TABLE riches (
  id TEXT PRIMARY KEY, price NUMERIC(20, 5) NOT NULL, whole NUMERIC(20, 5), ratio DOUBLE PRECISION NOT NULL, tags TEXT NOT NULL,
  yes BOOLEAN NOT NULL, seen_at TIMESTAMP NOT NULL, note TEXT, gone TIMESTAMP
);
`)},
}

// A stream type may share its rows with another: the row is of the one appended to last.
func TestS20_VerifyComparesAsTheDatabaseKeepsValues(t *testing.T) {
	one := &ireneo.Stream{Type: "one", Purpose: "Has riches", Transactional: ireneo.Materialize(Riches)}
	two := &ireneo.Stream{Type: "two", Purpose: "Has riches", Transactional: ireneo.Materialize(Riches)}
	c := with([]*ireneo.Stream{two, one})
	c.Migrations = richTables
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for i, h := range []*ireneo.Handle{one.For("a"), two.For("a"), two.For("b"), one.For("b"), one.For("c"), two.For("d")} {
			must(t, h.Append(ctx, &Deposited{Amount: int64(i*3 + 1), Note: "n"}))
		}
		wantVerified(t, ctx, log, "riches")
		must(t, log.DB().Exec("UPDATE riches SET price = 5, ratio = 2, tags = '[]', yes = false, seen_at = '2020-01-01 00:00:00', note = 'x', gone = NULL, whole = NULL WHERE id = 'b'").Error)
		_, found := verified(t, ctx, log, "riches")
		want := []string{
			"b: gone is null", "b: note is x, should be null", "b: price is 5, should be 10", "b: ratio is 2, should be 0.1", "b: seen_at is 2020-01-01",
			`b: tags is [], should be ["a","n"]`, "b: whole is null, should be 1000", "b: yes is false, should be true",
		}
		if diff := cmp.Diff(len(want), len(found)); diff != "" {
			t.Fatalf("found %q", found)
		}
		for i := range want {
			if !strings.HasPrefix(found[i], want[i]) {
				t.Errorf("got %q, want %q", found[i], want[i])
			}
		}
	})
}

func TestVerify_Refuses(t *testing.T) {
	elsewhere := ireneo.NewProjection("elsewhere",
		ireneo.PersistWith(func(context.Context, *gorm.DB, *Owner) error { return nil }),
		ireneo.On(func(*Owner, *Deposited, time.Time) {}))
	s := &ireneo.Stream{Type: "elsewhere", Purpose: "Writes elsewhere", Transactional: ireneo.Materialize(elsewhere)}
	each(t, with([]*ireneo.Stream{s}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := log.Verify(ctx, "elsewhere", nil)
		wantError(t, err, ireneo.ErrPersistsItself)
		_, err = log.Verify(ctx, "account_position", nil)
		wantError(t, err, ireneo.ErrNotMaterialized)
	})
}

func TestProjections(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		want := []ireneo.ProjectionInfo{
			{Name: "balances", Kind: "transactional", Streams: []string{"account"}, Table: "balances"},
			{Name: "payers", Kind: "by key", Streams: []string{}, Table: "payers"},
			{Name: "purses", Kind: "after the commit", Streams: []string{"purse"}, Table: "purses"},
		}
		if diff := cmp.Diff(want, log.Projections()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
