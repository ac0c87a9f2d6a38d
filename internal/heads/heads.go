// Package heads remembers the newest state of each stream: as it is in the log, and as it will
// be when what is on its way has been committed.
package heads

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/ireneo-dev/ireneo/internal/groupcommit"
	"github.com/ireneo-dev/ireneo/store"
)

// Heads is safe for concurrent use. Of the states in the log it keeps so many, those used
// last; of those on their way it keeps all, which are no more than there are callers.
type Heads[H any] struct {
	*lru.Cache[store.Stream, H] // what is in the log

	mu     sync.Mutex // guards coming
	coming map[store.Stream]coming[H]
}

// coming is a state that is in the log when its ticket is settled without an error.
type coming[H any] struct {
	head   H
	ticket *groupcommit.Ticket
}

// New returns an empty one for so many streams.
func New[H any](streams int) (*Heads[H], error) {
	cache, err := lru.New[store.Stream, H](streams)
	return &Heads[H]{Cache: cache, coming: map[store.Stream]coming[H]{}}, err
}

// Newest is the last state that was expected of a stream, with the ticket it depends on, else
// the one that is in the log, as far as is known.
func (h *Heads[H]) Newest(stream store.Stream) (head H, after *groupcommit.Ticket, ok bool) {
	h.mu.Lock()
	next, ok := h.coming[stream]
	h.mu.Unlock()
	if ok && !next.ticket.Failed() {
		return next.head, next.ticket, true
	}
	head, ok = h.Get(stream)
	return head, nil, ok
}

// Expect remembers a state that will be in the log with its ticket, until Settle.
func (h *Heads[H]) Expect(stream store.Stream, head H, ticket *groupcommit.Ticket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.coming[stream] = coming[H]{head, ticket}
}

// Settle says whether what was expected with a ticket is in the log in the end.
func (h *Heads[H]) Settle(stream store.Stream, ticket *groupcommit.Ticket, committed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.coming[stream]
	if next.ticket != ticket {
		return
	}
	if committed {
		h.Add(stream, next.head)
	}
	delete(h.coming, stream)
}
