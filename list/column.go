package list

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/civil"
)

// Column is what rows can be sorted by. Its values are never null, and compare in the
// database as they do in Go; decimals do not on every database.
type Column[R any] struct {
	sql   string
	write func(*R) string
	read  func(string) (any, error)
}

// Text is a column of text: an expression in SQL, and where a row has it.
func Text[R any](sql string, of func(*R) string) Column[R] {
	return Column[R]{sql, of, func(s string) (any, error) {
		if strings.ContainsRune(s, 0) {
			return nil, errors.New("text has a character that databases refuse")
		}
		return s, nil
	}}
}

// Number is a column of whole numbers.
func Number[R any](sql string, of func(*R) int64) Column[R] {
	write := func(r *R) string { return strconv.FormatInt(of(r), 10) }
	return Column[R]{sql, write, func(s string) (any, error) { return strconv.ParseInt(s, 10, 64) }}
}

// Date is a column of dates.
func Date[R any](sql string, of func(*R) civil.Date) Column[R] {
	write := func(r *R) string { return of(r).String() }
	return Column[R]{sql, write, func(s string) (any, error) {
		d, err := civil.ParseDate(s)
		if err == nil && d.Year < 1 {
			return nil, errors.New("date is before the year 1")
		}
		return d, err
	}}
}

// Time is a column of moments.
func Time[R any](sql string, of func(*R) time.Time) Column[R] {
	write := func(r *R) string { return of(r).UTC().Format(time.RFC3339Nano) }
	return Column[R]{sql, write, func(s string) (any, error) {
		t, err := time.Parse(time.RFC3339Nano, s)
		return t.UTC(), err // a TIMESTAMP forgets the zone
	}}
}

// cursor writes a row's place in a list: the sort, its value in the row, and the id.
func cursor(sort, value, id string) (string, error) {
	place, err := json.Marshal([]string{sort, value, id})
	return base64.RawURLEncoding.EncodeToString(place), err
}

// readCursor gives value and id. It fails for a cursor of another sort.
func readCursor(after, sort string) (values []string, ok bool) {
	place, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return nil, false
	}
	var parts []string
	if err := json.Unmarshal(place, &parts); err != nil || len(parts) != 3 || parts[0] != sort {
		return nil, false
	}
	return parts[1:], true
}
