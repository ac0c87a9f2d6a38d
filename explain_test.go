package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// wantExplained wants the last state of a row's explanation to be the row.
func wantExplained(t testing.TB, ctx context.Context, log *ireneo.Log, projection, key string, versions string) []ireneo.State {
	t.Helper()
	states := stepsOf(t, log.Explain(ctx, projection, key))
	got := ""
	for _, s := range states {
		got += fmt.Sprintf(" %s:%d", s.Event.Stream, s.Event.Version)
	}
	if got != versions {
		t.Errorf("%s of %s is explained by%s, want%s", key, projection, got, versions)
	}
	row, err := log.Row(ctx, projection, key)
	must(t, err)
	if len(states) == 0 || row.Key != key {
		t.Fatalf("%s of %s has key %s, and no states: %v", key, projection, row.Key, states)
	}
	if diff := cmp.Diff(row.Model, states[len(states)-1].After); diff != "" {
		t.Errorf("%s of %s (-stored +explained):\n%s", key, projection, diff)
	}
	return states
}

func TestLog_Explain_ARowOfAStream(t *testing.T) {
	now := &clock{now: noon}
	c := asyncConfig()
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		account, purse := Account.For("a"), PurseStream.For("a")
		for _, h := range []*ireneo.Handle{account, purse} {
			must(t, h.AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 5}, &Withdrawn{Amount: 2}}))
			now.Set(now.Now().Add(time.Minute))
			must(t, h.Append(ctx, &Deposited{Amount: 9}, ireneo.At(noon.Add(-time.Hour))))
			must(t, h.Append(ctx, &Noted{Text: "nothing"}))
		}
		ireneotest.Deliver(t, log)
		now.Set(now.Now().Add(time.Hour)) // nobody who looks at it later makes a difference

		states := wantExplained(t, ctx, log, "balances", "a", " account/a:1 account/a:2 account/a:3 account/a:4")
		if got := states[2].Before.(*Balance).Amount; got != 3 || states[0].Before != nil {
			t.Errorf("before: %v, %d", states[0].Before, got)
		}
		states = wantExplained(t, ctx, log, "purses", "a", " purse/a:1 purse/a:2 purse/a:3")
		if got := []string{states[1].After.(*Purse).Trail, states[2].Before.(*Purse).Trail, states[2].After.(*Purse).Trail}; !slices.Equal(got, []string{" +5 -2", " +5 -2", " +9 +5 -2"}) {
			t.Errorf("got %q", got)
		}
		must(t, purse.Append(ctx, &Deposited{Amount: 1})) // of which the row knows nothing yet
		wantExplained(t, ctx, log, "purses", "a", " purse/a:1 purse/a:2 purse/a:3")
	})
}

// Of two streams with one id the row is of the one appended to last, of what it interprets.
func TestLog_Explain_TwoStreamsWithOneID(t *testing.T) {
	begun := ireneo.NewProjection("purses",
		ireneo.Initial(func(p *Purse, at time.Time) { p.Trail = at.Format(" 15:04") }),
		ireneo.On(func(p *Purse, e *Deposited, _ time.Time) { p.Amount += e.Amount; p.Trail += fmt.Sprint(" +", e.Amount) }),
		ireneo.Final(func(p *Purse, at time.Time) { p.ShownAt = at }))
	now := &clock{now: noon}
	for name, rows := range map[string]*ireneo.Projection[Purse]{"initial": begun, "plain": Purses, "moment": begun.Moment(func(ireneo.AnyEvent) time.Time { return noon })} {
		t.Run(name, func(t *testing.T) {
			one := &ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(rows)}
			two := &ireneo.Stream{Type: "wallet", Purpose: "Money", Async: ireneo.Materialize(rows)}
			c := asyncConfig(one, two)
			c.Clock = now.Now
			each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
				appended := func(h *ireneo.Handle, ev ireneo.AnyEvent) {
					now.Set(now.Now().Add(time.Minute))
					must(t, h.Append(ctx, ev))
				}
				appended(one.For("a"), &Deposited{Amount: 1})
				appended(two.For("a"), &Deposited{Amount: 2})
				appended(one.For("a"), &Noted{Text: "which nobody interprets"})
				ireneotest.Deliver(t, log)
				wantExplained(t, ctx, log, "purses", "a", " wallet/a:1")
				appended(one.For("a"), &Deposited{Amount: 4})
				ireneotest.Deliver(t, log)
				wantExplained(t, ctx, log, "purses", "a", " purse/a:1 purse/a:3")
			})
		})
	}
}

func TestLog_Explain_ARowByKey(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		if before, err := failureOf(t, log.Explain(ctx, "payers", "ana")); before > 0 || !errors.Is(err, ireneo.ErrNotFound) {
			t.Errorf("before Run has run: %d states, %v", before, err)
		}
		for _, payer := range []string{"ana", "bob", "", "*a b*", "ana"} {
			must(t, PurseStream.For("p").Append(ctx, &Deposited{Amount: 5, Note: payer}, ireneo.At(noon)))
			must(t, Account.For("q").Append(ctx, &Deposited{Amount: 1, Note: payer}))
		}
		must(t, Account.For("z").Append(ctx, &Closed{}))
		ireneotest.Deliver(t, log)

		states := wantExplained(t, ctx, log, "payers", "ana", " purse/p:1 account/q:1 purse/p:5 account/q:5")
		before, after := states[2].Before.(*Payer), states[2].After.(*Payer)
		if want := (Payer{"ana", 6, 2}); *before != want || states[0].Before != nil || after.Times != 3 || before == states[1].After {
			t.Errorf("before: %v, %v, after: %v", states[0].Before, before, after)
		}
		wantExplained(t, ctx, log, "payers", "*a b*", " purse/p:4 account/q:4")
		wantExplained(t, ctx, log, "payers", "z", " account/z:1")
		must(t, Account.For("q").Append(ctx, &Deposited{Amount: 100, Note: "ana"})) // not delivered
		wantExplained(t, ctx, log, "payers", "ana", " purse/p:1 account/q:1 purse/p:5 account/q:5")
		if before, err := failureOf(t, log.Explain(ctx, "payers", "nobody")); before > 0 || !errors.Is(err, ireneo.ErrNotFound) {
			t.Errorf("a key nobody has: %d states, %v", before, err)
		}
		for s, err := range log.Explain(ctx, "payers", "ana") { // which may be left early
			must(t, err)
			s.After.(*Payer).Amount = 0
			break
		}
	})
}

// A long log is read to its end.
func TestLog_Explain_ManyEvents(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		var events []ireneo.AnyEvent
		for i := range 2300 {
			events = append(events, &Deposited{Amount: 1, Note: []string{"ana", "bob"}[i%2]})
		}
		must(t, PurseStream.For("p").AppendAll(ctx, events))
		ireneotest.Deliver(t, log)
		for i, s := range stepsOf(t, log.Explain(ctx, "payers", "bob")) {
			if p := s.After.(*Payer); p.Times != i+1 || s.Event.Ordinal != 2*i+2 || i == 0 != (s.Before == nil) {
				t.Fatalf("state %d is %+v of %s", i, p, s.Event.Point())
			}
		}
	})
}

func TestLog_Explain_Errors(t *testing.T) {
	itself := ireneo.NewProjection("itself", ireneo.On(func(*Owner, *Opened, time.Time) {}), ireneo.PersistWith(func(context.Context, *gorm.DB, *Owner) error { return nil }))
	c := asyncConfig(PurseStream, &ireneo.Stream{Type: "owned", Purpose: "Has an owner", Transactional: ireneo.Materialize(itself)})
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, PurseStream.For("p").Append(ctx, &Deposited{Amount: 5, Note: "ana"}))
		ended, cancel := context.WithCancel(ctx)
		cancel()
		for _, tt := range []struct {
			ctx             context.Context
			projection, key string
			want            error
		}{
			{ctx, "itself", "a", ireneo.ErrPersistsItself},
			{ctx, "account_position", "a", ireneo.ErrNotMaterialized},
			{ctx, "balances", "nobody", ireneo.ErrNotFound},
			{ctx, "purses", "p", ireneo.ErrNotFound}, // nothing has been delivered
			{ctx, "balances", "", ireneo.ErrInvalidID},
			{ctx, "payers", "", ireneo.ErrInvalidID},
			{ctx, "payers", "a\x00", ireneo.ErrInvalidID},
			{ended, "balances", "a", context.Canceled},
			{ended, "payers", "ana", context.Canceled},
		} {
			n, err := failureOf(t, log.Explain(tt.ctx, tt.projection, tt.key))
			wantError(t, err, tt.want)
			if n != 0 {
				t.Errorf("%s of %s: %d states", tt.key, tt.projection, n)
			}
			if tt.projection == "purses" {
				continue
			}
			_, err = log.Row(tt.ctx, tt.projection, tt.key)
			wantError(t, err, tt.want)
		}
		for name, want := range map[string]error{"itself": ireneo.ErrPersistsItself, "nothing": ireneo.ErrNotMaterialized} {
			_, err := log.Rows(ctx, name, ireneo.RowQuery{})
			wantError(t, err, want)
		}
	})
}

func TestLog_Explain_WhatCannotBeRead(t *testing.T) {
	type Said struct {
		ID   string `gorm:"primaryKey"`
		Name string
	}
	said := ireneo.NewProjection("owners", ireneo.OnBy(func(*notedV2) string { return "x" }, func(s *Said, e *notedV2, _ time.Time) { s.Name += e.Text }))
	c := newer(config())
	c.Projections = []ireneo.AnyProjection{said}
	c.Migrations = fstest.MapFS{
		"00001_tables.sql": tables["00001_tables.sql"],
		"00002_saids.sql":  &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE saids (id TEXT PRIMARY KEY, name TEXT NOT NULL);\n")},
	}
	older := config()
	older.Migrations = c.Migrations
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ireneo.WithLog(ctx, sibling(t, log, older)), "a", "one", "two")
		ireneotest.Deliver(t, log)
		noteEach(t, ireneo.WithLog(ctx, sibling(t, log, older)), "a", "bad", "three")
		must(t, log.DB().Exec("UPDATE event_subscriptions SET position = 4").Error) // as if an older program had passed it
		n, err := failureOf(t, log.Explain(ctx, "owners", "x"))
		wantError(t, err, errHandler)
		if n != 2 {
			t.Errorf("%d states come before", n)
		}
	})
}

func TestLog_Rows(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		keys := []string{"a%b", "a%c", "a_b", "a_c", "axb", "Axb", "AXB", `a\b`, "ä", "äö", "Äö", "b", "b1", "b2"}
		for i, key := range keys {
			must(t, Account.For(key).Append(ctx, &Deposited{Amount: int64(i + 1)}))
		}
		got := func(q ireneo.RowQuery) string {
			rows, err := log.Rows(ctx, "balances", q)
			must(t, err)
			all := []string{}
			for _, row := range rows {
				if b := row.Model.(*Balance); b.ID != row.Key || keys[b.Amount-1] != row.Key {
					t.Errorf("row %s is %+v", row.Key, b)
				}
				all = append(all, row.Key)
			}
			return strings.Join(all, " ")
		}
		for prefix, want := range map[string]string{
			"a%": "a%b a%c", "a_": "a_b a_c", "ax": "axb", "AX": "AXB", "A": "AXB Axb", `a\`: `a\b`, "ä": "ä äö", "Ä": "Äö", "b": "b b1 b2", "%": "", "_": "", "axbc": "",
		} {
			sorted := strings.Fields(got(ireneo.RowQuery{Prefix: prefix}))
			slices.Sort(sorted)
			if strings.Join(sorted, " ") != want {
				t.Errorf("prefix %s: got %s, want %s", prefix, sorted, want)
			}
		}
		all := strings.Fields(got(ireneo.RowQuery{}))
		if len(all) != len(keys) {
			t.Fatalf("got %v", all)
		}
		backwards := slices.Clone(all)
		slices.Reverse(backwards)
		for i := range all { // the order is the database's own, but the same everywhere
			if rest := got(ireneo.RowQuery{After: all[i]}); rest != strings.Join(all[i+1:], " ") {
				t.Errorf("after %s: got %s", all[i], rest)
			}
			if page := got(ireneo.RowQuery{After: backwards[i], Backwards: true, Limit: 2}); page != strings.Join(backwards[i+1:min(i+3, len(all))], " ") {
				t.Errorf("before %s: got %s", backwards[i], page)
			}
		}
		if page := got(ireneo.RowQuery{Prefix: "b", After: "b", Limit: 1}); page != "b1" {
			t.Errorf("got %s", page)
		}
		row, err := log.Row(ctx, "balances", "Axb")
		must(t, err)
		if row.Key != "Axb" || row.Model.(*Balance).Amount != 6 {
			t.Errorf("got %+v", row)
		}
		_, err = log.Row(ctx, "balances", "AxB")
		wantError(t, err, ireneo.ErrNotFound)
	})
}

// The word for the key may be one of SQL's own.
type reserved struct {
	Order string `gorm:"primaryKey;column:order"`
}

func (reserved) TableName() string { return "reserved" }

func TestLog_Rows_OfAnyKeyAndMany(t *testing.T) {
	stream := &ireneo.Stream{Type: "owned", Purpose: "Has an owner", Transactional: ireneo.Materialize(
		ireneo.NewProjection("reserved", ireneo.On(func(*reserved, *Noted, time.Time) {})))}
	c := with([]*ireneo.Stream{stream})
	c.Migrations = fstest.MapFS{
		"00001_tables.sql":   tables["00001_tables.sql"],
		"00002_reserved.sql": &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE reserved (\"order\" TEXT PRIMARY KEY);\n")},
	}
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for i := range 60 {
			must(t, stream.For(fmt.Sprint(100+i)).Append(ctx, &Noted{}))
		}
		for limit, want := range map[int]int{0: 50, -1: 50, 55: 55, 5000: 60} {
			rows, err := log.Rows(ctx, "reserved", ireneo.RowQuery{Prefix: "1", After: "0", Limit: limit})
			must(t, err)
			if len(rows) != want || rows[0].Key != "100" {
				t.Errorf("limit %d: got %d rows", limit, len(rows))
			}
		}
	})
}

// Lending is the row kept beside each book.
type Lending struct {
	Book   string `gorm:"primaryKey"`
	Copies int
}

func ExampleLog_Explain() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	st, err := sqlite.Open(context.Background(), filepath.Join(dir, "library.sqlite3"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	lendings := ireneo.NewProjection("lendings", ireneo.On(func(l *Lending, e *Lent, _ time.Time) { l.Copies += e.Copies }))
	book := &ireneo.Stream{Type: "book", Purpose: "The copies of one book", Transactional: ireneo.Materialize(lendings)}
	l, err := ireneo.Open(st, ireneo.Config{Streams: []*ireneo.Stream{book}, Migrations: fstest.MapFS{"00001_lendings.sql": {Data: []byte(
		"-- +goose Up\nCREATE TABLE lendings (book TEXT PRIMARY KEY, copies BIGINT NOT NULL);\n")}}})
	if err != nil {
		log.Fatal(err)
	}
	ctx := ireneo.WithLog(context.Background(), l)
	if err := l.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	_ = book.For("emma").AppendAll(ctx, []ireneo.AnyEvent{&Lent{Copies: 2}, &Lent{Copies: 1}})

	for s, err := range l.Explain(ctx, "lendings", "emma") {
		fmt.Println(s.Event.Type, string(s.Event.Data), s.After, err)
	}
	// Output:
	// copies.lent {"copies":2} &{emma 2} <nil>
	// copies.lent {"copies":1} &{emma 3} <nil>
}
