package postgres

import (
	"bytes"
	"os/exec"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
)

// restore copies the database at url into an empty one, as an operator would.
func restore(t *testing.T, url string) *Store {
	t.Helper()
	pgDump, missing := exec.LookPath("pg_dump")
	psql, err := exec.LookPath("psql")
	if missing != nil || err != nil {
		t.Skip("needs pg_dump and psql on PATH")
	}
	var refused bytes.Buffer
	dump := exec.CommandContext(t.Context(), pgDump, url)
	dump.Stderr = &refused
	dumped, err := dump.Output()
	if err != nil {
		t.Fatalf("pg_dump: %v: %s", err, &refused)
	}

	into := pgtest.Database(t)
	load := exec.CommandContext(t.Context(), psql, "-qX", "-v", "ON_ERROR_STOP=1", into)
	load.Stdin = bytes.NewReader(dumped)
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("psql: %v: %s", err, out)
	}

	return open(t, into)
}

// A log goes on where its dump was made, for whoever has read it that far, and its locks
// are those of the new table. Somebody who was at work meanwhile is not in the dump.
func TestS18_ARestoredLogGoesOn(t *testing.T) {
	url := pgtest.Database(t)
	s := migratedAt(t, url)
	for range 3 {
		commit(t, s)
	}
	atWork := s.DB().WithContext(t.Context()).Begin()
	defer atWork.Rollback()
	if err := s.InsertTx(t.Context(), atWork, oneRecord()); err != nil {
		t.Fatal(err)
	}
	before := settledIDs(t, s)

	restored := restore(t, url)
	if got := settledIDs(t, restored); len(got) != 3 || !slices.Equal(got, before) {
		t.Fatalf("got %v, want %v", got, before)
	}
	cursor, err := restored.Settled(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	tx := restored.DB().WithContext(t.Context()).Begin()
	held, later := oneRecord(), oneRecord()
	if err := restored.InsertTx(t.Context(), tx, held); err != nil {
		t.Fatal(err)
	}
	if err := restored.Insert(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	if got := settledIDs(t, restored); !slices.Equal(got, before) {
		t.Errorf("while a transaction was open: got %v, want %v", got, before)
	}
	if err := tx.Commit().Error; err != nil {
		t.Fatal(err)
	}
	var got []uuid.UUID
	for r, err := range restored.Read(t.Context(), store.Query{Order: store.ByPosition, AfterPosition: cursor}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.EventID)
	}
	if want := []uuid.UUID{held.Records[0].EventID, later.Records[0].EventID}; !slices.Equal(got, want) {
		t.Errorf("after %d: got %v, want %v", cursor, got, want)
	}
}
