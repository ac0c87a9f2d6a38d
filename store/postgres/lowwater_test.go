package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
)

// heldBounds are the bounds of the low-water locks that are held on the log, as a
// reader asks for them.
func heldBounds(t *testing.T, s *Store) []int64 {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `
		SELECT objid::bigint
		FROM pg_locks
		WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND classid = 'event_entries'::regclass::oid
		AND objsubid = 2
		AND mode = 'ShareLock'
		AND granted
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	bounds, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}

	return bounds
}

func TestStore_LowWaterLock(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	var batch *store.Batch
	held := [][]int64{}
	for i, records := range []int{1, 3, 1, 2} {
		tx := s.DB().WithContext(t.Context()).Begin()
		batch = &store.Batch{}
		for range records {
			batch.Records = append(batch.Records, benchRecord(int64(i%2)))
		}
		if err := s.InsertTx(t.Context(), tx, batch); err != nil {
			t.Fatal(err)
		}
		bounds := heldBounds(t, s)
		if len(bounds) != 1 || bounds[0] >= batch.Records[0].Position {
			t.Errorf("%d records: locks %v with position %d drawn", records, bounds, batch.Records[0].Position)
		}
		held = append(held, bounds)
		if err := tx.Commit().Error; err != nil {
			t.Fatal(err)
		}
	}

	if after := heldBounds(t, s); len(after) != 0 {
		t.Errorf("got %v after the commits", after)
	}
	if bounds := slices.Concat(held...); !slices.Equal(bounds, []int64{0, 1, 4, 5}) {
		t.Errorf("got bounds %v", bounds)
	}
}

// drawn is what one statement did: the bound of its lock, the position it drew, and
// how many positions had been drawn by the time the lock was there.
type drawn struct{ bound, position, drawnAtLock int64 }

// spy runs an insert statement in which the lock's bound is taken down at the moment
// the lock is taken: the sequence then tells whether a position was drawn before.
func spy(t *testing.T, s *Store, statement string, args []any) drawn {
	t.Helper()
	var d drawn
	ctx := t.Context()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, sql := range []string{
			`CREATE TEMP SEQUENCE bound MINVALUE 0`,
			`CREATE TEMP SEQUENCE seen MINVALUE 0`,
			`CREATE FUNCTION pg_temp.spying(class int, bound int) RETURNS text LANGUAGE plpgsql AS $$
			BEGIN
				PERFORM pg_advisory_xact_lock_shared(class, bound);
				PERFORM setval('pg_temp.bound', bound);
				PERFORM setval('pg_temp.seen', (
					SELECT CASE WHEN is_called THEN last_value ELSE 0 END
					FROM event_entries_position_seq));
				RETURN '';
			END $$`,
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}

		statement = strings.Replace(statement, "pg_advisory_xact_lock_shared", "pg_temp.spying", 1)
		if err := tx.QueryRow(ctx, statement, args...).Scan(&d.position); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `
			SELECT bound.last_value, seen.last_value
			FROM pg_temp.bound, pg_temp.seen`).Scan(&d.bound, &d.drawnAtLock)

		return errors.Join(err, errUndo)
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}

	return d
}

var errUndo = errors.New("undo")

// What the spy would see of a statement that draws first and locks then.
const mutant = `
	WITH drawn AS MATERIALIZED (
		SELECT nextval('event_entries_position_seq') AS position
	), floor AS MATERIALIZED (
		SELECT pg_advisory_xact_lock_shared(
			'event_entries'::regclass::oid::bigint::bit(32)::int,
			(CASE WHEN is_called THEN last_value ELSE 0 END)::bit(32)::int)
		FROM drawn, event_entries_position_seq
	)
	INSERT INTO event_entries (
		position, stream_type, stream_id, version, event_id, type, schema_version,
		data, meta, recorded_at, occurred_at, idempotency_key)
	SELECT drawn.position, $1::text, $2::text, $3::bigint, $4::uuid, $5::text, $6::int,
		$7::json, $8::json, $9::timestamptz, $10::timestamptz, $11::text
	FROM drawn, floor
	RETURNING position`

func TestStore_LockComesBeforePosition(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	one := newRecords([]*store.Batch{{Records: []store.Record{benchRecord(1)}}}).args()
	many := newRecords([]*store.Batch{{Records: []store.Record{benchRecord(1), benchRecord(1)}}}).args()

	for name, c := range map[string]struct {
		statement string
		args      []any
		good      bool
	}{
		"one":    {insertOneProved, one, true},
		"next":   {strings.TrimSuffix(insertOneNext, taken), one, true},
		"many":   {insertManyProved, many, true},
		"mutant": {mutant, one, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := spy(t, s, c.statement, c.args)
			if good := d.bound < d.position && d.drawnAtLock < d.position; good != c.good {
				t.Errorf("got %+v", d)
			}
		})
	}
}

// Positions above 2^31 and 2^32 must wrap in the lock's key, not fail.
func TestStore_LockOfHighPositions(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	for _, last := range []int64{1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<40 + 7} {
		if err := s.DB().Exec("SELECT setval('event_entries_position_seq', ?)", last).Error; err != nil {
			t.Fatal(err)
		}
		tx := s.DB().WithContext(t.Context()).Begin()
		batch := &store.Batch{Records: []store.Record{benchRecord(1)}}
		if err := s.InsertTx(t.Context(), tx, batch); err != nil {
			t.Fatal(err)
		}
		if got := heldBounds(t, s); !slices.Equal(got, []int64{last & (1<<32 - 1)}) || batch.Records[0].Position != last+1 {
			t.Errorf("last %d: got locks %v, position %d", last, got, batch.Records[0].Position)
		}
		if err := tx.Rollback().Error; err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen_ErrNoDatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}

	_, err = Open(t.Context(), strings.Replace(url, "/"+config.Database+"?", "/nowhere_to_be_found?", 1))
	if !errors.Is(err, store.ErrNoDatabase) {
		t.Fatalf("got %v", err)
	}
}

func TestOpen_ErrUnavailable(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), "postgres://nobody@127.0.0.1:1/nothing?connect_timeout=2")
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestStore_ErrReadOnly(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	readOnly := open(t, withParam(s, "default_transaction_read_only=on"))

	err := readOnly.Insert(t.Context(), &store.Batch{Records: []store.Record{benchRecord(1)}})[0]
	if !errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("got %v", err)
	}
}

func withParam(s *Store, param string) string {
	url := s.pool.Config().ConnString()
	if strings.Contains(url, "?") {
		return url + "&" + param
	}

	return url + "?" + param
}

func TestStore_ErrImmutable(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	for _, sql := range []string{"TRUNCATE event_entries", "DELETE FROM event_entries", "UPDATE event_entries SET meta = '{}'"} {
		if err := translate(s.DB().Exec(sql).Error); !errors.Is(err, store.ErrImmutable) {
			t.Errorf("%s: got %v", sql, err)
		}
	}
}

// An insert that waits for another transaction's and loses its connection must not
// say that nothing was written.
func TestInsert_ErrOutcomeUnknown(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, s *Store, cancel func()){
		"Cancelled":  func(_ *testing.T, _ *Store, cancel func()) { cancel() },
		"Terminated": func(t *testing.T, s *Store, _ func()) { terminateWaiting(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, held := migrated(t), benchRecord(1)
			rival := held
			rival.EventID[15]++
			tx := s.DB().WithContext(t.Context()).Begin()
			defer tx.Rollback()
			if err := s.InsertTx(t.Context(), tx, &store.Batch{Records: []store.Record{held}}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			answer := make(chan error)
			go func() { answer <- s.Insert(ctx, &store.Batch{Records: []store.Record{rival}})[0] }()
			waitForWaiting(t, s)
			lose(t, s, cancel)

			if err := <-answer; !errors.Is(err, store.ErrOutcomeUnknown) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

const waiting = `
	SELECT pid
	FROM pg_stat_activity
	WHERE wait_event_type = 'Lock'
	AND query LIKE '%event_entries%'
	AND 'event_entries'::regclass::oid IN (
		SELECT relation
		FROM pg_locks AS l
		WHERE l.pid = pg_stat_activity.pid)`

func waitForWaiting(t *testing.T, s *Store) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var pid int
		err := s.pool.QueryRow(t.Context(), waiting).Scan(&pid)
		if err == nil {
			return
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
		<-tick.C
	}
}

func terminateWaiting(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM ("+waiting+") AS w"); err != nil {
		t.Fatal(err)
	}
}
