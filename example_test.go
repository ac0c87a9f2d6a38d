package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// The examples keep a shelf: copies of a book come in and go out.

type Received struct {
	ireneo.Event `name:"copies.received"`

	Copies int `json:"copies" validate:"gt=0"`
}

type Lent struct {
	ireneo.Event `name:"copies.lent"`

	Copies int `json:"copies" validate:"gt=0"`
}

type Shelf struct {
	Copies int `validate:"gte=0"`
}

var Shelves = ireneo.NewProjection("shelves",
	ireneo.On(func(s *Shelf, e *Received, _ time.Time) { s.Copies += e.Copies }),
	ireneo.On(func(s *Shelf, e *Lent, _ time.Time) { s.Copies -= e.Copies }),
)

var Book = &ireneo.Stream{
	Type:        "book",
	Purpose:     "The copies of one book on our shelf",
	Consistency: Shelves,
}

// library opens the log of the examples, in a file of its own.
func library() (context.Context, *ireneo.Log, func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	st, err := sqlite.Open(context.Background(), filepath.Join(dir, "library.sqlite3"))
	if err != nil {
		log.Fatal(err)
	}
	l, err := ireneo.Open(st, ireneo.Config{Streams: []*ireneo.Stream{Book}})
	if err != nil {
		log.Fatal(err)
	}
	ctx := ireneo.WithLog(context.Background(), l)
	if err := l.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	return ctx, l, func() { _ = errors.Join(st.Close(), os.RemoveAll(dir)) }
}

func Example() {
	ctx, _, done := library()
	defer done()
	book := Book.For("moby-dick")

	if err := book.Append(ctx, &Received{Copies: 2}); err != nil {
		log.Fatal(err)
	}
	tooMany := &Lent{Copies: 3}
	err := book.Append(ctx, tooMany)
	fmt.Println(errors.Is(err, ireneo.ErrInvalid), tooMany.Errors().All()[0].Message)

	shelf, err := Shelves.Replay(ctx, book)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shelf.Copies, "copies")
	// Output:
	// true Led to invalid state: Copies must be 0 or greater
	// 2 copies
}

func ExampleHandle_Append() {
	ctx, _, done := library()
	defer done()

	ev := &Received{Copies: 2}
	err := Book.For("moby-dick").Append(ctx, ev, ireneo.ExpectVersion(0), ireneo.IdempotencyKey("delivery-17"))
	fmt.Println(err, ev.Persisted(), ev.Version(), ev)
	// Output: <nil> true 1 copies.received{copies: 2}
}

func ExampleHandle_AppendAll() {
	ctx, _, done := library()
	defer done()
	book := Book.For("moby-dick")

	fmt.Println(book.AppendAll(ctx, []ireneo.AnyEvent{&Received{Copies: 1}, &Lent{Copies: 1}}))
	fmt.Println(book.Version(ctx))
	// Output:
	// <nil>
	// 2 <nil>
}

func ExampleHandle_AppendTx() {
	ctx, l, done := library()
	defer done()
	book := Book.For("moby-dick")

	err := l.DB().Transaction(func(tx *gorm.DB) error {
		if err := book.AppendTx(ctx, tx, &Received{Copies: 1}); err != nil {
			return err
		}
		return errors.New("the delivery was refused") // rolls everything back
	})
	version, _ := book.Version(ctx)
	fmt.Println(err, version)
	// Output: the delivery was refused 0
}

func ExampleHandle_Events() {
	ctx, _, done := library()
	defer done()
	book := Book.For("moby-dick")
	_ = book.AppendAll(ctx, []ireneo.AnyEvent{&Received{Copies: 2}, &Lent{Copies: 1}})

	for ev, err := range book.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		switch e := ev.(type) {
		case *Received:
			fmt.Println(e.Version(), "received", e.Copies)
		case *Lent:
			fmt.Println(e.Version(), "lent", e.Copies)
		}
	}
	// Output:
	// 1 received 2
	// 2 lent 1
}

func ExampleProjection_Replay() {
	ctx, _, done := library()
	defer done()
	book := Book.For("moby-dick")
	january, march := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	_ = book.Append(ctx, &Received{Copies: 5}, ireneo.At(january))
	_ = book.Append(ctx, &Lent{Copies: 4}, ireneo.At(march))

	february, _ := Shelves.Replay(ctx, book, ireneo.At(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)))
	first, _ := Shelves.Replay(ctx, book, ireneo.AtVersion(1))
	_, err := Shelves.Replay(ctx, book, ireneo.At(january.AddDate(-1, 0, 0)))
	fmt.Println(february.Copies, first.Copies)
	fmt.Println(err)
	// Output:
	// 5 5
	// shelves of book/moby-dick not found, at 2025-01-10T00:00:00Z
}

func ExampleWithMeta() {
	ctx, _, done := library()
	defer done()

	ctx = ireneo.WithMeta(ctx, map[string]string{"actor": "ishmael"})
	ev := &Received{Copies: 1}
	_ = Book.For("moby-dick").Append(ctx, ev)
	fmt.Println(ev.Meta().Get("actor"))
	// Output: ishmael
}

func ExampleProjection_Interpret() {
	shelf := Shelves.Initial(time.Now())
	err := Shelves.Interpret(shelf, &Received{Copies: 3}, time.Now())
	fmt.Println(shelf.Copies, err)
	// Output: 3 <nil>
}
