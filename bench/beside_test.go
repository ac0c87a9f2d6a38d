package main

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// Whatever a handler does, it is called while its row has its turn, and not while others have theirs.
func TestBeside_CallsTheHandlerInItsTurns(t *testing.T) {
	for name, h := range map[string]handle{"quick": quick, "slow": slow, "failing": failing} {
		t.Run(name, func(t *testing.T) {
			var calls, inside atomic.Int64
			s := newSite(t)
			st, err := migratedSQLite(t.Context(), s, filepath.Join(t.TempDir(), "bench.sqlite3"))
			if err != nil {
				t.Fatal(err)
			}
			load, err := besides(t.Context(), s, st, func(ctx context.Context, b ireneo.Batch) error {
				calls.Add(1)
				inside.Add(1)
				defer inside.Add(-1)
				return h(ctx, b)
			})
			if err != nil {
				t.Fatal(err)
			}

			for turn := range int64(2) {
				before := calls.Load()
				found, err := load.run(t.Context(), 20*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				if len(found) != 1 || len(found[0].each) == 0 || calls.Load() == before || inside.Load() != 0 {
					t.Errorf("turn %d: found %v, %d calls, %d of them going on", turn, found, calls.Load()-before, inside.Load())
				}
			}
		})
	}
}
