package ireneo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo/internal/seek"
	"github.com/ireneo-dev/ireneo/store"
)

// StreamInfo is what is declared of a type of streams.
type StreamInfo struct {
	Type          string   `json:"type"`
	Declared      bool     `json:"declared"` // else the log has such streams, but this program does not know them
	Purpose       string   `json:"purpose"`
	Pattern       string   `json:"pattern,omitempty"`    // what ids look like
	CreatedBy     string   `json:"created_by,omitempty"` // stored names of events
	ClosedBy      string   `json:"closed_by,omitempty"`
	Retention     string   `json:"retention"`
	Related       []string `json:"related"`               // types of streams
	Consistency   string   `json:"consistency,omitempty"` // names of projections
	Transactional []string `json:"transactional"`
	Async         []string `json:"async"`
}

// StreamTypes are all types of streams, by name: those that are declared, and those that
// the log has all the same.
func (l *Log) StreamTypes(ctx context.Context) ([]StreamInfo, error) {
	names, err := l.streamTypes(ctx, "")
	if err != nil {
		return nil, err
	}
	all := make([]StreamInfo, 0, len(names))
	for _, name := range names {
		all = append(all, l.streamInfo(name))
	}
	return all, nil
}

func (l *Log) streamInfo(typ string) StreamInfo {
	info := StreamInfo{Type: typ, Related: []string{}, Transactional: []string{}, Async: []string{}}
	p := l.plans[typ]
	if p == nil {
		return info
	}
	s := p.stream
	info.Declared, info.Purpose, info.Pattern = true, s.Purpose, s.Pattern
	info.CreatedBy, info.ClosedBy, info.Retention = s.CreatedBy, s.ClosedBy, s.Retention.String()
	info.Related = append(info.Related, s.Related...)
	if s.Consistency != nil {
		info.Consistency = s.Consistency.Name()
	}
	for _, t := range s.Transactional {
		info.Transactional = append(info.Transactional, t.Name())
	}
	for _, a := range s.Async {
		info.Async = append(info.Async, a.Name())
	}
	return info
}

// Stream finds a declared stream by its type, bound to the log.
func (l *Log) Stream(typ string) (*Stream, error) {
	p := l.plans[typ]
	if p == nil {
		return nil, fmt.Errorf("%w: %q", ErrUnknownStream, typ)
	}
	return p.stream.In(l), nil
}

// ProjectionsOf are the projections that watch the streams of a type, its consistency
// projection first, as far as their rows are by stream.
func (l *Log) ProjectionsOf(typ string) []AnyProjection {
	var all []AnyProjection
	if p := l.plans[typ]; p != nil {
		for _, of := range p.stream.projections() {
			all = append(all, of)
		}
	}
	return all
}

// Interpreters are the names of all declared projections that interpret events of a stored
// type, in streams of a type.
func (l *Log) Interpreters(streamType, eventType string) []string {
	names := []string{}
	all := l.ProjectionsOf(streamType)
	for _, a := range l.asyncs {
		if a.keyed() {
			all = append(all, a.projection)
		}
	}
	for _, p := range all {
		if p.untyped().handlers[eventType] != nil && !slices.Contains(names, p.Name()) {
			names = append(names, p.Name())
		}
	}
	return names
}

// StreamHead is the end of a stream.
type StreamHead struct {
	ID         string    `json:"id"`
	Version    int64     `json:"version"`
	Type       string    `json:"type"` // of the last event
	RecordedAt time.Time `json:"recorded_at"`
	Closed     bool      `json:"closed"`
}

// HeadQuery selects streams of one type, by their ids in the order of bytes.
type HeadQuery struct {
	Prefix    string // only ids that begin with it
	After     string // only ids after this one, or with Backwards before it; empty is no bound
	Backwards bool   // from the last id to the first
	Limit     int    // at most so many streams. Defaults to 50, at most 1000
}

// StreamHeads reads the ends of the streams of a type. How many and how long they are makes
// no difference.
func (l *Log) StreamHeads(ctx context.Context, typ string, q HeadQuery) ([]StreamHead, error) {
	records, err := l.store.Heads(ctx, store.Heads{
		Type: typ, Prefix: q.Prefix, After: q.After, Backwards: q.Backwards,
		Limit: min(cmp.Or(max(q.Limit, 0), usualFound), maxFound),
	})
	if err != nil {
		return nil, fmt.Errorf("read the streams of %s: %w", typ, err)
	}
	heads := make([]StreamHead, 0, len(records))
	for _, r := range records {
		p := l.plans[typ]
		heads = append(heads, StreamHead{r.Stream.ID, r.Version, r.Type, r.RecordedAt, p != nil && p.closing[r.Type]})
	}
	return heads, nil
}

// TypeInfo is what is known of a type of events.
type TypeInfo struct {
	Name          string   `json:"name"` // as it is stored
	Registered    bool     `json:"registered"`
	Now           string   `json:"now,omitempty"`  // what it is called now, where Name is an old name
	SchemaVersion int      `json:"schema_version"` // of this program; zero where it is not registered
	Sensitive     bool     `json:"sensitive"`      // it has fields that are masked
	Projections   []string `json:"projections"`    // that interpret it, in streams of any type

	Events int64        `json:"events"` // exact up to 10 000
	Exact  bool         `json:"exact"`  // else Events is an estimate
	First  *StoredEvent `json:"first,omitempty"`
	Last   *StoredEvent `json:"last,omitempty"`
}

// exactly is up to what number events are counted one by one.
const exactly = 10_000

// EventNames are the stored names of all types of events, in order: of those that are
// registered, and of those that the log has all the same.
func (l *Log) EventNames(ctx context.Context) ([]string, error) {
	names, err := store.TypeNames(ctx, l.store)
	if err != nil {
		return nil, err
	}
	for name, t := range l.types {
		if name == t.name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// EventTypes says of each of the EventNames what is known of it. However long the log is,
// some ten thousand records are looked at for each, and not read.
func (l *Log) EventTypes(ctx context.Context) ([]TypeInfo, error) {
	names, err := l.EventNames(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]TypeInfo, 0, len(names))
	many := false
	for _, name := range names {
		info, err := l.typeInfo(ctx, name)
		if err != nil {
			return nil, err
		}
		many = many || !info.Exact
		all = append(all, info)
	}
	if many {
		err = l.estimate(ctx, all)
	}
	return all, err
}

func (l *Log) typeInfo(ctx context.Context, name string) (info TypeInfo, err error) {
	info = TypeInfo{Name: name, Projections: l.interpretersOf(name)}
	if t := l.types[name]; t != nil {
		info.Registered, info.SchemaVersion, info.Sensitive = true, t.version, t.masked
		if t.name != name {
			info.Now = t.name
		}
	}
	if info.Events, err = store.CountUpTo(ctx, l.store, name, exactly+1); err != nil {
		return info, err
	}
	info.Exact = info.Events <= exactly
	for _, end := range []struct {
		oldest bool
		event  **StoredEvent
	}{{true, &info.First}, {false, &info.Last}} {
		records, err := l.store.Browse(ctx, store.Browse{Types: []string{name}, Oldest: end.oldest, Limit: 1})
		if err != nil {
			return info, err
		}
		for _, r := range records {
			e := l.storedEvent(r)
			*end.event = &e
		}
	}
	return info, nil
}

// sampled is of how many positions an estimate is made: what is half of all is met give or
// take 3 %.
const sampled = 1000

// estimate counts what is many in a sample.
func (l *Log) estimate(ctx context.Context, all []TypeInfo) error {
	last, err := l.first(ctx, store.Query{Order: store.NewestFirst})
	if err != nil {
		return err
	}
	positions := spread(0, last.Position, sampled)
	records, err := l.store.Sample(ctx, positions)
	if err != nil {
		return err
	}
	counts := map[string]int64{}
	for _, r := range records {
		counts[r.Type] += int64(r.Ordinal) // of a mixed append: as if all were of the last one's type
	}
	for i := range all {
		if info := &all[i]; !info.Exact {
			info.Events = max(info.Events, counts[info.Name]*last.Position/int64(len(positions)))
		}
	}
	return nil
}

// spread are up to n positions above after and up to last, at equal distances.
func spread(after, last int64, n int64) []int64 {
	n = min(n, last-after)
	positions := make([]int64, 0, max(n, 0))
	for i := range n {
		positions = append(positions, after+1+i*(last-after)/n)
	}
	return positions
}

// Activity estimates how many events were recorded in each of some parts of equal length of
// the time up to now, the oldest first. It looks at a sample of what was recorded then.
func (l *Log) Activity(ctx context.Context, length time.Duration, parts int) ([]int64, error) {
	now := l.now()
	begin := now.Add(-length)
	first, last, err := seek.First(ctx, l.store, begin)
	if err != nil {
		return nil, fmt.Errorf("activity: %w", err)
	}
	counts := make([]int64, parts)
	positions := spread(first-1, last, sampled)
	records, err := l.store.Sample(ctx, positions)
	if err != nil {
		return nil, fmt.Errorf("activity: %w", err)
	}
	for _, r := range records {
		if age := now.Sub(r.RecordedAt); age >= 0 && age < length {
			counts[parts-1-min(int(float64(parts)*age.Seconds()/length.Seconds()), parts-1)] += int64(r.Ordinal)
		}
	}
	for i := range counts {
		counts[i] = counts[i] * (last - first + 1) / max(int64(len(positions)), 1)
	}
	return counts, nil
}

// DatabaseInfo describes the database of a log, and the connections to it.
type DatabaseInfo = store.Info

// Database describes the log's database.
func (l *Log) Database(ctx context.Context) (DatabaseInfo, error) { return l.store.Info(ctx) }

// interpretersOf are the names of the declared projections that interpret a stored type.
func (l *Log) interpretersOf(name string) []string {
	names := []string{}
	for _, typ := range append(slices.Sorted(maps.Keys(l.plans)), "") {
		names = append(names, l.Interpreters(typ, name)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
