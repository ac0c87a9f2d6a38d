package sqlite

import (
	"database/sql"
	"fmt"

	"github.com/ireneo-dev/ireneo/store"
)

// recordReader makes records of the rows of one answer. It takes numbers as the driver gives
// them, which database/sql would convert by reflection.
type recordReader struct {
	rows    *sql.Rows
	rec     store.Record
	numbers [6]any
	into    [13]any // pointers to these
}

func readerOf(rows *sql.Rows) *recordReader {
	r := &recordReader{rows: rows}
	rec, n := &r.rec, &r.numbers
	r.into = [13]any{
		&n[0], &n[1], &rec.Stream.Type, &rec.Stream.ID, &n[2], &rec.EventID, &rec.Type, &n[3],
		&rec.Data, &rec.Meta, &n[4], &n[5], &rec.IdempotencyKey,
	}

	return r
}

// record is that of the present row.
func (r *recordReader) record() (store.Record, error) {
	if r.rows.Scan(r.into[:]...) != nil {
		return scanRecord(r.rows) // which says what is wrong
	}

	var n [6]int64
	for i, number := range r.numbers {
		var ok bool
		if n[i], ok = number.(int64); !ok {
			return scanRecord(r.rows)
		}
	}
	r.rec.Position, r.rec.Ordinal, r.rec.Version, r.rec.SchemaVersion = n[0], int(n[1]), n[2], int(n[3])
	r.rec.RecordedAt, r.rec.OccurredAt = instant(n[4]), instant(n[5])

	return r.rec, nil
}

func scanRecord(rows *sql.Rows) (store.Record, error) {
	var r store.Record
	var recorded, occurred int64
	err := rows.Scan(
		&r.Position, &r.Ordinal, &r.Stream.Type, &r.Stream.ID, &r.Version, &r.EventID, &r.Type, &r.SchemaVersion,
		&r.Data, &r.Meta, &recorded, &occurred, &r.IdempotencyKey,
	)
	if err != nil {
		return store.Record{}, fmt.Errorf("read a record: %w", err)
	}
	r.RecordedAt, r.OccurredAt = instant(recorded), instant(occurred)

	return r, nil
}
