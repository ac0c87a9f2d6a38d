package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// indexed makes balances with indexes of its own and something in it.
func indexed(t *testing.T, s store.Store) {
	t.Helper()
	balances(t, s)
	exec(t, s, `CREATE UNIQUE INDEX "balances of notes" ON balances (note, amount)`)
	exec(t, s, "CREATE INDEX balances_amount ON balances (amount) WHERE amount > 5")
	insert(t, s, &store.Batch{Rows: []store.Row{balance("live", 1)}})
}

func shadow(t *testing.T, s store.Store) string {
	t.Helper()
	name, err := s.Shadow(t.Context(), "balances")
	if err != nil {
		t.Fatal(err)
	}

	return name
}

func swap(t *testing.T, s store.Store, replacement string) {
	t.Helper()
	if err := s.Swap(t.Context(), "balances", replacement, nil); err != nil {
		t.Fatal(err)
	}
}

func fill(t *testing.T, s store.Store, table string, ids ...string) {
	t.Helper()
	var rows [][]any
	for i, id := range ids {
		rows = append(rows, []any{id, int64(i)})
	}
	if err := s.Fill(t.Context(), table, []string{"id", "amount"}, rows, nil); err != nil {
		t.Fatal(err)
	}
}

// wantIDs asserts which rows a table of the shape of balances has.
func wantIDs(t *testing.T, s store.Store, table string, want ...string) {
	t.Helper()
	got := []string{}
	if err := s.DB().Table(table).Order("id").Pluck("id", &got).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, got, append([]string{}, want...))
}

func tablesSwap(t *testing.T, s store.Store) {
	indexed(t, s)
	made := shadow(t, s)
	equal(t, made, store.ShadowOf("balances"))
	fill(t, s, made, "filled")
	wantIDs(t, s, "balances", "live")

	err := s.Swap(t.Context(), "balances", made, func(tx *gorm.DB) error {
		return s.InsertTx(t.Context(), tx, &store.Batch{Rows: []store.Row{in(made, balance("late", 2))}})
	})
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, s, "balances", "filled", "late")
	wantIDs(t, s, store.OldOf("balances"), "live")

	for _, want := range [][]string{{"live"}, {"filled", "late"}, {"live"}} { // the way back, and back again
		swap(t, s, store.OldOf("balances"))
		wantIDs(t, s, "balances", want...)
	}
	insert(t, s, &store.Batch{Rows: []store.Row{balance("live", 7), balance("new", 7)}})
	wantIDs(t, s, "balances", "live", "new")

	fill(t, s, shadow(t, s), "second")
	swap(t, s, made)
	wantIDs(t, s, "balances", "second")
	wantIDs(t, s, store.OldOf("balances"), "live", "new")
}

// in is row in another table.
func in(table string, row store.Row) store.Row {
	row.Table = table

	return row
}

func tablesShape(t *testing.T, s store.Store) {
	indexed(t, s)
	exec(t, s, "ALTER TABLE balances ADD COLUMN later BIGINT NOT NULL DEFAULT 5")
	before := shapes(t, s)
	for range 2 {
		swap(t, s, shadow(t, s))
		equal(t, shapes(t, s), before)
		swap(t, s, store.OldOf("balances"))
		equal(t, shapes(t, s), before)
		wantIDs(t, s, "balances", "live")
	}

	swap(t, s, shadow(t, s))
	exec(t, s, "INSERT INTO balances (id, amount, note) VALUES ('a', 1, 'n')")
	for name, statement := range map[string]string{
		"primary key": "INSERT INTO balances (id, amount) VALUES ('a', 1)",
		"unique":      "INSERT INTO balances (id, amount, note) VALUES ('b', 1, 'n')",
		"check":       "INSERT INTO balances (id, amount) VALUES ('b', -1)",
		"not null":    "INSERT INTO balances (id) VALUES ('b')",
	} {
		if err := s.DB().Exec(statement).Error; err == nil {
			t.Errorf("%s does not hold", name)
		}
	}
	exec(t, s, `DROP INDEX "balances of notes"`)
	exec(t, s, "DROP INDEX balances_amount")
}

// shapes are the columns, constraints and indexes of balances, as the database's own
// catalogue describes them.
func shapes(t *testing.T, s store.Store) (all []string) {
	t.Helper()
	query := `
		SELECT 'index ' || indexname || ': ' || indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'balances'
		UNION ALL
		SELECT 'column ' || ordinal_position || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || COALESCE(column_default, '')
		FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'balances'
		UNION ALL
		SELECT 'constraint ' || conname || ': ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'balances'::regclass
		ORDER BY 1`
	if s.DB().Name() != "postgres" {
		query = `
			SELECT name || ': ' || COALESCE(REPLACE(sql, 'TABLE balances', 'TABLE "balances"'), '')
			FROM sqlite_master
			WHERE tbl_name = 'balances'
			ORDER BY 1`
	}
	if err := s.DB().Raw(query).Scan(&all).Error; err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("got %q", all)
	}

	return all
}

// tablesTraffic swaps often while others append: no append may fail, and no row that was
// committed may be missing.
func tablesTraffic(t *testing.T, s store.Store) {
	indexed(t, s)
	const writers, swaps = 4, 15
	var group sync.WaitGroup
	done := make(chan struct{})
	written := make([][]string, writers)
	for w := range writers {
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				id := fmt.Sprintf("%d-%06d", w, n)
				b := &store.Batch{Records: []store.Record{event(account(id), 1)}, Rows: []store.Row{balance(id, 1), balance("live", int64(n))}}
				if err := s.Insert(t.Context(), b); err != nil {
					t.Errorf("append %s: %v", id, err)
					return
				}
				written[w] = append(written[w], id)
			}
		})
	}

	for n := range swaps {
		if err := swapCopy(t, s); err != nil {
			t.Errorf("swap %d: %v", n, err)
			break
		}
	}
	close(done)
	group.Wait()

	want := append(slices.Concat(written...), "live")
	slices.Sort(want)
	wantIDs(t, s, "balances", want...)
	t.Logf("%d appends", len(want))
}

// swapCopy puts a copy in the place of balances, however often it takes.
func swapCopy(t *testing.T, s store.Store) error {
	t.Helper()
	made := shadow(t, s)
	for {
		err := s.Swap(t.Context(), "balances", made, func(tx *gorm.DB) error {
			return tx.Exec("INSERT INTO " + made + " SELECT * FROM balances").Error
		})
		if !errors.Is(err, store.ErrBusy) {
			return err
		}
	}
}

func tablesSwapFailure(t *testing.T, s store.Store) {
	indexed(t, s)
	before := shapes(t, s)
	fill(t, s, shadow(t, s), "older")
	swap(t, s, store.ShadowOf("balances"))
	made := shadow(t, s)

	err := s.Swap(t.Context(), "balances", made, func(tx *gorm.DB) error {
		if err := tx.Exec("INSERT INTO " + made + " (id, amount) VALUES ('a', 1)").Error; err != nil {
			return err
		}

		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatalf("got %v", err)
	}
	equal(t, shapes(t, s), before)
	wantIDs(t, s, "balances", "older")
	wantIDs(t, s, made)
	wantIDs(t, s, store.OldOf("balances"), "live")

	if err := s.Swap(t.Context(), "nowhere", made, nil); !errors.Is(err, store.ErrNotMigrated) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Shadow(t.Context(), "nowhere"); !errors.Is(err, store.ErrNotMigrated) {
		t.Errorf("got %v", err)
	}
}

// tablesBusy lets a transaction hold the table.
func tablesBusy(t *testing.T, s store.Store) {
	indexed(t, s)
	made := shadow(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := s.DB().Transaction(func(tx *gorm.DB) error {
		if err := s.InsertTx(t.Context(), tx, &store.Batch{Rows: []store.Row{balance("held", 1)}}); err != nil {
			return err
		}
		if err := s.Swap(ctx, "balances", made, nil); !errors.Is(err, store.ErrBusy) {
			t.Errorf("got %v", err)
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, s, "balances", "held", "live")
	swap(t, s, made)
	wantIDs(t, s, "balances")
}

func tablesNotSwappable(t *testing.T, s store.Store) {
	indexed(t, s)
	made := shadow(t, s)
	for _, c := range []struct{ name, do, undo string }{
		{"view", "CREATE VIEW rich AS SELECT id FROM balances WHERE amount > 9", "DROP VIEW rich"},
		{"foreign key", "CREATE TABLE notes (balance TEXT REFERENCES balances (id))", "DROP TABLE notes"},
		{"other column", "ALTER TABLE balances ADD COLUMN later BIGINT", "ALTER TABLE balances DROP COLUMN later"},
	} {
		exec(t, s, c.do)
		err := s.Swap(t.Context(), "balances", made, nil)
		if !errors.Is(err, store.ErrNotSwappable) {
			t.Errorf("%s: got %v", c.name, err)
		}
		if _, err := s.Shadow(t.Context(), "balances"); c.name != "other column" && !errors.Is(err, store.ErrNotSwappable) {
			t.Errorf("%s: got %v", c.name, err)
		}
		wantIDs(t, s, "balances", "live")
		exec(t, s, c.undo)
	}
	swap(t, s, shadow(t, s))
}

func tablesFill(t *testing.T, s store.Store) {
	indexed(t, s)
	made := shadow(t, s)
	note := "kept"
	columns := []string{"id", "paid_at", "amount", "note"}
	row := func(id string, amount int64) []any { return []any{id, noon.Add(999), amount, nil} }
	var rows [][]any
	for i := range 1000 {
		rows = append(rows, row(fmt.Sprintf("%04d", i), int64(i)))
	}
	rows[7][3] = note

	err := s.Fill(t.Context(), made, columns, rows, func(tx *gorm.DB) error {
		return s.InsertTx(t.Context(), tx, batchOf(event(account("with it"), 1)))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantVersions(t, s, account("with it"), 1)
	swap(t, s, made)
	got := readBalances(t, s)
	equal(t, len(got), 1000)
	equal(t, got[6:8], []Balance{{ID: "0006", Amount: 6, PaidAt: &noon}, {ID: "0007", Amount: 7, PaidAt: &noon, Note: &note}})

	for name, then := range map[string]func(tx *gorm.DB) error{
		"taken key": nil,
		"then":      func(*gorm.DB) error { return errUndo },
	} {
		more := [][]any{row("new", 1)}
		if then == nil {
			more = append(more, row("0007", 1))
		}
		if err := s.Fill(t.Context(), "balances", columns, more, then); err == nil || then != nil && !errors.Is(err, errUndo) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	equal(t, len(readBalances(t, s)), 1000)
}

func tablesDiscard(t *testing.T, s store.Store) {
	indexed(t, s)
	swap(t, s, shadow(t, s))
	made := shadow(t, s)
	for _, name := range []string{made, made, store.OldOf("balances")} {
		if err := s.Discard(t.Context(), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"balances", "event_entries"} {
		if err := s.Discard(t.Context(), name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	wantIDs(t, s, "balances")
	swap(t, s, shadow(t, s))
}
