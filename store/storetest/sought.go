package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

var errFound = errors.New("found")

// ofType is a first record of a type.
func ofType(stream store.Stream, typ string) store.Record {
	r := event(stream, 1)
	r.Type = typ

	return r
}

// unless is a batch that fails with errFound where the log has a record of a type.
func unless(sought string, records ...store.Record) *store.Batch {
	return &store.Batch{Records: records, Guard: &store.Guard{
		Sought: []string{sought},
		Unless: func(ctx context.Context, tx *gorm.DB) error {
			var n int64
			if err := tx.WithContext(ctx).Table("event_entries").Where("type = ?", sought).Count(&n).Error; err != nil {
				return err
			}
			if n > 0 {
				return errFound
			}

			return nil
		},
	}}
}

func unlessFound(t *testing.T, s store.Store) {
	balances(t, s)
	a, b := account("a"), account("b")
	try := func(streams ...store.At) error {
		batch := unless("sought", event(b, 1), event(a, 2), event(b, 2))
		batch.Guard.Streams = streams
		batch.Rows = []store.Row{balance("b", 7)}
		batch.Execution = execution("unless", 3)
		err := insertOne(t, s, batch)
		if err == nil {
			wantOrdinals(t, batch)
			equal(t, batch.Execution.Position, batch.Records[0].Position)
			equal(t, readStream(t, s, b), []store.Record{batch.Records[0], batch.Records[2]})
		}

		return err
	}
	insert(t, s, batchOf(event(a, 1), ofType(account("c"), "sought")))

	if err := try(); err != errFound { //nolint:errorlint // it is to be returned as it is
		t.Fatalf("got %v", err)
	}
	wantMoved(t, try(at(account("d"), 1)), account("d"), 1, 0)
	wantVersions(t, s, b)
	wantExecutions(t, s)
	equal(t, readBalances(t, s), []Balance{})

	err := s.(maintainer).Maintain(t.Context(), func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM event_entries WHERE type = 'sought'").Error
	})
	if err = errors.Join(err, try(at(account("d"), 0))); err != nil {
		t.Fatal(err)
	}
	wantExecutions(t, s, "unless")
	equal(t, readBalances(t, s), []Balance{{ID: "b", Amount: 7}})
}

// unlessConflict has a batch with Unless find its versions and its execution taken.
func unlessConflict(t *testing.T, s store.Store) {
	a := account("a")
	insert(t, s, batchOf(event(a, 1)))

	if err := insertOne(t, s, unless("sought", event(a, 1))); !errors.Is(err, store.ErrVersionTaken) {
		t.Errorf("got %v", err)
	}
	for _, want := range []error{nil, store.ErrExecuted} {
		batch := unless("sought")
		batch.Execution = execution("only", 0)
		if err := insertOne(t, s, batch); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	wantVersions(t, s, a, 1)
}

// unlessEachOther lets two batches loose of which each writes what the other seeks, named or
// not: exactly one is committed.
func unlessEachOther(t *testing.T, s store.Store) {
	for round := range rounds {
		left, right := fmt.Sprintf("left-%d", round), fmt.Sprintf("right-%d", round)
		batches := []*store.Batch{
			unless(left, ofType(account(right), right)),
			unless(right, ofType(account(left), left)),
		}
		for i := range round % 3 {
			batches[i].Guard.Sought = nil
		}
		errs := together(t, s, batches...)

		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), errFound) {
			t.Fatalf("round %d: got %v", round, errs)
		}
	}
}

// unlessAndGuard lets one batch loose that seeks what another writes, which was decided on
// what the first one writes: never are both committed.
func unlessAndGuard(t *testing.T, s store.Store) {
	for round := range rounds {
		a, b, sought := account(fmt.Sprintf("a%d", round)), account(fmt.Sprintf("b%d", round)), fmt.Sprintf("sought-%d", round)
		errs := together(t, s, unless(sought, event(a, 1)), guarded([]store.At{at(a, 0)}, ofType(b, sought)))

		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: got %v", round, errs)
		}
	}
}

// unlessAndPlain lets plain appends loose on a batch that seeks them: those that come before
// it in the log are found.
func unlessAndPlain(t *testing.T, s store.Store) {
	for round := range rounds {
		sought := fmt.Sprintf("sought-%d", round)
		plain := []*store.Batch{batchOf(ofType(account(fmt.Sprintf("a%d", round)), sought)), batchOf(ofType(account(fmt.Sprintf("b%d", round)), sought))}
		seeking := unless(sought, event(account(fmt.Sprintf("c%d", round)), 1))
		errs := together(t, s, plain[0], seeking, plain[1])

		if errs[0] != nil || errs[2] != nil || errs[1] != nil && !errors.Is(errs[1], errFound) {
			t.Fatalf("round %d: got %v", round, errs)
		}
		for _, b := range plain {
			if errs[1] == nil && b.Records[0].Position < seeking.Records[0].Position {
				t.Fatalf("round %d: a record at %d was not found from %d", round, b.Records[0].Position, seeking.Records[0].Position)
			}
		}
	}
}
