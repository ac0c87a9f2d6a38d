package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/postgres"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

func TestC14_TheDatabaseRefusesToChangeOrDeleteEvents(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 5}))
		for _, statement := range []string{
			"UPDATE event_entries SET data = '{}'",
			"UPDATE event_entries SET version = version WHERE 1 = 0",
			"DELETE FROM event_entries",
		} {
			if err := log.DB().Exec(statement).Error; err == nil && !strings.Contains(statement, "1 = 0") {
				t.Errorf("the database accepted %s", statement)
			}
		}
		stored := collect(t, ctx, Account.For("a"))
		if len(stored) != 1 || stored[0].(*Deposited).Amount != 5 {
			t.Errorf("the stream holds %v", stored)
		}
	})
}

func TestC20_StreamIDsAreChecked(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for _, id := range []string{
			"", " ", " a", "a ", "\ta", "a\n", "a\x00b", "a\x7f", "a\u0085", "\xff", "a*", "a?", "[a", "a]", strings.Repeat("x", 256), strings.Repeat("é", 128),
		} {
			for _, s := range []*ireneo.Stream{Account, Journal} {
				wantError(t, s.For(id).Append(ctx, &Deposited{Amount: 1}), ireneo.ErrInvalidID)
				_, err := s.For(id).Version(ctx)
				wantError(t, err, ireneo.ErrInvalidID)
				_, err = Balances.Replay(ctx, s.For(id))
				wantError(t, err, ireneo.ErrInvalidID)
				_, err = Balances.Find(ctx, id)
				wantError(t, err, ireneo.ErrInvalidID)
				for _, err := range s.For(id).Events(ctx) {
					wantError(t, err, ireneo.ErrInvalidID)
				}
			}
		}
		for i, id := range []string{
			strings.Repeat("x", 255), "a b", "a/b", "é", "e\u0301", "😀", `a"b'c\d`, "--", "%_", "$1", "Ärger/1", "a", "A",
		} {
			for _, s := range []*ireneo.Stream{Account, Journal} {
				must(t, s.For(id).Append(ctx, &Deposited{Amount: int64(i + 1)}))
				all := collect(t, ctx, s.For(id))
				if len(all) != 1 || all[0].StreamID() != id || all[0].(*Deposited).Amount != int64(i+1) {
					t.Errorf("%q holds %v", id, all)
				}
			}
			wantBalance(t, ctx, id, int64(i+1))
		}
	})
}

func TestS01_PositionsRiseInTheOrderOfEachStream(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 10 {
					h := Journal.For(fmt.Sprint((w + i) % 3))
					if err := h.AppendAll(ctx, []ireneo.AnyEvent{&Noted{}, &Noted{}}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		seen := map[int64]int{} // the version of the append's first event
		for id := range 3 {
			var last int64
			for _, ev := range collect(t, ctx, Journal.For(fmt.Sprint(id))) {
				switch first, shared := seen[ev.Position()]; {
				case shared && int64(first)+1 == ev.Version() && last == ev.Position():
				case !shared && ev.Position() > last:
					seen[ev.Position()] = int(ev.Version())
				default:
					t.Errorf("%d: position %d of version %d comes after %d", id, ev.Position(), ev.Version(), last)
				}
				last = ev.Position()
			}
		}
		if len(seen) != 80 {
			t.Errorf("%d positions for 80 appends", len(seen))
		}
	})
}

func TestLog_AnUnmigratedDatabaseNamesTheRemedy(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) *ireneo.Log{
		"sqlite": func(t *testing.T) *ireneo.Log {
			st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "x.sqlite3"))
			return opened(t, st, err)
		},
		"postgres": func(t *testing.T) *ireneo.Log {
			st, err := postgres.Open(t.Context(), pgtest.URL(t))
			return opened(t, st, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := open(t)
			ctx := ireneo.WithLog(t.Context(), log)
			pending, err := log.Pending(ctx)
			must(t, err)
			if pending < 2 {
				t.Errorf("%d migrations are pending", pending)
			}
			for _, s := range []*ireneo.Stream{Account, Journal} {
				wantError(t, s.For("a").Append(ctx, &Deposited{Amount: 1}), ireneo.ErrNotMigrated)
			}
			_, err = Account.For("a").Version(ctx)
			wantError(t, err, ireneo.ErrNotMigrated)
			_, err = Balances.Find(ctx, "a")
			wantError(t, err, ireneo.ErrNotMigrated)
			if !strings.Contains(err.Error(), "db migrate") {
				t.Errorf("the error names no remedy: %v", err)
			}
			_, err = AccountPosition.Replay(ctx, Account.For("a"))
			wantError(t, err, ireneo.ErrNotMigrated)

			for what, look := range map[string]func() error{
				"search":       func() error { _, err := log.Search(ctx, ireneo.Search{Types: []string{"account.*"}}); return err },
				"event types":  func() error { _, err := log.EventTypes(ctx); return err },
				"stream types": func() error { _, err := log.StreamTypes(ctx); return err },
				"stream heads": func() error { _, err := log.StreamHeads(ctx, "account", ireneo.HeadQuery{}); return err },
				"activity":     func() error { _, err := log.Activity(ctx, time.Hour, 60); return err },
			} {
				if err := look(); !errors.Is(err, ireneo.ErrNotMigrated) {
					t.Errorf("%s: %v", what, err)
				}
			}

			must(t, log.Migrate(ctx))
			must(t, log.Migrate(ctx))
			pending, err = log.Pending(ctx)
			must(t, err)
			if pending != 0 {
				t.Errorf("%d migrations are pending after Migrate", pending)
			}
			must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		})
	}
}

func opened(t *testing.T, st store.Store, err error) *ireneo.Log {
	t.Helper()
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	log, err := ireneo.Open(st, config())
	must(t, err)
	return log
}

func TestLog_Types(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, log.DB().Exec("ALTER TABLE event_entries RENAME TO hidden").Error)
		_, err := log.Types(ctx)
		wantError(t, err, ireneo.ErrNotMigrated)
		must(t, log.DB().Exec("ALTER TABLE hidden RENAME TO event_entries").Error)
		if got, err := log.Types(ctx); err != nil || len(got) != 0 {
			t.Errorf("an empty log: got %v, %v", got, err)
		}
		must(t, Account.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}, &Withdrawn{Amount: 1}}))
		must(t, Account.For("b").Append(ctx, &Deposited{Amount: 1}))
		must(t, Journal.For("b").Append(ctx, &Deposited{Amount: 1}))
		got, err := log.Types(ctx)
		must(t, err)
		want := []ireneo.EventCount{
			{Stream: "account", Type: "account.deposited", Events: 2},
			{Stream: "account", Type: "account.withdrawn", Events: 1},
			{Stream: "journal", Type: "account.deposited", Events: 1},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("types differ (-want +got):\n%s", diff)
		}
	})
}
