package ireneo

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/subset"
	"github.com/ireneo-dev/ireneo/store"
)

// Filter selects events. Its fields must all match; where there are several filters one
// of them is enough, and none at all select everything.
//
// A pattern ends in a star and matches all that begins with what stands before it: debt.*
// matches debt.issued and debt.payment.received, but not debt.
//
// A pattern that is not understood is ErrInvalidFilter; so is a name that the log does not
// know, which is ErrUnknownEvent or ErrUnknownStream as well.
type Filter struct {
	// Types are stored names and patterns of them. Old names of a type are matched by its
	// new one. Nil matches all, an empty list nothing.
	Types []string `json:"types,omitempty"`

	// Streams are stream types (debt), patterns of them (debt.*), single streams (debt/42)
	// and patterns of those (debt/2026-*). Nil matches all, an empty list nothing.
	Streams []string `json:"streams,omitempty"`

	// Meta must be contained in the meta: an object is contained in one that has at least
	// its keys, whose values are contained; anything else in what is equal to it.
	Meta map[string]any `json:"meta,omitempty"`

	// Data must be contained in the payload likewise, as its latest schema version has it.
	Data map[string]any `json:"data,omitempty"`
}

// selection is filters ready for use. Nil selects everything.
type selection []selector

// selector is one filter.
type selector struct {
	types      func(stored string) bool
	streams    func(store.Stream) bool
	meta, data any // as JSON has them; nil: any
	log        *Log
}

// selects compiles filters, and says what is wrong with them.
func (l *Log) selects(filters []Filter) (selection, error) {
	var all selection
	for _, f := range filters {
		types, err := l.typeMatcher(f.Types)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidFilter, err)
		}
		streams, err := l.streamMatcher(f.Streams)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidFilter, err)
		}
		s := selector{types: types, streams: streams, log: l}
		for _, part := range []struct {
			given map[string]any
			want  *any
		}{{f.Meta, &s.meta}, {f.Data, &s.data}} {
			if part.given == nil {
				continue
			}
			if *part.want, err = subset.Normal(part.given); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrInvalidFilter, err)
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// describe is the same text for filters that select the same, written the same way or
// in another order.
func describe(filters []Filter) (string, error) {
	type described struct {
		Types, Streams *[]string
		Meta, Data     map[string]any
	}
	var parts []string
	for _, f := range filters {
		text, err := json.Marshal(described{sorted(f.Types), sorted(f.Streams), f.Meta, f.Data})
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrInvalidFilter, err)
		}
		parts = append(parts, string(text))
	}
	slices.Sort(parts)
	return "[" + strings.Join(slices.Compact(parts), ",") + "]", nil
}

func sorted(list []string) *[]string {
	if list == nil {
		return nil
	}
	list = slices.Compact(slices.Sorted(slices.Values(list)))
	return &list
}

func (l *Log) typeMatcher(patterns []string) (func(string) bool, error) {
	if patterns == nil {
		return func(string) bool { return true }, nil
	}
	names := map[string]bool{}
	for _, p := range patterns {
		before, star, err := parsePattern(p)
		if err != nil {
			return nil, err
		}
		if !star && l.types[p] == nil {
			return nil, fmt.Errorf("%w: no registered event is called %q", ErrUnknownEvent, p)
		}
		for name, t := range l.types {
			if name == p || star && (strings.HasPrefix(name, before) || strings.HasPrefix(t.name, before)) {
				for _, n := range t.names() {
					names[n] = true
				}
			}
		}
	}
	return func(stored string) bool {
		return names[stored] || slices.ContainsFunc(patterns, func(p string) bool { return fits(p, stored) })
	}, nil
}

func (l *Log) streamMatcher(patterns []string) (func(store.Stream) bool, error) {
	if patterns == nil {
		return func(store.Stream) bool { return true }, nil
	}
	for _, p := range patterns {
		_, star, err := parsePattern(p)
		if err != nil {
			return nil, err
		}
		typ, id, single := strings.Cut(p, "/")
		if (!star || single) && l.plans[typ] == nil {
			return nil, fmt.Errorf("%w: %q", ErrUnknownStream, typ)
		}
		if single && !star {
			if err := checkID(id); err != nil {
				return nil, err
			}
		}
	}
	return func(s store.Stream) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			if strings.Contains(p, "/") {
				return fits(p, s.Type+"/"+s.ID)
			}
			return fits(p, s.Type)
		})
	}, nil
}

// parsePattern splits a pattern at its star, which may only be its end.
func parsePattern(p string) (before string, star bool, err error) {
	before, star = strings.CutSuffix(p, "*")
	if p == "" || strings.ContainsAny(before, "*?[]") {
		return "", false, fmt.Errorf("%q: a pattern is a name, or its beginning and a * at the end", p)
	}
	return before, star, nil
}

func fits(pattern, name string) bool {
	if before, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(name, before)
	}
	return pattern == name
}

// keep returns the records of a batch that are selected.
func (s selection) keep(batch []store.Record) ([]store.Record, error) {
	if s == nil {
		return batch, nil
	}
	var kept []store.Record
	for _, r := range batch {
		matches, err := s.matches(r)
		if err != nil {
			return nil, err
		}
		if matches {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

func (s selection) matches(r store.Record) (bool, error) {
	for _, f := range s {
		if !f.types(r.Type) || !f.streams(r.Stream) {
			continue
		}
		if matches, err := f.contained(r); matches || err != nil {
			return matches, err
		}
	}
	return false, nil
}

// contained compares meta and payload.
func (f selector) contained(r store.Record) (bool, error) {
	if f.meta != nil {
		if found, err := subset.Of(f.meta, r.Meta); !found || err != nil {
			return false, err
		}
	}
	if f.data == nil {
		return true, nil
	}
	data := r.Data
	if t := f.log.types[r.Type]; t != nil {
		var err error
		if data, err = t.upcast(r); err != nil {
			return false, err
		}
	}
	return subset.Of(f.data, data)
}

// handles is the filter of what a projection interprets, in streams of these types.
func (p *projection) handles(streams []string) []Filter {
	if p.strict {
		return []Filter{{Streams: streams}}
	}
	types := map[reflect.Type]string{}
	for _, h := range p.handlers {
		types[h.typ.goType] = h.typ.name
	}
	names := make([]string, 0, len(types))
	for _, name := range types {
		names = append(names, name)
	}
	slices.Sort(names)
	return []Filter{{Types: names, Streams: streams}}
}
