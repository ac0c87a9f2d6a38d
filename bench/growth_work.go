package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
)

// operation is what is measured at several sizes, of the log or of a stream.
type operation struct {
	name     string
	at       func(size int) start
	once     bool // it takes seconds
	perEvent bool // its cost is that of one of its events
}

// depths are the sizes of streams.
var depths = []int{1, 1000, 100_000}

// ofLog are measured in logs of several sizes, in this order: what appends comes last, because it
// makes a log larger.
func ofLog() []operation {
	newest := ireneo.Search{}
	ofType := ireneo.Search{Types: []string{"account.deposited"}}
	ofStream := ireneo.Search{Streams: []string{account.Type + "/" + streamID(0)}}
	return []operation{
		{name: "replay of 1000 events", at: onLog(replayDeep)},
		{name: "newest 50 events of the log", at: onLog(searching(newest, 50))},
		{name: "newest 50 of a type", at: onLog(searching(ofType, 50))},
		{name: "10 events of a stream", at: onLog(searching(ofStream, depth))},
		{name: "page of 50 streams", at: onLog(listStreams)},
		{name: "rebuild, per event", at: onLog(rebuildAll), once: true, perEvent: true},
		{name: "append, warm", at: onLog(appendWarm)},
	}
}

// ofStream are measured in streams of several sizes, each in a log of its own.
func ofStream() []operation {
	return []operation{
		{name: "its last event", at: onStream(searchLast)},
		{name: "append, warm", at: onStream(appendBehind)},
	}
}

// grown is a log of some size, opened for the time of a site.
type grown struct {
	log     *ireneo.Log
	carrier context.Context
	size    int
}

// onLog opens the log of so many events: one stream has a thousand, all others ten each.
func onLog(op func(*grown) load) func(int) start {
	return func(size int) start {
		return func(ctx context.Context, s *site) (load, error) {
			return openGrown(ctx, s, &history{streams: (size - deep) / depth, events: size - deep}, size, op)
		}
	}
}

// onStream opens the log of one stream, which has so many events.
func onStream(op func(*grown) load) func(int) start {
	return func(size int) start {
		return func(ctx context.Context, s *site) (load, error) {
			return openGrown(ctx, s, &history{streams: 1, events: size}, size, op)
		}
	}
}

func openGrown(ctx context.Context, s *site, like *history, size int, op func(*grown) load) (load, error) {
	h, err := s.place.grown(ctx, like)
	if err != nil {
		return nil, fmt.Errorf("make %d events: %w", size, err)
	}
	log, err := h.log(ctx, s)
	if err != nil {
		return nil, err
	}
	return op(&grown{log: log, carrier: carrying(ctx, log), size: size}), nil
}

// grown is a history like the one given, made when it is first asked for.
func (p *place) grown(ctx context.Context, like *history) (*history, error) {
	for _, h := range p.kept {
		if h.streams == like.streams && h.events == like.events {
			return h, nil
		}
	}
	like.site = p.site(4)
	p.kept = append(p.kept, like)
	if err := like.fill(ctx); err != nil || like.streams == 1 {
		return like, err
	}

	st, err := like.site.postgres(ctx)
	if err != nil {
		return nil, err
	}
	carrier, err := withLog(ctx, st, config(accountAfter))
	if err != nil {
		return nil, err
	}
	return like, deepen(carrier, accountAfter.For("deep"), deep)
}

func doing(op func(context.Context) error) clients { return clients{{op: op}} }

func replayDeep(g *grown) load {
	h := accountAfter.For("deep")
	return doing(func(context.Context) error {
		position, err := accountPosition.Replay(g.carrier, h)
		if err == nil && position.Deposits != deep {
			err = fmt.Errorf("%d of %d events were replayed", position.Deposits, deep)
		}
		return err
	})
}

// searching asks for a page as the pages of the admin do.
func searching(s ireneo.Search, want int) func(*grown) load {
	return func(g *grown) load {
		return doing(func(ctx context.Context) error {
			found, err := g.log.Search(ctx, s)
			if err == nil && len(found.Events) != want {
				err = fmt.Errorf("%d events were found, and not %d", len(found.Events), want)
			}
			return err
		})
	}
}

// listStreams reads a page in the middle.
func listStreams(g *grown) load {
	return doing(func(ctx context.Context) error {
		heads, err := g.log.StreamHeads(ctx, account.Type, ireneo.HeadQuery{After: streamID(5)})
		if err == nil && len(heads) != 50 {
			err = fmt.Errorf("%d streams were found, and not 50", len(heads))
		}
		return err
	})
}

func rebuildAll(g *grown) load {
	return many{g.size, doing(func(ctx context.Context) error {
		var last ireneo.Rebuild
		err := g.log.Rebuild(ctx, balances.Name(), func(r ireneo.Rebuild) { last = r })
		if err == nil && last.Events != int64(g.size) {
			err = fmt.Errorf("rows of %d events were made, and not of %d", last.Events, g.size)
		}
		return err
	})}
}

func appendWarm(g *grown) load {
	h := accountAfter.For(streamID(0))
	return doing(func(context.Context) error { return h.Append(g.carrier, deposited()) })
}

func searchLast(g *grown) load {
	return searching(ireneo.Search{Streams: []string{account.Type + "/" + streamID(0)}, Limit: 1}, 1)(g)
}

// appendBehind appends to the stream, or where that is to have one event only, to a fresh one each
// time. At all sizes a fresh one begins before, so that all meet the same traffic.
func appendBehind(g *grown) load {
	h := accountAfter.For(streamID(0))
	return clients{{
		before: func(context.Context) error {
			fresh := accountAfter.For(uuid.NewString())
			if g.size == 1 {
				h = fresh
			}
			return fresh.Append(g.carrier, deposited())
		},
		op: func(context.Context) error { return h.Append(g.carrier, deposited()) },
	}}
}
