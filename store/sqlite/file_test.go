package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

func record(id string, version int64) store.Record {
	now := time.Now()

	return store.Record{
		Stream: store.Stream{Type: "account", ID: id}, Version: version, EventID: uuid.Must(uuid.NewV7()),
		Type: "account.opened", SchemaVersion: 1, Data: []byte(`{}`), Meta: []byte(`{}`), RecordedAt: now, OccurredAt: now,
	}
}

func insert(s *Store, records ...store.Record) error {
	return s.Insert(context.Background(), &store.Batch{Records: records})
}

func migrated(t testing.TB, path string) *Store {
	t.Helper()
	s := open(t, path)
	providers, err := s.Migrations(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Up(t.Context(), providers...); err != nil {
		t.Fatal(err)
	}

	return s
}

func count(t *testing.T, s *Store) (n int64) {
	t.Helper()
	if err := s.DB().Raw("SELECT COUNT(*) FROM event_entries").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}

	return n
}

func TestOpen_ErrNoDatabase(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "missing")
	_, err := Open(t.Context(), filepath.Join(folder, "log.db"))
	if !errors.Is(err, store.ErrNoDatabase) || !strings.Contains(err.Error(), folder) {
		t.Fatalf("got %v", err)
	}
}

func TestOpen_RefusesMemory(t *testing.T) {
	for _, path := range []string{"", ":memory:"} {
		if s, err := Open(t.Context(), path); err == nil {
			t.Errorf("%q: got no error", path)
			_ = s.Close()
		}
	}
}

func TestOpen_NotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestOpen_IsAFolder(t *testing.T) {
	if _, err := Open(t.Context(), t.TempDir()); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestOpen_OddPath(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "a log? 100% #1 é;&x=y.db"))
	if err := insert(s, record("a", 1)); err != nil {
		t.Fatal(err)
	}
}

// The file is read-only in the way that holds for root too: its writer connection
// refuses.
func TestInsert_ErrReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	s := migrated(t, path)
	if err := s.DB().Exec("PRAGMA query_only = 1").Error; err != nil {
		t.Fatal(err)
	}
	if err := insert(s, record("a", 1)); !errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("got %v", err)
	}
	if err := insert(s, record("a", 1), record("a", 2)); !errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("got %v", err)
	}
}

func TestOpen_ErrReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everything")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "log.db")
	if err := migrated(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []struct{ file, folder os.FileMode }{{0o400, 0o700}, {0o600, 0o500}, {0o400, 0o500}} {
		if err := errors.Join(os.Chmod(path, mode.file), os.Chmod(folder, mode.folder)); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), path)
		if err == nil {
			err = errors.Join(insert(s, record("a", 1)), s.Close())
		}
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%v: got %v", mode, err)
		}
		if err := os.Chmod(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInsert_ErrFull(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "log.db"))
	if err := insert(s, record("a", 1)); err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.writer.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if err := s.DB().Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Error; err != nil {
		t.Fatal(err)
	}
	big := record("big", 1)
	big.Data = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)

	errs := []error{
		s.Insert(t.Context(), &store.Batch{Records: []store.Record{big}}),
		s.Insert(t.Context(), &store.Batch{Records: []store.Record{record("b", 1)}}, &store.Batch{Records: []store.Record{big}},
			&store.Batch{Records: []store.Record{record("c", 1)}}),
	}
	for i, err := range errs {
		if !errors.Is(err, store.ErrFull) {
			t.Errorf("%d: got %v", i, err)
		}
	}
	if got := count(t, s); got != 1 {
		t.Fatalf("got %d records", got)
	}

	if err := s.DB().Exec("PRAGMA max_page_count = 1000000").Error; err != nil {
		t.Fatal(err)
	}
	if err := insert(s, big); err != nil {
		t.Fatal(err)
	}
}

func TestStore_ErrImmutable(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "log.db"))
	if err := insert(s, record("a", 1)); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"DELETE FROM event_entries",
		"UPDATE event_entries SET meta = '{}'",
		"INSERT OR REPLACE INTO event_entries (entry, stream_type, stream_id, version, event_id, type, schema_version, data, meta, recorded_at, occurred_at, idempotency_key) SELECT entry, stream_type, stream_id, version, event_id, type, schema_version, data, meta, recorded_at, occurred_at, idempotency_key FROM event_entries",
		"REPLACE INTO event_entries (entry, stream_type, stream_id, version, event_id, type, schema_version, data, meta, recorded_at, occurred_at) SELECT 9, stream_type, stream_id, version, zeroblob(16), type, 1, '{}', '{}', 1, 1 FROM event_entries",
	} {
		if err := translate(s.DB().Exec(sql).Error); !errors.Is(err, store.ErrImmutable) {
			t.Errorf("%s: got %v", sql, err)
		}
	}
}

func TestClose_EmptiesWAL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	s := migrated(t, path)
	if err := insert(s, record("a", 1)); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Read(t.Context(), store.Query{Stream: store.Stream{Type: "account", ID: "a"}}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	left, err := filepath.Glob(path + "-*")
	if err != nil || len(left) > 0 {
		t.Fatalf("left %v, %v", left, err)
	}
	if got := count(t, open(t, path)); got != 1 {
		t.Fatalf("got %d records", got)
	}
}

func TestStore_SettingsOfConnections(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "log.db"))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "recursive_triggers": "1",
	} {
		var got string
		if err := s.writer.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v", pragma, got, err)
		}
	}
	if _, err := s.readers.Exec("CREATE TABLE t (id INTEGER)"); !errors.Is(translate(err), store.ErrReadOnly) {
		t.Errorf("a reader writes: got %v", err)
	}
	if err := s.DB().Exec(`SELECT "no_such_column" FROM event_entries`).Error; err == nil {
		t.Error("a misspelt column is taken for a text")
	}
}

func TestDB_ReadersSeeNoOpenTransaction(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "log.db"))
	err := s.DB().Transaction(func(tx *gorm.DB) error {
		if err := s.InsertTx(t.Context(), tx, &store.Batch{Records: []store.Record{record("a", 1)}}); err != nil {
			return err
		}
		if got := count(t, s); got != 0 {
			t.Errorf("a reader sees %d records", got)
		}

		return nil
	})
	if err != nil || count(t, s) != 1 {
		t.Fatalf("got %v, %d records", err, count(t, s))
	}
}

func TestDB_TimesAreSQLites(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "log.db"))
	at := time.Date(2026, 7, 1, 23, 30, 0, 5000, time.FixedZone("east", 3*3600))
	var got string
	if err := s.DB().Raw("SELECT ? || ' ' || strftime('%H:%M', ?)", at, at).Scan(&got).Error; err != nil {
		t.Fatal(err)
	}
	if want := "2026-07-01 20:30:00.000005+00:00 20:30"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMigrations_VersionOnce(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "log.db"))
	err := s.DB().Exec("INSERT INTO ireneo_migrations (version_id, is_applied) VALUES (1, 1)").Error
	if codeOf(err) != codeUnique {
		t.Fatalf("got %v", err)
	}
}

// A cancelled write of the host makes the driver drop its connection. The next
// insert must not meet the statements of the one before.
func TestInsert_AfterCancelledWrite(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "log.db"))
	for v := range int64(3) {
		if err := insert(s, record("a", v+1)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		err := s.DB().WithContext(ctx).Exec(`
			CREATE TABLE endless AS
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
			SELECT COUNT(*) AS c FROM n`).Error
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
	if err := insert(s, record("a", 4), record("a", 5)); err != nil {
		t.Fatal(err)
	}
}

func TestStore_TwoHandles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	first, second := migrated(t, path), open(t, path)
	var wg sync.WaitGroup
	for _, s := range []*Store{first, second} {
		for range 4 {
			wg.Go(func() { writeAll(t, s, "shared", 25) })
		}
	}
	wg.Wait()
	wantRun(t, first, "shared", 200)
}

// writeAll appends n records to one stream in each of the ways there are.
func writeAll(t *testing.T, s *Store, id string, n int) {
	for i := range n {
		b := &store.Batch{Records: []store.Record{record(id, 0)}}
		var err error
		switch i % 3 {
		case 0:
			err = s.Insert(t.Context(), b)
		case 1:
			err = s.Insert(t.Context(), b, &store.Batch{})
		case 2:
			err = s.DB().WithContext(t.Context()).Transaction(func(tx *gorm.DB) error {
				var before int64 // reading first is what a deferred BEGIN would trip over
				return errors.Join(
					tx.Raw("SELECT COUNT(*) FROM event_entries").Scan(&before).Error,
					s.InsertTx(t.Context(), tx, b))
			})
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func wantRun(t *testing.T, s *Store, id string, n int64) {
	t.Helper()
	q := store.Query{Stream: store.Stream{Type: "account", ID: id}, Order: store.ByVersion}
	var version int64
	for r, err := range s.Read(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		if version++; r.Version != version {
			t.Fatalf("got version %d, want %d", r.Version, version)
		}
	}
	if version != n {
		t.Fatalf("got %d records, want %d", version, n)
	}
}

// Several processes open one new file, migrate it and write to it, all at once.
func TestStore_Processes(t *testing.T) {
	if path := os.Getenv("IRENEO_TEST_SQLITE_FILE"); path != "" {
		writeAll(t, migrated(t, path), "shared", 60)
		return
	}

	path := filepath.Join(t.TempDir(), "log.db")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStore_Processes$", "-test.count=1")
			child.Env = append(os.Environ(), "IRENEO_TEST_SQLITE_FILE="+path)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	wantRun(t, open(t, path), "shared", 240)
}

func BenchmarkInsert(b *testing.B) {
	s := migrated(b, filepath.Join(b.TempDir(), "log.db"))
	n := 0
	id := func() string { n++; return fmt.Sprint("debts-", n) }

	b.Run("limit", func(b *testing.B) {
		stmt, err := s.writer.Prepare(insertProved)
		if err != nil {
			b.Fatal(err)
		}
		defer stmt.Close()
		for b.Loop() {
			r := record(id(), 1)
			_, err := stmt.Exec(r.Stream.Type, r.Stream.ID, r.Version, r.EventID[:], r.Type, r.SchemaVersion,
				string(r.Data), string(r.Meta), micros(r.RecordedAt), micros(r.OccurredAt), nil, nil, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, version := range map[string]int64{"proved": 1, "next": 0} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := insert(s, record(id(), version)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
