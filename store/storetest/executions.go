package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// idOf is an id made of a name, and nameOf reads it. Ids are in the order of their names.
func idOf(name string) string {
	var id uuid.UUID
	copy(id[:], name)

	return id.String()
}

func nameOf(id string) string {
	parsed := uuid.MustParse(id)

	return strings.TrimRight(string(parsed[:]), "\x00")
}

// execution is one of a batch of so many events, begun at noon.
func execution(name string, events int) *store.Execution {
	return &store.Execution{
		ID: idOf(name), CommandID: "id of " + name, Command: "open", Actor: "u-1", Correlation: "c-1",
		Outcome: store.Committed, Attempts: 2,
		Events: events, StartedAt: noon, Took: 1500 * time.Microsecond,
	}
}

// recorded stores an execution that has appended nothing, begun so many seconds after noon.
func recorded(t *testing.T, s store.Store, name string, seconds int, change func(e *store.Execution)) store.Execution {
	t.Helper()
	e := *execution(name, 0)
	e.Outcome, e.StartedAt = store.Nothing, second(seconds)
	change(&e)
	if err := e.Record(t.Context(), s.DB()); err != nil {
		t.Fatal(err)
	}

	return e
}

func asItIs(*store.Execution) {}

func listed(t *testing.T, s store.Store, q store.Executions) []string {
	t.Helper()
	all, err := store.ListExecutions(t.Context(), s.DB(), q)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range all {
		names = append(names, nameOf(e.ID))
	}

	return names
}

func wantExecutions(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	equal(t, listed(t, s, store.Executions{Limit: 1000}), want)
}

func find(t *testing.T, s store.Store, name string) store.Execution {
	t.Helper()
	e, err := store.FindExecution(t.Context(), s.DB(), idOf(name))
	if err != nil {
		t.Fatal(err)
	}

	return e
}

func executionStored(t *testing.T, s store.Store) {
	balances(t, s)
	a := account("a")
	batch := &store.Batch{
		Records: []store.Record{event(a, 1), event(a, 0)}, Rows: []store.Row{balance("a", 1)}, Execution: execution("one", 2),
	}
	none := &store.Batch{Execution: execution("none", 0)}
	none.Execution.Position = 77
	none.Execution.StartedAt = noon.In(time.FixedZone("east", 5*3600)).Add(999)
	plain := batchOf(event(account("b"), 1))
	insert(t, s, plain, batch, none)

	if got := batch.Execution.Position; got == 0 || got != batch.Records[1].Position || got == plain.Records[0].Position {
		t.Errorf("got position %d, records are at %d", got, batch.Records[1].Position)
	}
	equal(t, find(t, s, "one"), *batch.Execution)
	want := *execution("none", 0)
	equal(t, find(t, s, "none"), want)
	equal(t, none.Execution.Position, int64(0))
	wantVersions(t, s, a, 1, 2)
	equal(t, readBalances(t, s), []Balance{{ID: "a", Amount: 1}})
}

// executionTaken has a command sent again under the id of one that is on record.
func executionTaken(t *testing.T, s store.Store) {
	balances(t, s)
	a, b := account("a"), account("b")
	first := &store.Batch{Records: []store.Record{event(a, 1)}, Execution: execution("one", 1)}
	insert(t, s, first)

	again := &store.Batch{
		Records: []store.Record{event(b, 1)}, Rows: []store.Row{balance("b", 1)}, Execution: execution("two", 1),
	}
	again.Execution.CommandID = first.Execution.CommandID
	same := &store.Batch{Records: []store.Record{event(b, 1)}, Execution: execution("one", 1)}
	same.Execution.CommandID = ""
	for _, taken := range []*store.Batch{again, same} {
		for _, batches := range [][]*store.Batch{{taken}, {batchOf(event(account("c"), 1)), taken}} {
			if err := s.Insert(t.Context(), batches...); !errors.Is(err, store.ErrExecuted) {
				t.Fatalf("got %v", err)
			}
		}
	}
	wantVersions(t, s, account("c"))
	wantVersions(t, s, b)
	equal(t, readBalances(t, s), []Balance{})
	equal(t, again.Execution.Position, int64(0))
	wantExecutions(t, s, "one")
}

// executionAgain has commands sent again that were refused, and some without an id.
func executionAgain(t *testing.T, s store.Store) {
	refused := recorded(t, s, "refused", 0, func(e *store.Execution) { e.CommandID, e.Outcome = "same", store.Rejected })
	recorded(t, s, "late", 0, func(e *store.Execution) { e.CommandID, e.Outcome = "same", store.Conflicted })
	if _, err := store.FindExecuted(t.Context(), s.DB(), "same"); !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("got %v", err)
	}
	batch := &store.Batch{Records: []store.Record{event(account("a"), 1)}, Execution: execution("done", 1)}
	batch.Execution.CommandID = "same"
	insert(t, s, batch)

	got, err := store.FindExecuted(t.Context(), s.DB(), "same")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, *batch.Execution)
	equal(t, find(t, s, "refused"), refused)

	for _, id := range []string{"x", "y"} {
		recorded(t, s, id, 0, func(e *store.Execution) { e.CommandID = "" })
	}
	if _, err := store.FindExecuted(t.Context(), s.DB(), ""); !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("got %v", err)
	}
}

// executionOnce has many send the same command at the same time.
func executionOnce(t *testing.T, s store.Store) {
	for round := range rounds / 4 {
		var batches []*store.Batch
		for i := range 4 {
			id := fmt.Sprintf("%d-%d", round, i)
			batch := &store.Batch{Records: []store.Record{event(account(id), 1)}, Execution: execution(id, 1)}
			batch.Execution.CommandID = fmt.Sprint(round)
			batches = append(batches, batch)
		}
		won := 0
		for _, err := range together(t, s, batches...) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, store.ErrExecuted):
				t.Fatal(err)
			}
		}
		equal(t, won, 1)
	}
}

// executionRolledBack has a batch fail after its execution was written.
func executionRolledBack(t *testing.T, s store.Store) {
	balances(t, s)
	batch := &store.Batch{
		Records: []store.Record{event(account("a"), 1)}, Rows: []store.Row{balance("a", -1)}, Execution: execution("bad", 1),
	}
	err := insertOne(t, s, batch)
	if _, ok := errors.AsType[*store.RowError](err); !ok {
		t.Fatalf("got %v", err)
	}
	wantExecutions(t, s)
	wantVersions(t, s, account("a"))
}

func executionsList(t *testing.T, s store.Store) {
	recorded(t, s, "a", 1, asItIs)
	recorded(t, s, "b", 2, func(e *store.Execution) { e.Command = "close" })
	recorded(t, s, "c", 2, func(e *store.Execution) { e.Actor = "u-2" })
	recorded(t, s, "d", 3, func(e *store.Execution) { e.Outcome = store.Rejected })

	for _, c := range []struct {
		q    store.Executions
		want []string
	}{
		{store.Executions{}, []string{"d", "c", "b", "a"}},
		{store.Executions{Command: "close"}, []string{"b"}},
		{store.Executions{Actor: "u-1"}, []string{"d", "b", "a"}},
		{store.Executions{Outcome: store.Rejected}, []string{"d"}},
		{store.Executions{Outcome: store.Rejected, Actor: "u-2"}, []string{}},
		{store.Executions{Before: idOf("c")}, []string{"b", "a"}},
		{store.Executions{Before: idOf("a")}, []string{}},
		{store.Executions{Before: idOf("between"), Outcome: store.Nothing}, []string{"b", "a"}},
	} {
		c.q.Limit = 10
		equal(t, listed(t, s, c.q), c.want)
	}
	equal(t, listed(t, s, store.Executions{Limit: 2}), []string{"d", "c"})
}

func executionsFind(t *testing.T, s store.Store) {
	want := recorded(t, s, "a", 1, func(e *store.Execution) { e.Reason = "closed" })

	equal(t, find(t, s, "a"), want)
	for _, id := range []string{idOf("A"), "a", ""} {
		if _, err := store.FindExecution(t.Context(), s.DB(), id); !errors.Is(err, gorm.ErrRecordNotFound) {
			t.Errorf("%q: got %v", id, err)
		}
	}
}

func executionsRecord(t *testing.T, s store.Store) {
	first := recorded(t, s, "a", 1, asItIs)
	again := *execution("b", 0)
	again.CommandID = first.CommandID

	for _, e := range []store.Execution{first, again} {
		if err := e.Record(t.Context(), s.DB()); !errors.Is(err, store.ErrExecuted) {
			t.Errorf("got %v", err)
		}
	}
	equal(t, find(t, s, "a"), first)
	wantExecutions(t, s, "a")
}

func executionsForget(t *testing.T, s store.Store) {
	for i, id := range []string{"a", "b", "c"} {
		recorded(t, s, id, i, asItIs)
	}

	n, err := store.ForgetExecutions(t.Context(), s.DB(), second(2))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, n, int64(2))
	wantExecutions(t, s, "c")
}

// executionsForgetMany forgets more than are looked at at once.
func executionsForgetMany(t *testing.T, s store.Store) {
	const old = 20_100
	all := make([]store.Execution, old+1)
	for i := range all {
		all[i] = *execution(fmt.Sprintf("%06d", i), 0)
		all[i].StartedAt = noon.Add(time.Duration(i) * time.Microsecond)
	}
	if err := s.DB().CreateInBatches(all, 1000).Error; err != nil {
		t.Fatal(err)
	}

	n, err := store.ForgetExecutions(t.Context(), s.DB(), all[old].StartedAt)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, n, int64(old))
	wantExecutions(t, s, nameOf(all[old].ID))
}
