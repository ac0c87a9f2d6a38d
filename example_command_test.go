package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// Swap takes copies from one shelf and puts them on another.
type Swap struct {
	ireneo.Command `name:"library.swap"`

	From   string `json:"from"   validate:"required"`
	To     string `json:"to"     validate:"required,nefield=From"`
	Copies int    `json:"copies" validate:"gt=0"`
}

func (c *Swap) Handle(ctx context.Context, b *ireneo.Boundary) error {
	from, err := ireneo.Load(ctx, b, Book.For(c.From), Shelves)
	if err != nil {
		return err
	}
	to, err := ireneo.Load(ctx, b, Book.For(c.To), Shelves)
	if err != nil {
		return err
	}
	if from.State.Copies < c.Copies {
		return b.Reject("copies", fmt.Sprintf("must be at most %d", from.State.Copies))
	}
	from.Append(&Lent{Copies: c.Copies})
	to.Append(&Received{Copies: c.Copies})
	return nil
}

func ExampleExecute() {
	ctx, _, done := library()
	defer done()
	_ = Book.For("moby-dick").Append(ctx, &Received{Copies: 5})

	result, err := ireneo.Execute(ctx, &Swap{From: "moby-dick", To: "omoo", Copies: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, ev := range result.Events {
		fmt.Println(ev.StreamID(), ev.Version(), ev)
	}
	fmt.Println("attempts:", result.Attempts)
	// Output:
	// moby-dick 2 copies.lent{copies: 2}
	// omoo 1 copies.received{copies: 2}
	// attempts: 1
}

func ExampleBoundary_Reject() {
	ctx, _, done := library()
	defer done()
	_ = Book.For("moby-dick").Append(ctx, &Received{Copies: 1})

	swap := &Swap{From: "moby-dick", To: "omoo", Copies: 2}
	_, err := ireneo.Execute(ctx, swap)
	fmt.Println(errors.Is(err, ireneo.ErrInvalid), swap.Errors().On("copies"))
	version, _ := Book.For("omoo").Version(ctx)
	fmt.Println("version", version)
	// Output:
	// true [Copies must be at most 1]
	// version 0
}

// Count is a command that reads and writes nothing.
type Count struct {
	ireneo.Command `name:"library.count"`

	Books []string `json:"books"`
	Total int      `json:"-"`
}

func (c *Count) Handle(ctx context.Context, b *ireneo.Boundary) error {
	c.Total = 0 // it may be called again
	for _, id := range c.Books {
		shelf, err := ireneo.Load(ctx, b, Book.For(id), Shelves)
		if err != nil {
			return err
		}
		fmt.Println(shelf.ID(), "is at version", shelf.Version(), "with", shelf.State.Copies)
		c.Total += shelf.State.Copies
	}
	return nil
}

func ExampleLoad() {
	ctx, _, done := library()
	defer done()
	_ = Book.For("moby-dick").AppendAll(ctx, []ireneo.AnyEvent{&Received{Copies: 3}, &Lent{Copies: 1}})

	count := &Count{Books: []string{"moby-dick", "omoo"}}
	result, err := ireneo.Execute(ctx, count)
	fmt.Println(count.Total, len(result.Events), err)
	// Output:
	// moby-dick is at version 2 with 2
	// omoo is at version 0 with 0
	// 2 0 <nil>
}

func ExampleCommandID() {
	ctx, _, done := library()
	defer done()
	_ = Book.For("moby-dick").Append(ctx, &Received{Copies: 5})

	for range 2 { // as somebody does who has not got the answer
		result, err := ireneo.Execute(ctx, &Swap{From: "moby-dick", To: "omoo", Copies: 2}, ireneo.CommandID("request-17"))
		fmt.Println(len(result.Events), result.Repeated, err)
	}
	shelf, _ := Shelves.Replay(ctx, Book.For("omoo"))
	fmt.Println(shelf.Copies, "copies")
	// Output:
	// 2 false <nil>
	// 2 true <nil>
	// 2 copies
}

func ExampleRetry() {
	ctx, l, done := library()
	defer done()
	_ = Book.For("moby-dick").Append(ctx, &Received{Copies: 5})

	result, err := ireneo.Execute(ctx, &Swap{From: "moby-dick", To: "omoo", Copies: 2},
		ireneo.Retry(ireneo.Backoff(2, 5*time.Millisecond)),
		ireneo.OnRetry(func(r ireneo.Retrying) { fmt.Println("again, after", r.Err) }))
	if err != nil {
		log.Fatal(err)
	}
	on, err := l.Execution(ctx, result.ID)
	fmt.Println(on.Command, on.Outcome, on.Events, err)
	// Output: library.swap committed 2 <nil>
}

func ExampleHandle_AppendIf() {
	ctx, l, done := library()
	defer done()
	// Nobody may receive 7 copies twice, of whatever book.
	seven := ireneo.Filter{Types: []string{"copies.received"}, Data: map[string]any{"copies": 7}}
	found, position, err := l.Matching(ctx, seven)
	fmt.Println(len(found), err)

	fmt.Println(Book.For("omoo").AppendIf(ctx, []ireneo.Filter{seven}, position, &Received{Copies: 7}))
	err = Book.For("typee").AppendIf(ctx, []ireneo.Filter{seven}, position, &Received{Copies: 7})
	fmt.Println(errors.Is(err, ireneo.ErrConflict), err)
	// Output:
	// 0 <nil>
	// <nil>
	// true the log has moved on: copies.received of omoo matches at position 1, after 0
}

func ExampleTogether() {
	ctx, _, done := library()
	defer done()
	_ = Book.For("omoo").Append(ctx, &Received{Copies: 1})
	_ = Book.For("typee").Append(ctx, &Received{Copies: 2})
	_ = Book.For("omoo").Append(ctx, &Lent{Copies: 1})

	for ev, err := range ireneo.Together(ctx, []*ireneo.Handle{Book.For("typee"), Book.For("omoo")}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(ev.StreamID(), ev)
	}
	// Output:
	// omoo copies.received{copies: 1}
	// typee copies.received{copies: 2}
	// omoo copies.lent{copies: 1}
}
