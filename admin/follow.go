package admin

import (
	"context"

	"github.com/ireneo-dev/ireneo"
)

// followed is a batch, or why there are no more.
type followed struct {
	position int64
	events   []ireneo.StoredEvent // at most tailRate of them
	all      int                  // how many there are
	unread   bool                 // one that is not among events cannot be read
	err      error
}

// hand hands out a batch, unless ctx ends before somebody takes it.
func hand(ctx context.Context, to chan<- followed, b followed) bool {
	select {
	case to <- b:
		return true
	case <-ctx.Done():
		return false
	}
}

// followAll hands out batches until ctx ends or something fails. An event that this program
// cannot read would be the end of Follow: what can be read of its append is handed out, and
// it goes on behind that.
func (a *admin) followAll(ctx context.Context, after int64, f ireneo.Filter, to chan<- followed) {
	for {
		failed := recovered(func() error { return a.followOn(ctx, &after, f, to) })
		if failed == nil || ctx.Err() != nil {
			return
		}
		b := a.unreadable(ctx, after, f, failed)
		if after = b.position; !hand(ctx, to, b) || b.err != nil {
			return
		}
	}
}

// followOn hands out batches until ctx ends or something fails. after is how far it came.
func (a *admin) followOn(ctx context.Context, after *int64, f ireneo.Filter, to chan<- followed) error {
	for b, err := range a.log.Follow(ctx, ireneo.After(*after), ireneo.Matching(f)) {
		if err != nil {
			return err
		}
		if len(b.Events) == 0 {
			continue
		}
		next, err := followedBatch(b)
		if err != nil {
			return err
		}
		if *after = b.Position; !hand(ctx, to, next) {
			return nil
		}
	}
	return nil
}

// followedBatch describes a batch.
func followedBatch(b ireneo.Batch) (f followed, err error) {
	f = followed{position: b.Position, all: len(b.Events)}
	for _, ev := range b.Events[:min(len(b.Events), tailRate)] {
		e, err := ireneo.EntryOf(ev)
		if err != nil {
			return f, err
		}
		stored := ireneo.StoredEvent{Entry: e, Event: ev}
		if _, unknown := ev.(*ireneo.RawEvent); unknown {
			stored.Problem = "no registered event is called " + e.Type
		}
		f.events = append(f.events, stored)
	}
	return f, nil
}

// unreadable is the append that Follow failed at, as much of it as can be read. Where that
// is all it was something else that failed.
func (a *admin) unreadable(ctx context.Context, after int64, f ireneo.Filter, failed error) followed {
	position, err := a.nextAppend(ctx, after, f)
	if err != nil || position == 0 {
		return followed{err: failed}
	}
	b, search := followed{position: position}, searchOf(f, position-1, position)
	shown := false // one that cannot be read is among the events
	for search.Limit = atOnce; ; {
		found, err := a.log.Search(ctx, search)
		if err != nil {
			return followed{err: err}
		}
		shown = b.add(found.Events) || shown
		if !found.More {
			break
		}
		search.After = found.Events[len(found.Events)-1].Point()
	}
	switch {
	case b.unread:
		a.report(ctx, "an event cannot be read", failed, "position", position)
	case !shown:
		return followed{err: failed}
	}
	return b
}

// add takes events of the append, and reports whether one is shown that cannot be read.
func (f *followed) add(events []ireneo.StoredEvent) (shown bool) {
	for _, e := range events {
		f.all++
		switch room := len(f.events) < tailRate; {
		case room:
			f.events, shown = append(f.events, e), shown || e.Event == nil
		case e.Event == nil:
			f.unread = true
		}
	}
	return shown
}

// nextAppend is the position of the next append with such events, zero where there is none.
func (a *admin) nextAppend(ctx context.Context, after int64, f ireneo.Filter) (int64, error) {
	search := searchOf(f, after, 0)
	search.Limit = 1
	found, err := a.log.Search(ctx, search)
	if err != nil || len(found.Events) == 0 {
		return 0, err
	}
	return found.Events[0].Position, nil
}

func searchOf(f ireneo.Filter, after, until int64) ireneo.Search {
	s := ireneo.Search{Types: f.Types, Streams: f.Streams, After: past(after), Oldest: true}
	if until > 0 {
		s.Before = past(until)
	}
	return s
}
