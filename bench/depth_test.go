package main

import (
	"path/filepath"
	"testing"
	"time"
)

func TestHot_MissesWhatIsNotStored(t *testing.T) {
	s := newSite(t)
	st, err := migratedSQLite(t.Context(), s, filepath.Join(t.TempDir(), "bench.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := hotOn(t.Context(), st, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.run(t.Context(), 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := l.prove(t.Context()); err != nil || l.made.Load() < 4 {
		t.Errorf("%d events: %v", l.made.Load(), err)
	}
	l.made.Add(1)
	if err := l.prove(t.Context()); err == nil {
		t.Error("one that is not stored is not missed")
	}
}

// What an operation is supposed to find it looks for itself.
func testDepths(t *testing.T, p *place) {
	for name, begin := range map[string]start{
		"snapshots": startSnapshots, "one snapshot": startReadSnapshot, "replays": startReplays, "appends": startDeepAppends,
	} {
		s := p.site(2)
		closeAfter(t, s.close)
		load, err := begin(t.Context(), s)
		if err != nil {
			t.Fatal(name, err)
		}
		if found, err := load.run(t.Context(), 5*time.Millisecond); err != nil || operations(found) == 0 {
			t.Errorf("%s: %d operations, %v", name, operations(found), err)
		}
	}
}

// Where states are kept, a cold append reads the end of the stream only.
func testSnapshotsHelp(t *testing.T, p *place) {
	s := p.site(1)
	closeAfter(t, s.close)
	load, err := startSnapshots(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := s.pool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Whoever read this one would fail.
	if _, err := pool.Exec(t.Context(), "ALTER TABLE event_entries DISABLE TRIGGER USER"); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "UPDATE event_entries SET data = '[]' WHERE version < 9000"); err != nil {
		t.Fatal(err)
	}
	if _, err := load.run(t.Context(), 5*time.Millisecond); err != nil {
		t.Errorf("got %v: the beginning of a stream was read", err)
	}
}
