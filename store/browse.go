package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
)

// Point is a record's place in the whole log.
type Point struct {
	Position int64
	Ordinal  int
}

// Browse selects records of the whole log. The zero value of each field but Limit means no
// bound.
//
// An index helps with Correlation, Causation, one stream and Types, and the first of these
// that is given is followed; with it, and along the log where none of them is given, After
// and Before cost nothing. All else is looked up record by record: who asks for a rare one
// narrows the part of the log by After and Before.
type Browse struct {
	Types         []string  // only records of these types; nil is all of them
	Stream        Stream    // only of this type; only this one, if its ID is set as well
	Prefix        bool      // Stream.ID is the beginning of ids
	Correlation   string    // only records with this text as the correlation_id of their meta
	Causation     string    // only records with this text as the causation_id of their meta
	After         Point     // only records after it
	Before        Point     // only records before it
	RecordedFrom  time.Time // only recorded_at from
	RecordedUntil time.Time // only recorded_at up to
	Oldest        bool      // from After upwards, oldest first
	Limit         int       // at most so many records; zero is none
}

// Heads selects streams of one type.
type Heads struct {
	Type      string
	Prefix    string // only ids that begin with it
	After     string // only ids after this one, or with Backwards before it; empty is no bound
	Backwards bool   // by stream id descending
	Limit     int    // at most so many streams; zero is none
}

// Info describes a database.
type Info struct {
	Kind        string // PostgreSQL or SQLite
	Version     string // of the server or the library
	Name        string // of the database or its file
	Bytes       int64  // that it takes, as it says itself
	Connections Connections
}

// Connections are those of a store.
type Connections struct {
	Max    int   // there will never be more
	Open   int   // there are now
	InUse  int   // of them are at work
	Waited int64 // so often none was free since the store was opened
}

// MaxID is how many characters a correlation or causation id may have to be found.
const MaxID = 200

// Findable says whether records can be looked up by a correlation or causation id. An append
// must never fail for what a meta says, so databases are given none that they would refuse,
// and indexes none that does not fit.
func Findable(id string) bool {
	return id != "" && utf8.RuneCountInString(id) <= MaxID && storable(id)
}

// OneStream says whether q is about a single stream.
func (q Browse) OneStream() bool { return q.Stream.Type != "" && q.Stream.ID != "" && !q.Prefix }

// Nothing says that no record can be what q selects. Databases refuse texts that none of
// their records can have.
func (q Browse) Nothing() bool {
	texts := append(slices.Clone(q.Types), q.Stream.Type, q.Stream.ID)
	noID := q.Correlation != "" && !Findable(q.Correlation) || q.Causation != "" && !Findable(q.Causation)

	return q.Limit < 1 || q.Types != nil && len(q.Types) == 0 || noID || !storable(texts...)
}

// Nothing says that no stream can be what q selects.
func (q Heads) Nothing() bool { return q.Limit < 1 || !storable(q.Type, q.Prefix, q.After) }

func storable(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) || strings.Contains(s, "\x00") })
}

// PrefixEnd is the least text that is greater than all that begin with prefix, where texts
// are in the order of their bytes; empty where there is none. Both are valid UTF-8.
func PrefixEnd(prefix string) string {
	runes := []rune(prefix)
	for len(runes) > 0 {
		last := &runes[len(runes)-1]
		if *last < utf8.MaxRune {
			*last++
			if !utf8.ValidRune(*last) {
				*last = 0xE000 // the first one behind the surrogates
			}
			return string(runes)
		}
		runes = runes[:len(runes)-1]
	}

	return ""
}

// Versions are those of the one stream of q that lie between q.After and q.Before: from the
// first of them up to, and without, until. Within a stream the order of versions is that of
// the log, so a few records tell.
func Versions(ctx context.Context, log Log, q Browse) (from, until int64, err error) {
	from, until = 1, math.MaxInt64
	if q.After != (Point{}) {
		from, err = versionAt(ctx, log, q.Stream, func(p Point) bool { return q.After.before(p) })
	}
	if q.Before != (Point{}) && err == nil {
		until, err = versionAt(ctx, log, q.Stream, func(p Point) bool { return !p.before(q.Before) })
	}

	return from, until, err
}

// versionAt is the version of the first record of a stream that has come so far, or of the
// one that would follow the last.
func versionAt(ctx context.Context, log Log, stream Stream, reached func(Point) bool) (version int64, err error) {
	one := func(q Query) (found Record) {
		q.Stream, q.Limit = stream, 1
		for r, readErr := range log.Read(ctx, q) {
			found, err = r, readErr
		}
		return found
	}

	last := one(Query{Order: LastFirst}).Version
	passed := sort.Search(int(last), func(n int) bool {
		if err != nil {
			return true
		}
		r := one(Query{Order: ByVersion, AfterVersion: int64(n)})
		return reached(Point{Position: r.Position, Ordinal: r.Ordinal})
	})

	return int64(passed) + 1, err
}

func (p Point) before(other Point) bool {
	return p.Position < other.Position || p.Position == other.Position && p.Ordinal < other.Ordinal
}

// TypeNames are the types of which there are records, in the order of their bytes.
func TypeNames(ctx context.Context, s Store) ([]string, error) {
	return distinct(ctx, s, "type")
}

// StreamTypes are the types of which there are streams, in the order of their bytes.
func StreamTypes(ctx context.Context, s Store) ([]string, error) {
	return distinct(ctx, s, "stream_type")
}

// distinct jumps along an index from one value of a column to the next, so that it does not
// matter how long the log is (PostgreSQL's wiki: Loose indexscan).
func distinct(ctx context.Context, s Store, column string) (values []string, err error) {
	err = scan(s.DB().WithContext(ctx).Raw(strings.ReplaceAll(`
		SELECT value
		FROM (
			WITH RECURSIVE known (value) AS (
				SELECT MIN($column)
				FROM event_entries
				UNION ALL
				SELECT (
					SELECT MIN($column)
					FROM event_entries
					WHERE $column > known.value
				)
				FROM known
				WHERE known.value IS NOT NULL
			)
			SELECT value
			FROM known
			WHERE value IS NOT NULL
		) AS jumps
		ORDER BY value`, "$column", column)), &values)
	if err != nil {
		return nil, fmt.Errorf("read each %s of the log: %w", column, err)
	}

	return values, nil
}

// CountUpTo counts the records of a type, and stops at limit.
func CountUpTo(ctx context.Context, s Store, typ string, limit int) (records int64, err error) {
	if !storable(typ) {
		return 0, nil
	}
	// The bounds and the order leave a database nothing to follow but the index of types.
	err = scan(s.DB().WithContext(ctx).Raw(`
		SELECT COUNT(*)
		FROM (
			SELECT type
			FROM event_entries
			WHERE type >= ?
			AND type <= ?
			ORDER BY type
			LIMIT ?
		) AS counted`, typ, typ, limit), &records)
	if err != nil {
		return 0, fmt.Errorf("count the records of %s: %w", typ, err)
	}

	return records, nil
}

// scan reads the answer of a query. GORM leaves the errors of such ones as the driver has
// them.
func scan(query *gorm.DB, into any) error {
	err := query.Scan(into).Error
	if translator, ok := query.Dialector.(gorm.ErrorTranslator); ok && err != nil {
		return translator.Translate(err)
	}

	return err
}
