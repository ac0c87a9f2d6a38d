package ireneo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo/internal/condition"
	"github.com/ireneo-dev/ireneo/internal/seek"
	"github.com/ireneo-dev/ireneo/store"
)

// Search is a part of the log, for people to look at. Its fields must all match; the zero
// value is all of it.
type Search struct {
	// Types are stored names and patterns of them, as those of a Filter. Names that nobody
	// knows find nothing.
	Types []string

	// Streams are types of streams, patterns of them, single streams and patterns of those,
	// likewise.
	Streams []string

	// Where compares the payload and the meta.
	Where []Condition

	// Text is contained, in any case of letters, in the stream's id or in a value of the
	// payload or the meta.
	Text string

	// From and To bound recorded_at and are themselves included. Their place in the log is
	// found by halving it, so that an event may be missed whose recorder's clock was more
	// than an hour apart from those of others.
	From, To time.Time

	// After and Before bound the place in the log and are themselves left out.
	After, Before Point

	// Oldest begins with the oldest event instead of the newest.
	Oldest bool

	// Limit is how many events are found at most. Defaults to 50, at most 1000.
	Limit int

	// Patience is after what time a search gives up that has much to look at. Defaults to
	// 2 seconds.
	Patience time.Duration
}

// Condition compares one value of an event. Field is meta.actor or a path into the payload
// as this program reads it: amount, customer.name, lines.0.amount. Without its place every
// element of a list is looked at. Op is one of = != > >= < <= and ~, which asks whether
// Value is contained, in any case of letters. Numbers are compared as such. The value of a
// sensitive field is [masked], and payloads that this program cannot read fulfil nothing.
type Condition struct{ Field, Op, Value string }

// Point is the place of an event in the whole log: the position of its append, and its
// place in that, from 1.
type Point struct {
	Position int64 `json:"position"`
	Ordinal  int   `json:"ordinal"`
}

// String is the point as ParsePoint reads it, such as 42.1.
func (p Point) String() string {
	return strconv.FormatInt(p.Position, 10) + "." + strconv.Itoa(p.Ordinal)
}

// ParsePoint reads what String writes. A position without an ordinal is where its append
// begins.
func ParsePoint(text string) (Point, error) {
	position, ordinal, both := strings.Cut(text, ".")
	p, err := strconv.ParseInt(position, 10, 64)
	o := int64(0)
	if err == nil && both {
		o, err = strconv.ParseInt(ordinal, 10, 32)
	}
	if err != nil || p < 0 || o < 0 {
		return Point{}, fmt.Errorf("%q is no place in the log: write it as 42 or 42.1", text)
	}
	return Point{p, int(o)}, nil
}

// Found is what a Search has found.
type Found struct {
	Events []StoredEvent `json:"events"` // newest first, unless Search.Oldest
	More   bool          `json:"more"`   // there is more behind them

	// Stopped is where the search gave up: to go on, search Before it, or with Oldest After
	// it. Nil where it did not.
	Stopped *Point `json:"stopped,omitempty"`
}

// The bounds of Search.Limit.
const (
	usualFound = 50
	maxFound   = 1000
)

// Search looks for events of any stream, settled or not. What is selected by the names of
// types, by single streams, by the meta's correlation id or by its causation id has an
// index; all else is compared one by one. It is ErrInvalidFilter where something cannot be
// asked for.
func (l *Log) Search(ctx context.Context, s Search) (*Found, error) {
	s.Limit = min(cmp.Or(max(s.Limit, 0), usualFound), maxFound)
	found := &Found{Events: []StoredEvent{}}
	look, err := l.seek(ctx, s)
	if err != nil || look == nil {
		return found, err
	}
	records, stopped, err := look.Run(ctx)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}

	found.More, found.Stopped = len(records) > s.Limit, (*Point)(stopped)
	for _, r := range records[:min(len(records), s.Limit)] {
		if err := ctx.Err(); err != nil { // large payloads take their time
			return nil, fmt.Errorf("search: %w", err)
		}
		found.Events = append(found.Events, l.storedEvent(r))
	}
	return found, nil
}

// seek prepares a search for one more than its limit; nil where nothing can be found.
func (l *Log) seek(ctx context.Context, s Search) (*seek.Seek, error) {
	if most := max(len(s.Types), len(s.Streams), len(s.Where)); most > maxNames {
		return nil, fmt.Errorf("%w: %d types, streams or conditions are too many, at most %d of each may be searched for", ErrInvalidFilter, most, maxNames)
	}
	base := store.Browse{
		After: store.Point(s.After), Before: store.Point(s.Before), Oldest: s.Oldest,
		RecordedFrom: moment(s.From), RecordedUntil: moment(s.To),
	}
	fits, err := l.compares(s, &base)
	if err != nil {
		return nil, err
	}
	if base.Types, err = l.storedNames(ctx, s.Types); err != nil || s.Types != nil && len(base.Types) == 0 {
		return nil, err
	}
	timed := !s.From.IsZero() || !s.To.IsZero()
	if timed {
		if err := l.narrow(ctx, &base); err != nil {
			return nil, err
		}
	}
	parts, single, err := l.divide(ctx, base, s.Streams)
	if err != nil || len(parts) == 0 {
		return nil, err
	}

	look := &seek.Seek{Log: l.store, Parts: parts, Fits: fits, Limit: s.Limit + 1}
	look.Until = time.Now().Add(cmp.Or(s.Patience, 2*time.Second))
	look.Indexed = single || base.Types != nil || base.Correlation != "" || base.Causation != "" || s.Streams == nil && !timed
	return look, nil
}

// narrow bounds the places by the times.
func (l *Log) narrow(ctx context.Context, b *store.Browse) error {
	after, before, err := seek.Between(ctx, l.store, b.RecordedFrom, b.RecordedUntil)
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	if behind(after, b.After) {
		b.After = after
	}
	if before != (store.Point{}) && (b.Before == (store.Point{}) || behind(b.Before, before)) {
		b.Before = before
	}
	return nil
}

// behind reports whether a comes after b in the log.
func behind(a, b store.Point) bool {
	return a.Position > b.Position || a.Position == b.Position && a.Ordinal > b.Ordinal
}

// maxNames bounds of how many types or streams one search is.
const maxNames = 50

// storedNames are the names by which records of some types are stored.
func (l *Log) storedNames(ctx context.Context, patterns []string) ([]string, error) {
	if patterns == nil {
		return nil, nil
	}
	known := slices.Collect(maps.Keys(l.types))
	if slices.ContainsFunc(patterns, func(p string) bool { return strings.HasSuffix(p, "*") }) {
		stored, err := store.TypeNames(ctx, l.store)
		if err != nil {
			return nil, err
		}
		known = append(known, stored...)
	}
	var names []string
	for _, p := range patterns {
		if _, _, err := parsePattern(p); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidFilter, err)
		}
		for _, name := range append(known, p) {
			if !fits(p, name) || strings.HasSuffix(name, "*") {
				continue
			}
			names = append(names, name)
			if t := l.types[name]; t != nil && t.name == name { // and what it was called before
				names = append(names, t.names()...)
			}
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > maxNames {
		return nil, fmt.Errorf("%w: these are %d types of events, at most %d may be searched for", ErrInvalidFilter, len(names), maxNames)
	}
	return names, nil
}

// divide makes one part for each of the streams. single says that they are no patterns.
func (l *Log) divide(ctx context.Context, base store.Browse, patterns []string) (parts []store.Browse, single bool, err error) {
	if patterns == nil {
		return []store.Browse{base}, false, nil
	}
	single = true
	for _, p := range patterns {
		before, star, err := parsePattern(p)
		if err != nil {
			return nil, false, fmt.Errorf("%w: %w", ErrInvalidFilter, err)
		}
		typ, id, named := strings.Cut(before, "/")
		types := []string{typ}
		if star && !named {
			if types, err = l.streamTypes(ctx, typ); err != nil {
				return nil, false, err
			}
		}
		single = single && id != "" && !star
		for _, typ := range types {
			part := base
			part.Stream, part.Prefix = store.Stream{Type: typ, ID: id}, star && id != ""
			parts = append(parts, part)
		}
	}
	if len(parts) > maxNames {
		return nil, false, fmt.Errorf("%w: these are %d streams, at most %d may be searched", ErrInvalidFilter, len(parts), maxNames)
	}
	return parts, single, nil
}

// streamTypes are the types of streams that begin with a text, declared or only stored.
func (l *Log) streamTypes(ctx context.Context, prefix string) ([]string, error) {
	names, err := store.StreamTypes(ctx, l.store)
	if err != nil {
		return nil, err
	}
	names = slices.AppendSeq(names, maps.Keys(l.plans))
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	slices.Sort(names)
	return slices.Compact(names), nil
}

// compares makes a test of what no index finds, nil where there is nothing of the kind,
// and has the rest in base.
func (l *Log) compares(s Search, base *store.Browse) (func(*store.Record) bool, error) {
	var payload, meta []condition.Condition
	for _, c := range s.Where {
		path, ofMeta := strings.CutPrefix(c.Field, "meta.")
		if ofMeta && c.Op == "=" && indexed(path, c.Value, base) {
			continue
		}
		compiled, err := condition.New(path, c.Op, c.Value)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidFilter, err)
		}
		if ofMeta {
			meta = append(meta, compiled)
		} else {
			payload = append(payload, compiled)
		}
	}
	if len(payload) == 0 && len(meta) == 0 && s.Text == "" {
		return nil, nil
	}
	return comparing{l, payload, meta, strings.ToLower(s.Text)}.fits, nil
}

// indexed has a condition on the meta looked up in an index, if there is one.
func indexed(path, value string, base *store.Browse) bool {
	for key, want := range map[string]*string{CorrelationKey: &base.Correlation, CausationKey: &base.Causation} {
		if path == key && value != "" && *want == "" {
			*want = value
			return true
		}
	}
	return false
}

// comparing looks at single records.
type comparing struct {
	log           *Log
	payload, meta []condition.Condition
	text          string // in lower case
}

func (c comparing) fits(r *store.Record) bool {
	meta := condition.Decode(r.Meta)
	for _, cond := range c.meta { // first, because the payload costs more
		if !cond.Holds(meta) {
			return false
		}
	}
	told := c.text == "" || strings.Contains(strings.ToLower(r.Stream.ID), c.text) || condition.Contains(meta, c.text)
	if told && len(c.payload) == 0 {
		return true
	}
	payload, known := c.log.shown(*r)
	if !known {
		return false
	}
	for _, cond := range c.payload {
		if !cond.Holds(payload) {
			return false
		}
	}
	return told || condition.Contains(payload, c.text)
}
