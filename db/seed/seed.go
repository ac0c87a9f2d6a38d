// Package seed has sample customers, with their debts and accounts, and what was decided
// about them, to look around with.
package seed

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Run adds the samples that are not there yet, each with its whole history in one
// commit, and says how many events it added.
func Run(ctx context.Context, log *ireneo.Log) (added int, err error) {
	for _, s := range slices.Concat(customers(), debts(), accounts()) {
		h := s.stream.In(log).For(s.id)
		version, err := h.Version(ctx)
		if err != nil {
			return added, fmt.Errorf("seed %s %s: %w", s.stream.Type, s.id, err)
		}
		if version > 0 {
			continue
		}
		if err := h.AppendAll(ctx, s.events, ireneo.ExpectVersion(0)); err != nil {
			return added, fmt.Errorf("seed %s %s: %w", s.stream.Type, s.id, err)
		}
		added += len(s.events)
	}
	decided, err := decide(ctx, log)
	return added + decided, err
}

// sample is the history of one customer, debt or account.
type sample struct {
	stream *ireneo.Stream
	id     string
	events []ireneo.AnyEvent
}

func sampleOf(stream *ireneo.Stream, name string, events ...ireneo.AnyEvent) sample {
	return sample{stream: stream, id: idOf(name), events: events}
}

// idOf is the id of a sample. A customer and their debt have the same, in streams of
// their own.
func idOf(name string) string { return "sample-" + name }

// date reads one of the dates of the samples. A mistyped one is the zero date, which the
// event refuses and the test of the samples finds.
func date(text string) civil.Date {
	d, err := civil.ParseDate(text)
	if err != nil {
		return civil.Date{}
	}
	return d
}
