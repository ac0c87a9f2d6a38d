package postgres

import (
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/store"
)

const (
	maxParameters = 65535 // of a statement
	oneRow        = 0     // parameters that make each row a statement of its own
)

// upsert is the statement that inserts rows of one group or, where a key is there
// already, updates the other columns. Its text depends only on table, key, columns and
// the number of rows, so that pgx prepares it once a connection.
func upsert(rows []store.Row) string {
	var b strings.Builder
	writeInsert(&b, rows)
	b.WriteString("\nON CONFLICT (" + quote(rows[0].Key) + ") DO ")
	writeUpdate(&b, rows[0])

	return b.String()
}

// insertOnly is the statement that inserts rows of one group.
func insertOnly(rows []store.Row) string {
	var b strings.Builder
	writeInsert(&b, rows)

	return b.String()
}

func writeInsert(b *strings.Builder, rows []store.Row) {
	b.WriteString("INSERT INTO ")
	b.WriteString(quoteTable(rows[0].Table))
	b.WriteString(" (")
	for i, column := range rows[0].Columns {
		b.WriteString(separator(i))
		b.WriteString(quote(column))
	}
	b.WriteString(")\nVALUES ")
	for i := range rows {
		b.WriteString(separator(i))
		writeParameters(b, i*len(rows[0].Columns), len(rows[0].Columns))
	}
}

func writeParameters(b *strings.Builder, before, n int) {
	b.WriteString("(")
	for i := range n {
		b.WriteString(separator(i))
		b.WriteString("$" + strconv.Itoa(before+i+1))
	}
	b.WriteString(")")
}

func writeUpdate(b *strings.Builder, row store.Row) {
	written := 0
	for _, column := range row.Columns {
		if column == row.Key {
			continue
		}
		if written == 0 {
			b.WriteString("UPDATE SET ")
		}
		b.WriteString(separator(written))
		b.WriteString(quote(column) + " = EXCLUDED." + quote(column))
		written++
	}
	if written == 0 {
		b.WriteString("NOTHING")
	}
}

// values are those of the rows, one row after the other.
func values(rows []store.Row) []any {
	out := make([]any, 0, len(rows)*len(rows[0].Values))
	for _, row := range rows {
		for _, v := range row.Values {
			out = append(out, value(v))
		}
	}

	return out
}

// value is v, but an instant in UTC and whole microseconds, as every database here
// keeps them.
func value(v any) any {
	switch v := v.(type) {
	case time.Time:
		return micros(v)
	case *time.Time:
		if v == nil {
			return nil
		}

		return micros(*v)
	}

	return v
}

func separator(i int) string {
	if i == 0 {
		return ""
	}

	return ", "
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func quoteTable(name string) string { return pgx.Identifier(strings.Split(name, ".")).Sanitize() }
