package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

func rowsSameCommit(t *testing.T, s store.Store) {
	balances(t, s)
	insert(t, s,
		&store.Batch{Records: []store.Record{event(account("a"), 1)}, Rows: []store.Row{balance("a", 10), balance("c", 30)}},
		&store.Batch{Records: []store.Record{event(account("b"), 0)}, Rows: []store.Row{balance("b", 20)}},
		&store.Batch{Rows: []store.Row{balance("d", 40)}},
	)

	equal(t, readBalances(t, s), []Balance{{ID: "a", Amount: 10}, {ID: "b", Amount: 20}, {ID: "c", Amount: 30}, {ID: "d", Amount: 40}})
	wantVersions(t, s, account("a"), 1)
	wantVersions(t, s, account("b"), 1)
}

func rowsUpdate(t *testing.T, s store.Store) {
	balances(t, s)
	note := "kept"
	exec(t, s, "INSERT INTO balances (id, amount, note) VALUES (?, ?, ?)", "a", 1, note)

	insert(t, s, &store.Batch{Records: []store.Record{event(account("a"), 1)}, Rows: []store.Row{balance("a", 10)}})
	insert(t, s,
		&store.Batch{Records: []store.Record{event(account("a"), 2)}, Rows: []store.Row{balance("a", 20), balance("a", 25)}},
		&store.Batch{Records: []store.Record{event(account("a"), 3)}, Rows: []store.Row{balance("a", 30)}},
	)

	equal(t, readBalances(t, s), []Balance{{ID: "a", Amount: 30, Note: &note}})
}

func rowsKeyOnly(t *testing.T, s store.Store) {
	exec(t, s, `CREATE TABLE "Odd ""table""" ("the key" TEXT NOT NULL PRIMARY KEY)`)
	row := store.Row{Table: `Odd "table"`, Key: "the key", Columns: []string{"the key"}, Values: []any{"a"}}
	insert(t, s, &store.Batch{Rows: []store.Row{row, row}}, &store.Batch{Rows: []store.Row{row}})

	var n int64
	if err := s.DB().Raw(`SELECT COUNT(*) FROM "Odd ""table"""`).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, n, int64(1))
}

func rowsTimes(t *testing.T, s store.Store) {
	balances(t, s)
	at := time.Date(2026, 7, 1, 23, 30, 0, 120000789, time.FixedZone("east", 3*3600))
	want := at.UTC().Truncate(time.Microsecond)
	row := func(id string, value any) store.Row {
		return store.Row{
			Table: "balances", Key: "id",
			Columns: []string{"id", "amount", "paid_at"}, Values: []any{id, 1, value},
		}
	}
	insert(t, s, &store.Batch{Rows: []store.Row{row("a", at), row("b", &at), row("c", (*time.Time)(nil)), row("d", nil)}})
	if err := s.DB().Create(&Balance{ID: "e", PaidAt: &want}).Error; err != nil {
		t.Fatal(err)
	}

	equal(t, readBalances(t, s), []Balance{
		{ID: "a", Amount: 1, PaidAt: &want},
		{ID: "b", Amount: 1, PaidAt: &want},
		{ID: "c", Amount: 1},
		{ID: "d", Amount: 1},
		{ID: "e", PaidAt: &want},
	})
	for _, b := range readBalances(t, s) {
		if b.PaidAt != nil && b.PaidAt.Location() != time.UTC {
			t.Errorf("%s: got %v", b.ID, b.PaidAt)
		}
	}

	var n int64
	if err := s.DB().Model(&Balance{}).Where("paid_at = ?", want).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, n, int64(3))
	if err := s.DB().Model(&Balance{}).Where("paid_at < ?", want.Add(time.Microsecond)).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, n, int64(3))
}

func rowsErrorLeavesNothing(t *testing.T, s store.Store) {
	balances(t, s)
	err := insertOne(t, s, &store.Batch{
		Records: []store.Record{event(account("a"), 1)},
		Rows:    []store.Row{balance("a", 1), balance("b", -1), balance("c", 1)},
	})

	wantRowError(t, err, 1, "balances")
	wantVersions(t, s, account("a"))
	equal(t, readBalances(t, s), []Balance{})
}

func wantRowError(t *testing.T, err error, index int, table string) {
	t.Helper()
	row, ok := errors.AsType[*store.RowError](err)
	if !ok || row.Index != index || row.Table != table || row.Err == nil {
		t.Fatalf("got %#v, want the error of row %d", err, index)
	}
}

func rowsUniqueIsNoConflict(t *testing.T, s store.Store) {
	balances(t, s)
	exec(t, s, "INSERT INTO balances (id, amount, note) VALUES ('a', 1, 'taken')")
	row := balance("b", 1)
	row.Columns, row.Values = append(row.Columns, "note"), append(row.Values, "taken")

	for _, version := range []int64{1, 0} {
		err := insertOne(t, s, &store.Batch{Records: []store.Record{event(account("b"), version)}, Rows: []store.Row{row}})
		wantRowError(t, err, 0, "balances")
		if errors.Is(err, store.ErrVersionTaken) || errors.Is(err, store.ErrEventTaken) || errors.Is(err, store.ErrKeyTaken) {
			t.Fatalf("got %v", err)
		}
	}
	wantVersions(t, s, account("b"))
}

func rowsBadRowOfOneBatch(t *testing.T, s store.Store) {
	balances(t, s)
	with := func(id string, amount int64) *store.Batch {
		return &store.Batch{Records: []store.Record{event(account(id), 1)}, Rows: []store.Row{balance(id, amount)}}
	}
	if _, ok := errors.AsType[*store.RowError](s.Insert(t.Context(), with("a", 1), with("b", -1), with("c", 3))); !ok {
		t.Fatal("it is no error of a row")
	}
	equal(t, readBalances(t, s), []Balance{})
	wantVersions(t, s, account("a"))
}

func rowsUnencodable(t *testing.T, s store.Store) {
	balances(t, s)
	row := balance("a", 1)
	row.Values[1] = make(chan int)
	bad := &store.Batch{Records: []store.Record{event(account("a"), 1)}, Rows: []store.Row{row}}
	for _, batches := range [][]*store.Batch{{bad}, {bad, batchOf(event(account("b"), 1))}} {
		err := s.Insert(t.Context(), batches...)
		wantRowError(t, err, 0, "balances")
		if errors.Is(err, store.ErrOutcomeUnknown) {
			t.Fatalf("got %v", err)
		}
	}
	wantVersions(t, s, account("a"))
	wantVersions(t, s, account("b"))
}

func rowsNoTable(t *testing.T, s store.Store) {
	row := balance("a", 1)
	row.Table = "nowhere"
	bad := &store.Batch{Records: []store.Record{event(account("a"), 1)}, Rows: []store.Row{row}}
	for _, batches := range [][]*store.Batch{{bad}, {bad, batchOf(event(account("b"), 1))}} {
		err := s.Insert(t.Context(), batches...)
		wantRowError(t, err, 0, "nowhere")
		if !errors.Is(err, store.ErrNotMigrated) {
			t.Fatalf("got %v", err)
		}
	}
	wantVersions(t, s, account("a"))
	wantVersions(t, s, account("b"))
}

// calling is a row that writes amount to id by itself and counts its calls.
func calling(id string, amount int64, calls *int, fail error) store.Row {
	return store.Row{Of: "balances", Table: "balances", Write: func(ctx context.Context, tx *gorm.DB) error {
		*calls++
		err := tx.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			return tx.Create(&Balance{ID: id, Amount: amount}).Error
		})
		if err != nil {
			return err
		}

		return fail
	}}
}

func rowsWrite(t *testing.T, s store.Store) {
	balances(t, s)
	var calls int
	called := func(id string, version int64, fail error) *store.Batch {
		return &store.Batch{
			Records: []store.Record{event(account(id), version)},
			Rows:    []store.Row{balance(id+"-before", 1), calling(id, 2, &calls, fail), balance(id+"-after", 3)},
		}
	}
	plain := &store.Batch{Records: []store.Record{event(account("plain"), 1)}, Rows: []store.Row{balance("plain", 4)}}
	batches := []*store.Batch{called("a", 1, nil), called("b", 0, errUndo), plain, called("c", 0, nil), called("a", 1, nil)}
	if err := s.Insert(t.Context(), plain, batches[0]); !errors.Is(err, store.ErrGoesAlone) {
		t.Fatalf("got %v", err)
	}
	var errs []error
	for _, b := range batches {
		errs = append(errs, insertOne(t, s, b))
	}

	if errs[0] != nil || errs[2] != nil || errs[3] != nil || !errors.Is(errs[4], store.ErrVersionTaken) {
		t.Fatalf("got %v", errs)
	}
	wantRowError(t, errs[1], 1, "balances")
	if !errors.Is(errs[1], errUndo) {
		t.Fatalf("got %v", errs[1])
	}
	equal(t, calls, 3)
	equal(t, readBalances(t, s), []Balance{
		{ID: "a", Amount: 2},
		{ID: "a-after", Amount: 3},
		{ID: "a-before", Amount: 1},
		{ID: "c", Amount: 2},
		{ID: "c-after", Amount: 3},
		{ID: "c-before", Amount: 1},
		{ID: "plain", Amount: 4},
	})
	wantVersions(t, s, account("b"))
	equal(t, readStream(t, s, account("c")), batches[3].Records)
}

func rowsWriteUnique(t *testing.T, s store.Store) {
	balances(t, s)
	var calls int
	for i := range 2 {
		err := insertOne(t, s, &store.Batch{
			Records: []store.Record{event(account("a"), 0)},
			Rows:    []store.Row{calling("a", 1, &calls, nil)},
		})
		if i == 0 && err != nil || i == 1 && (err == nil || errors.Is(err, store.ErrVersionTaken)) {
			t.Fatalf("got %v", err)
		}
	}
	equal(t, calls, 2)
	wantVersions(t, s, account("a"), 1)
}

func rowsWriteInTx(t *testing.T, s store.Store) {
	balances(t, s)
	var calls int
	err := s.DB().Transaction(func(tx *gorm.DB) error {
		for _, fail := range []error{errUndo, nil} {
			err := s.InsertTx(t.Context(), tx, &store.Batch{
				Records: []store.Record{event(account("a"), 0)},
				Rows:    []store.Row{calling("a", 1, &calls, fail)},
			})
			if !errors.Is(err, fail) {
				return err
			}
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBalances(t, s), []Balance{{ID: "a", Amount: 1}})
	wantVersions(t, s, account("a"), 1)
}
