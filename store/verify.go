package store

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/big"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// AsOne runs fn in a transaction that only reads, and in which all reads see the database
// as it was at the first of them.
func AsOne(ctx context.Context, s Store, fn func(tx *gorm.DB) error) error {
	return s.DB().WithContext(ctx).Transaction(fn, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

// Keyed selects the rows of a table with these keys.
func Keyed(tx *gorm.DB, key string, keys []string) *gorm.DB {
	return tx.Unscoped().Where(clause.IN{Column: clause.Column{Name: key}, Values: anys(keys)})
}

// KeysAfter reads up to so many keys of a table after one of them, in the table's own
// order. No key at all is before all of them.
func KeysAfter(ctx context.Context, tx *gorm.DB, table, key string, after *string, limit int) (keys []string, err error) {
	column := clause.Column{Name: key}
	q := tx.WithContext(ctx).Table(table).Clauses(clause.OrderBy{Columns: []clause.OrderByColumn{{Column: column}}}).Limit(limit)
	if after != nil {
		q = q.Where(clause.Gt{Column: column, Value: *after})
	}
	return keys, wrap("read the keys of "+table, q.Pluck(key, &keys).Error)
}

// WithStreams returns those of these ids of which there is a stream of one of some types
// with an event of one of some types, up to a position. Nil events are all types.
func WithStreams(ctx context.Context, tx *gorm.DB, streams, ids, events []string, upTo int64) (known []string, err error) {
	q := tx.WithContext(ctx).Table("event_entries").Distinct("stream_id").
		Where("stream_type IN ? AND stream_id IN ?", streams, ids)
	if events != nil {
		q = q.Where("type IN ?", events)
	}
	if upTo > 0 {
		q = q.Where("position <= ?", upTo)
	}
	return known, wrap("read which streams there are", q.Pluck("stream_id", &known).Error)
}

func anys(list []string) []any {
	all := make([]any, len(list))
	for i, s := range list {
		all[i] = s
	}
	return all
}

// Same reports whether two values of a row are the same to a database: instants to the
// microsecond, and numbers that are written as text, as decimals are, by value. numeric
// says that a text may be such a number.
func Same(a, b any, numeric bool) (bool, error) {
	a, errA := Plain(a)
	b, errB := Plain(b)
	if err := errors.Join(errA, errB); err != nil {
		return false, err
	}
	switch x := a.(type) {
	case []byte:
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y), nil
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y), nil
	case string:
		y, ok := b.(string)
		return ok && (x == y || numeric && sameNumber(x, y)), nil
	}
	return a == b, nil
}

func sameNumber(x, y string) bool {
	a, okA := new(big.Rat).SetString(x)
	b, okB := new(big.Rat).SetString(y)
	return okA && okB && a.Cmp(b) == 0
}

// Plain is a value of a row as a driver gets it: nil, an integer, a float, a truth value,
// bytes, a text or an instant.
func Plain(v any) (any, error) {
	v, err := driver.DefaultParameterConverter.ConvertValue(v)
	if err != nil {
		return nil, fmt.Errorf("value of a row: %w", err)
	}
	if t, ok := v.(time.Time); ok {
		v = t.UTC().Truncate(time.Microsecond)
	}
	return v, nil
}
