package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

const (
	tailFirst    = 50               // events shown before any comes live
	tailRows     = 500              // rows that the page keeps
	tailRate     = 200              // rows sent in a second
	tailBehind   = 10_000           // positions that are caught up after a connection was lost
	tailCounts   = 10 * time.Second // how often a screen reader is told that there is news
	maxTailNames = 50               // types, and streams
)

// tailPage is the end of the log as it is when it is asked for.
type tailPage struct {
	Types   []string             `json:"types"`
	Streams []string             `json:"streams"`
	Events  []ireneo.StoredEvent `json:"events"` // newest first
	After   int64                `json:"after"`  // what comes live is after this position
	Wrong   string               `json:"wrong,omitempty"`
}

func (a *admin) tail(v *visit) (*page, error) {
	t := &tailPage{Types: v.names("type"), Streams: v.names("stream"), Events: []ireneo.StoredEvent{}}
	shown := &page{Title: "Tail", Nav: "/tail", Data: t, Body: tailBody(v, t)}
	switch err := a.follows(v.Context(), t.filter()); {
	case errors.Is(err, ireneo.ErrInvalidFilter):
		t.Wrong, shown.Status = strings.TrimPrefix(err.Error(), ireneo.ErrInvalidFilter.Error()+": "), http.StatusBadRequest
		return shown, nil
	case err != nil:
		return nil, err
	}
	return shown, t.read(v.Context(), a.log)
}

// read has the last events up to where the log has settled: all others come live, each once.
func (t *tailPage) read(ctx context.Context, log *ireneo.Log) (err error) {
	if t.After, err = log.Position(ctx); err != nil {
		return err
	}
	f := t.filter()
	found, err := log.Search(ctx, ireneo.Search{
		Types: f.Types, Streams: f.Streams, Before: past(t.After), Limit: tailFirst,
	})
	if err == nil {
		t.Events = found.Events
	}
	return err
}

// filter is nil where nothing is asked for.
func (t *tailPage) filter() (f ireneo.Filter) {
	if len(t.Types) > 0 {
		f.Types = t.Types
	}
	if len(t.Streams) > 0 {
		f.Streams = t.Streams
	}
	return f
}

// live is where the events come from.
func (t *tailPage) live(v *visit) string {
	return withQuery(v.path("tail", "stream"), map[string][]string{
		"type": t.Types, "stream": t.Streams, "after": {strconv.FormatInt(t.After, 10)},
	})
}

// names are the values of a parameter that may come more than once.
func (v *visit) names(param string) []string {
	names := []string{}
	for _, name := range v.URL.Query()[param] {
		if name = strings.TrimSpace(name); name != "" && len(names) < maxTailNames {
			names = append(names, name)
		}
	}
	return names
}

// follows asks whether a filter can be used, without following it.
func (a *admin) follows(ctx context.Context, f ireneo.Filter) error {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, err := range a.log.Follow(ended, ireneo.Matching(f)) {
		return err
	}
	return nil
}

// tailStream sends what is appended, as rows.
func (a *admin) tailStream(v *visit, w *longAnswer) error {
	asked := &tailPage{Types: v.names("type"), Streams: v.names("stream")}
	after, err := tailFrom(v)
	if err == nil {
		err = a.follows(v.Context(), asked.filter())
	}
	if err == nil && after < 0 {
		after, err = a.log.Position(v.Context())
	}
	if err != nil {
		return err
	}
	t := &tailing{v: v, w: w, asked: asked, budget: tailRate}
	if after, err = t.leap(a.log, after); err != nil {
		return err
	}
	if err := w.pieces(); err != nil {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(v.Context())
	batches := make(chan followed)
	go func() {
		defer close(batches)
		err := recovered(func() error { a.followAll(ctx, after, asked.filter(), batches); return nil })
		if err != nil {
			hand(ctx, batches, followed{err: err})
		}
	}()
	defer func() {
		cancel()
		for range batches { // until nobody follows any more
		}
	}()
	return t.run(ctx, batches)
}

// tailFrom is after which position to begin: what a browser has seen that connects again,
// or what its page has shown; below zero: at the end.
func tailFrom(v *visit) (int64, error) {
	text := cmp.Or(v.Header.Get("Last-Event-ID"), v.URL.Query().Get("after"))
	if text == "" {
		return -1, nil
	}
	after, err := strconv.ParseInt(text, 10, 64)
	if err != nil || after < 0 {
		return 0, refusal.BadRequest("%.40q is no position of the log, which is a whole number.", text)
	}
	return after, nil
}

// tailing sends batches to one page, as many rows as it can show. A piece is one batch or
// what was left out, and its id the last position in it: who connects again goes on there.
type tailing struct {
	v      *visit
	w      *longAnswer
	asked  *tailPage
	budget int // rows that may yet be sent in this second
	left   leftOut
	shown  int64 // events since the beginning, those left out included
	told   int64 // of these, when they were counted last
	quiet  int   // seconds without a piece
	ticks  int   // seconds in all
}

// leftOut is what came and was not sent.
type leftOut struct {
	events       int64 // zero: nobody has counted them
	after, until int64 // positions: from behind the one up to the other
	unread       bool  // an event cannot be read, which is not only left out
}

// leap leaves out what is too much to be caught up.
func (t *tailing) leap(log *ireneo.Log, after int64) (int64, error) {
	end, err := log.Position(t.v.Context())
	if err != nil || end-after <= tailBehind {
		return after, err
	}
	t.left = leftOut{after: after, until: end - tailRate}
	return t.left.until, nil
}

func (t *tailing) run(ctx context.Context, batches <-chan followed) error {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b, more := <-batches:
			if !more {
				return ctx.Err()
			}
			err = t.batch(b)
		case <-second.C:
			err = t.tick()
		}
		if err != nil {
			return err
		}
	}
}

// batch sends a batch as one piece, so that it is seen whole or not at all. Where there is
// no room for all of it the piece says so.
func (t *tailing) batch(b followed) error {
	if b.err != nil {
		return fmt.Errorf("follow the log: %w", b.err)
	}
	t.shown += int64(b.all)
	if t.budget == 0 {
		t.leave(b)
		return nil
	}
	rows := b.events[:min(len(b.events), t.budget)]
	t.budget -= len(rows)
	slices.Reverse(rows)
	left := leftOut{int64(b.all - len(rows)), b.position - 1, b.position, b.unread}
	return t.send(b.position, tailPiece(t.v, t.asked, rows, left))
}

// leave adds a batch to what is left out.
func (t *tailing) leave(b followed) {
	if t.left == (leftOut{}) {
		t.left.after = b.position - 1
	}
	t.left.events += int64(b.all)
	t.left.unread = t.left.unread || b.unread
	t.left.until = b.position
}

// flush says what was left out.
func (t *tailing) flush() error {
	left := t.left
	if left == (leftOut{}) {
		return nil
	}
	t.left = leftOut{}
	return t.send(left.until, tailPiece(t.v, t.asked, nil, left))
}

// tick is called each second.
func (t *tailing) tick() error {
	t.budget = tailRate
	t.ticks++
	t.quiet++
	if err := t.flush(); err != nil {
		return err
	}
	if t.shown > t.told && t.ticks%int(tailCounts/time.Second) == 0 {
		t.told = t.shown
		return t.w.piece(t.v.Context(), "count", "", tailCount(t.shown))
	}
	if t.quiet >= int(heartbeat/time.Second) {
		t.quiet = 0
		return t.w.alive()
	}
	return nil
}

func (t *tailing) send(position int64, piece templ.Component) error {
	t.quiet = 0
	return t.w.piece(t.v.Context(), "row", strconv.FormatInt(position, 10), piece)
}

// list is where what was left out can be seen.
func (l leftOut) list(v *visit, asked *tailPage) string {
	return withQuery(v.path("events"), map[string][]string{
		"type": asked.Types, "stream": asked.Streams,
		afterParam: {past(l.after).String()}, beforeParam: {past(l.until).String()},
	})
}

func (l leftOut) words() string {
	if l.events == 0 {
		return "… too much has happened while the connection was lost: see the list"
	}
	return "… " + grouped(l.events) + " more: see the list"
}
