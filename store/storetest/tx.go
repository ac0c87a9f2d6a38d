package storetest

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

var errUndo = errors.New("undo")

func txCommitRollback(t *testing.T, s store.Store) {
	balances(t, s)
	write := func(id string, end error) error {
		return s.DB().WithContext(t.Context()).Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&Balance{ID: "sibling-" + id}).Error; err != nil {
				return err
			}
			b := &store.Batch{Records: []store.Record{event(account(id), 1)}, Rows: []store.Row{balance(id, 5)}}
			if err := s.InsertTx(t.Context(), tx, b); err != nil {
				return err
			}
			if b.Records[0].Position == 0 {
				t.Error("no position was told")
			}

			return end
		})
	}

	if err := write("a", nil); err != nil {
		t.Fatal(err)
	}
	if err := write("b", errUndo); !errors.Is(err, errUndo) {
		t.Fatalf("got %v", err)
	}
	equal(t, readBalances(t, s), []Balance{{ID: "a", Amount: 5}, {ID: "sibling-a"}})
	wantVersions(t, s, account("a"), 1)
	wantVersions(t, s, account("b"))

	if err := write("b", nil); err != nil {
		t.Fatal(err)
	}
	wantVersions(t, s, account("b"), 1)
}

func txTwoStreams(t *testing.T, s store.Store) {
	a, b := account("a"), account("b")
	insert(t, s, batchOf(event(a, 1)))

	err := s.DB().Transaction(func(tx *gorm.DB) error {
		for _, batch := range []*store.Batch{
			batchOf(event(a, 2)), batchOf(event(b, 1)), batchOf(event(a, 3)), batchOf(event(a, 0), event(b, 0)), batchOf(event(a, 0)),
		} {
			if err := s.InsertTx(t.Context(), tx, batch); err != nil {
				return err
			}
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantVersions(t, s, a, 1, 2, 3, 4, 5)
	wantVersions(t, s, b, 1, 2)
}

func txUsableAfterConflict(t *testing.T, s store.Store) {
	balances(t, s)
	a, b := account("a"), account("b")
	insert(t, s, batchOf(event(a, 1)))

	err := s.DB().Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&Balance{ID: "before"}).Error; err != nil {
			return err
		}
		err := s.InsertTx(t.Context(), tx, batchOf(event(b, 1), event(a, 1)))
		if !errors.Is(err, store.ErrVersionTaken) {
			t.Errorf("got %v", err)
		}
		if err := s.InsertTx(t.Context(), tx, batchOf(event(a, 2))); err != nil {
			return err
		}

		return tx.Create(&Balance{ID: "after"}).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBalances(t, s), []Balance{{ID: "after"}, {ID: "before"}})
	wantVersions(t, s, a, 1, 2)
	wantVersions(t, s, b)
}

func txUsableAfterRowError(t *testing.T, s store.Store) {
	balances(t, s)
	unencodable := balance("x", 1)
	unencodable.Values[1] = make(chan int)

	err := s.DB().Transaction(func(tx *gorm.DB) error {
		for _, bad := range []store.Row{balance("x", -1), unencodable} {
			err := s.InsertTx(t.Context(), tx, &store.Batch{
				Records: []store.Record{event(account("a"), 1)},
				Rows:    []store.Row{balance("y", 1), bad},
			})
			wantRowError(t, err, 1, "balances")
		}

		return s.InsertTx(t.Context(), tx, &store.Batch{
			Records: []store.Record{event(account("a"), 1)},
			Rows:    []store.Row{balance("a", 1)},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBalances(t, s), []Balance{{ID: "a", Amount: 1}})
	wantVersions(t, s, account("a"), 1)
}

func txNotATransaction(t *testing.T, s store.Store) {
	err := s.InsertTx(t.Context(), s.DB(), batchOf(event(account("a"), 1)))
	if !errors.Is(err, store.ErrNotInTransaction) {
		t.Fatalf("got %v", err)
	}
	wantVersions(t, s, account("a"))
}
