package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestFlat_ComparesTheSecondTenthWithTheLast(t *testing.T) {
	steady := look{live: 40 << 20, resident: 100 << 20, goroutines: 50}
	for name, tt := range map[string]struct {
		change func(l *look, i int) // of the i-th of a hundred
		grows  string
	}{
		"steady":                    {func(*look, int) {}, ""},
		"warms up in the first":     {func(l *look, i int) { l.live = min(int64(i), 10) << 22 }, ""},
		"a spike":                   {func(l *look, i int) { l.live += int64(i/99) << 30 }, ""},
		"heap within the tolerance": {func(l *look, i int) { l.live += int64(i) << 20 / 60 }, ""},
		"heap":                      {func(l *look, i int) { l.live += int64(i) << 20 / 30 }, "live"},
		"resident":                  {func(l *look, i int) { l.resident += int64(i) << 20 / 4 }, "RSS"},
		"resident within":           {func(l *look, i int) { l.resident += int64(i) << 20 / 12 }, ""},
		"resident is not told":      {func(l *look, i int) { l.resident = 0 }, ""},
		"a little more of a little": {func(l *look, i int) { *l = look{live: 1<<20 + int64(i)<<13, goroutines: 3 + i/25} }, ""},
		"goroutines and with them":  {func(l *look, i int) { l.goroutines += i; l.live += int64(i) << 20 }, "live, goroutines"},
	} {
		t.Run(name, func(t *testing.T) {
			all := make([]look, 100)
			for i := range all {
				all[i] = steady
				tt.change(&all[i], i)
			}
			err := flat(all, io.Discard)
			if errors.Is(err, errGrows) != (tt.grows != "") || err != nil && !strings.HasSuffix(err.Error(), ": "+tt.grows) {
				t.Errorf("got %v, want %q to grow", err, tt.grows)
			}
		})
	}
	if err := flat(make([]look, 19), io.Discard); err == nil || errors.Is(err, errGrows) {
		t.Errorf("too few looks: got %v", err)
	}
}

// More streams are appended to than are kept, and old ones again.
func TestSoak_AppendsToMoreStreamsThanAreCached(t *testing.T) {
	_, carrier := onSQLite(t)
	s := &soak{length: 500 * time.Millisecond, clients: 2, cached: 8}
	var out strings.Builder
	err := s.run(t.Context(), carrier, &place{}, &out)
	if err != nil && !errors.Is(err, errGrows) { // half a second says nothing of that
		t.Fatal(err)
	}
	if s.streams.Load() < 10 || s.made.Load() < 80 || !strings.Contains(out.String(), "live: ") {
		t.Errorf("%d appends to %d streams:\n%s", s.made.Load(), s.streams.Load(), out.String())
	}
}

func TestSoak_EndsWithAnAppendThatFails(t *testing.T) {
	s := &soak{length: time.Hour, clients: 2, cached: 8}
	carrier := t.Context() // has no log
	if err := s.run(t.Context(), carrier, &place{}, io.Discard); err == nil || errors.Is(err, errGrows) {
		t.Errorf("got %v, want what the append failed with", err)
	}
}
