package projections_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/db/migrate"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// shelf is an empty Ledger of a test's own.
type shelf struct {
	t   *testing.T
	ctx context.Context // has the log
	log *ireneo.Log
}

// each runs a test on both databases.
func each(t *testing.T, run func(t *testing.T, s *shelf)) {
	t.Helper()
	config := ireneo.Config{Streams: streams.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		run(t, &shelf{t, ireneo.WithLog(t.Context(), log), log})
	})
}

// append records events one after the other.
func (s *shelf) append(stream *ireneo.Stream, id string, events ...ireneo.AnyEvent) {
	s.t.Helper()
	for _, ev := range events {
		if err := stream.For(id).Append(s.ctx, ev); err != nil {
			s.t.Fatalf("append to %s %s: %v", stream.Type, id, err)
		}
	}
}

// refused appends an event that has to be refused with these words.
func (s *shelf) refused(stream *ireneo.Stream, id string, ev ireneo.AnyEvent, words string) {
	s.t.Helper()
	err := stream.For(id).Append(s.ctx, ev)
	if !errors.Is(err, ireneo.ErrInvalid) || !strings.Contains(err.Error(), words) {
		s.t.Errorf("append to %s %s: got %v, want it refused with %q", stream.Type, id, err, words)
	}
}

// findAndReplay reads a stored row and computes it anew.
func findAndReplay[M any](s *shelf, p *ireneo.Projection[M], h *ireneo.Handle) (found, replayed *M) {
	s.t.Helper()
	found, err := p.Find(s.ctx, h.ID())
	replayed, replayErr := p.Replay(s.ctx, h)
	if err := errors.Join(err, replayErr); err != nil {
		s.t.Fatal(err)
	}
	return found, replayed
}
