package ireneo_test

import (
	"context"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// BenchmarkAppendCold appends to streams of 10 000 events: warm, and in a process that
// has to read them first, with a snapshot every hundred events and without. A read is
// that of one event.
func BenchmarkAppendCold(b *testing.B) {
	often, never := safe(totals.Snapshot(100)), safe(totals)
	for _, database := range databases {
		for _, bb := range []struct {
			name   string
			stream *ireneo.Stream
			cached int
			work   func(context.Context, *ireneo.Handle) error
		}{
			{"read", often, 10, func(ctx context.Context, h *ireneo.Handle) error { _, err := h.Version(ctx); return err }},
			{"warm", often, 10, depositOne},
			{"warm without snapshots", never, 10, depositOne},
			{"cold", often, 1, depositOne},
			{"cold without snapshots", never, 1, depositOne},
		} {
			b.Run(database.name+"/"+bb.name, func(b *testing.B) {
				c := only(bb.stream)
				c.CachedStreams = bb.cached
				log := database.log(b, c)
				ctx := ireneo.WithLog(b.Context(), log)
				handles := []*ireneo.Handle{bb.stream.For("a"), bb.stream.For("b")} // each drops the other from a cache of one
				for _, h := range handles {
					deep := make([]ireneo.AnyEvent, 10_000)
					for i := range deep {
						deep[i] = &Deposited{Amount: 1}
					}
					must(b, h.AppendAll(ctx, deep))
				}
				for i := 0; b.Loop(); i++ {
					must(b, bb.work(ctx, handles[i%2]))
				}
			})
		}
	}
}

var totals = ireneo.NewProjection("total",
	ireneo.On(func(p *Position, e *Deposited, _ time.Time) { p.Balance += e.Amount; p.Events++ }))

func depositOne(ctx context.Context, h *ireneo.Handle) error {
	return h.Append(ctx, &Deposited{Amount: 1})
}
