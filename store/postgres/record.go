package postgres

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ireneo-dev/ireneo/store"
)

// recordReader makes records of the rows of one answer: of the bytes that the server has
// sent, where they are in the forms known here. All else is scanned: answers in the text
// form, those of database/sql, and values that are out of the ordinary. Texts that come
// again are kept but once.
type recordReader struct {
	rows   cursor
	raw    pgx.Rows // nil: its rows are scanned
	begun  bool
	stream store.Stream      // of the row before
	types  map[string]string // of events
}

func readerOf(rows cursor) *recordReader {
	return &recordReader{rows: rows, types: map[string]string{}}
}

// record is that of the present row.
func (r *recordReader) record() (store.Record, error) {
	if !r.begun {
		r.begun = true
		if raw, ok := r.rows.(pgx.Rows); ok && binaryForm(raw.FieldDescriptions()) {
			r.raw = raw
		}
	}
	if r.raw != nil {
		if rec, ok := r.decode(r.raw.RawValues()); ok {
			return rec, nil
		}
	}

	return scanRecord(r.rows)
}

// formOf are the types of the columns of fields.
var formOf = []uint32{
	pgtype.Int8OID, pgtype.Int4OID, pgtype.TextOID, pgtype.TextOID, pgtype.Int8OID, pgtype.UUIDOID, pgtype.TextOID, pgtype.Int4OID,
	pgtype.JSONOID, pgtype.JSONOID, pgtype.TimestamptzOID, pgtype.TimestamptzOID, pgtype.TextOID,
}

// binaryForm says whether an answer has the columns of fields, in the binary form where that
// differs from text.
func binaryForm(columns []pgconn.FieldDescription) bool {
	return slices.EqualFunc(columns, formOf, func(column pgconn.FieldDescription, oid uint32) bool {
		alike := oid == pgtype.TextOID || oid == pgtype.JSONOID

		return column.DataTypeOID == oid && (alike || column.Format == pgx.BinaryFormatCode)
	})
}

// decode is the record of a row; not ok where a value is missing, or no time of our age.
func (r *recordReader) decode(row [][]byte) (rec store.Record, ok bool) {
	if len(row) != len(formOf) || slices.ContainsFunc(row, func(value []byte) bool { return value == nil }) {
		return store.Record{}, false
	}

	r.stream = store.Stream{Type: again(row[2], r.stream.Type), ID: again(row[3], r.stream.ID)}
	recorded, inOurAge := instantOf(row[10])
	occurred, too := instantOf(row[11])

	return store.Record{
		Position:       int8Of(row[0]),
		Ordinal:        int4Of(row[1]),
		Stream:         r.stream,
		Version:        int8Of(row[4]),
		EventID:        uuid.UUID(row[5]),
		Type:           r.typeOf(row[6]),
		SchemaVersion:  int4Of(row[7]),
		Data:           slices.Clone(row[8]),
		Meta:           slices.Clone(row[9]),
		RecordedAt:     recorded,
		OccurredAt:     occurred,
		IdempotencyKey: string(row[12]),
	}, inOurAge && too
}

func (r *recordReader) typeOf(text []byte) string {
	name, known := r.types[string(text)]
	if !known {
		name = string(text)
		r.types[name] = name
	}

	return name
}

// again is text as a string, which is that of the row before where they are the same.
func again(text []byte, before string) string {
	if string(text) == before {
		return before
	}

	return string(text)
}

func int8Of(value []byte) int64 { return int64(binary.BigEndian.Uint64(value)) }

func int4Of(value []byte) int { return int(int32(binary.BigEndian.Uint32(value))) }

const (
	in2000 = 946_684_800_000_000 // microseconds from 1970 to where PostgreSQL counts from
	ourAge = 1 << 55             // microseconds, a thousand years and more
)

// instantOf is a time stored as microseconds since 2000. Those long before or after our age,
// and infinite ones, are not ok.
func instantOf(value []byte) (at time.Time, ok bool) {
	micros := int8Of(value)

	return time.UnixMicro(in2000 + micros).UTC(), -ourAge < micros && micros < ourAge
}

func scanRecord(rows cursor) (store.Record, error) {
	var r store.Record
	err := rows.Scan(
		&r.Position, &r.Ordinal, &r.Stream.Type, &r.Stream.ID, &r.Version, &r.EventID, &r.Type, &r.SchemaVersion,
		&r.Data, &r.Meta, &r.RecordedAt, &r.OccurredAt, &r.IdempotencyKey,
	)
	if err != nil {
		return store.Record{}, fmt.Errorf("read a record: %w", err)
	}
	r.RecordedAt, r.OccurredAt = r.RecordedAt.UTC(), r.OccurredAt.UTC()

	return r, nil
}
