package sqlite

import (
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// upsert is the statement that inserts a row or, where its key is there already,
// updates the other columns. Its text depends only on table, key and columns, so
// that it is prepared once.
func upsert(row store.Row) string {
	var b strings.Builder
	b.WriteString("INSERT INTO ")
	b.WriteString(quoteTable(row.Table))
	b.WriteString(" (")
	for i, column := range row.Columns {
		b.WriteString(separator(i))
		b.WriteString(quote(column))
	}
	b.WriteString(")\nVALUES (")
	for i := range row.Columns {
		b.WriteString(separator(i))
		b.WriteString("?")
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
			out[i] = v.UTC().Truncate(time.Microsecond)
		case *time.Time:
			if v != nil {
				out[i] = v.UTC().Truncate(time.Microsecond)
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

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteTable(name string) string {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		parts[i] = quote(part)
	}

	return strings.Join(parts, ".")
}
