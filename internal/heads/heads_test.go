package heads_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ireneo-dev/ireneo/internal/groupcommit"
	"github.com/ireneo-dev/ireneo/internal/heads"
	"github.com/ireneo-dev/ireneo/store"
)

// nowhere takes whatever is inserted.
type nowhere struct{}

func (nowhere) Insert(context.Context, ...*store.Batch) error { return nil }
func (nowhere) Writers() int                                  { return 0 }

var stream = store.Stream{Type: "s", ID: "a"}

func begin(t *testing.T) (*heads.Heads[int], func() *groupcommit.Ticket) {
	t.Helper()
	h, err := heads.New[int](10)
	if err != nil {
		t.Fatal(err)
	}
	c := groupcommit.New(nowhere{})
	return h, func() *groupcommit.Ticket {
		return c.Enter(&store.Batch{Records: []store.Record{{Stream: stream}}}, nil)
	}
}

// want checks what is newest.
func want(t *testing.T, h *heads.Heads[int], head int, after *groupcommit.Ticket, known bool) {
	t.Helper()
	got, on, ok := h.Newest(stream)
	if got != head || on != after || ok != known {
		t.Errorf("the newest is %d (%v), known %v; want %d, %v", got, on == after, ok, head, known)
	}
}

func TestNewest_IsTheLastOneExpected(t *testing.T) {
	h, enter := begin(t)
	want(t, h, 0, nil, false)
	h.Add(stream, 1)
	want(t, h, 1, nil, true)
	second, third := enter(), enter()
	h.Expect(stream, 2, second)
	want(t, h, 2, second, true)
	h.Expect(stream, 3, third)
	want(t, h, 3, third, true)

	h.Settle(stream, second, true) // somebody goes on from a later one
	want(t, h, 3, third, true)
	h.Settle(stream, third, true)
	want(t, h, 3, nil, true)
}

func TestNewest_IsNothingThatFailed(t *testing.T) {
	h, enter := begin(t)
	h.Add(stream, 1)
	second := enter()
	h.Expect(stream, 2, second)
	second.Settle(false, errors.New("refused")) // its owner may read for long before he says so
	want(t, h, 1, nil, true)
	h.Settle(stream, second, false)
	want(t, h, 1, nil, true)
}
