package postgres

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

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
	if bounds := slices.Concat(held...); !slices.Equal(bounds, []int64{0, 1, 2, 3}) {
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
		var ordinal int32
		if err := tx.QueryRow(ctx, statement, args...).Scan(&d.position, &ordinal); err != nil {
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
		position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
		data, meta, recorded_at, occurred_at, idempotency_key, correlation_id, causation_id)
	SELECT drawn.position, 1, $1::text, $2::text, $3::bigint, $4::uuid, $5::text, $6::int,
		$7::json, $8::json, $9::timestamptz, $10::timestamptz, $11::text, $12::text, $13::text
	FROM drawn, floor
	RETURNING position, ordinal`

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
		"drawn":  {"SELECT nextval, 1 FROM (" + drawSQL + ") AS drawn", nil, true},
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
