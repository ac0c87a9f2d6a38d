package postgres

import (
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/store"
)

// upsert is the statement that inserts a row or, where its key is there already,
// updates the other columns. Its text depends only on table, key and columns, so
// that pgx prepares it once a connection.
func upsert(row store.Row) string {
	var b strings.Builder
	b.WriteString("INSERT INTO ")
	b.WriteString(pgx.Identifier(strings.Split(row.Table, ".")).Sanitize())
	b.WriteString(" (")
	for i, column := range row.Columns {
		b.WriteString(separator(i))
		b.WriteString(quote(column))
	}
	b.WriteString(")\nVALUES (")
	for i := range row.Columns {
		b.WriteString(separator(i))
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")\nON CONFLICT (" + quote(row.Key) + ") DO ")
	writeUpdate(&b, row)

	return b.String()
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

// values are the row's, with instants in UTC and whole microseconds, as every
// database here keeps them.
func values(row store.Row) []any {
	out := make([]any, len(row.Values))
	for i, v := range row.Values {
		switch v := v.(type) {
		case time.Time:
			out[i] = micros(v)
		case *time.Time:
			if v != nil {
				out[i] = micros(*v)
			}
		default:
			out[i] = v
		}
	}

	return out
}

func separator(i int) string {
	if i == 0 {
		return ""
	}

	return ", "
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
