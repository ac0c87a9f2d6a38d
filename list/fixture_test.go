package list_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"cloud.google.com/go/civil"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/list"
)

// The application of the tests is a shelf of books, with a column of every kind.

type acquired struct {
	ireneo.Event `name:"book.acquired"`

	Title string `json:"title"`
}

type Book struct {
	ID      string `gorm:"primaryKey"`
	Title   string // in lower case
	Author  string // in lower case
	Shelf   string
	Pages   int64
	Printed civil.Date
	Lent    time.Time
}

func (Book) TableName() string { return "books" }

var Books = ireneo.NewProjection("books", ireneo.On(func(b *Book, e *acquired, at time.Time) {
	b.Title, b.Printed, b.Lent = e.Title, civil.DateOf(at), at
}))

var bookStream = &ireneo.Stream{Type: "book", Purpose: "One book", Transactional: ireneo.Materialize(Books)}

var config = ireneo.Config{
	Streams: []*ireneo.Stream{bookStream},
	Events:  []ireneo.EventType{ireneo.TypeOf[acquired]()},
	Migrations: fstest.MapFS{"00001_books.sql": &fstest.MapFile{Data: []byte(`-- +goose Up
CREATE TABLE books (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  author TEXT NOT NULL,
  shelf TEXT NOT NULL,
  pages BIGINT NOT NULL,
  printed DATE NOT NULL,
  lent TIMESTAMP NOT NULL
);
-- +goose Down
DROP TABLE books;
`)}},
}

var catalog = list.Rows[Book]{
	Query:  func(ctx context.Context) (*gorm.DB, error) { return Books.Query(ctx) },
	ID:     list.Text("id", func(b *Book) string { return b.ID }),
	Search: []string{"title", "author"},
	Filters: map[string]list.Filter{
		"shelf":  {Column: "shelf", Allowed: []string{"left", "right"}},
		"author": {Column: "author"},
	},
	Sorts: map[string]list.Column[Book]{
		"title":   list.Text("title", func(b *Book) string { return b.Title }),
		"pages":   list.Number("pages", func(b *Book) int64 { return b.Pages }),
		"printed": list.Date("printed", func(b *Book) civil.Date { return b.Printed }),
		"lent":    list.Time("lent", func(b *Book) time.Time { return b.Lent }),
	},
	Usual: "-printed",
}

// each runs a test on both databases, with books in them.
func each(t *testing.T, books []Book, run func(t *testing.T, ctx context.Context)) {
	t.Helper()
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		if err := log.DB().WithContext(ctx).CreateInBatches(books, 500).Error; err != nil {
			t.Fatal(err)
		}
		run(t, ctx)
	})
}

var (
	newYear = civil.Date{Year: 2026, Month: 1, Day: 1}
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// moments have fractions of a second that end differently, and are no strings to compare.
var moments = []time.Time{
	noon, noon.Add(500 * time.Millisecond), noon.Add(550 * time.Millisecond), noon.Add(time.Microsecond), noon.Add(-time.Hour),
}

// shelved are ten books of which some are equal in whatever they are sorted by.
func shelved() []Book {
	var books []Book
	for i := range 10 {
		books = append(books, Book{
			ID:      fmt.Sprintf("b%02d", i),
			Title:   []string{"ünder", "under", "a~b", `"quoted", 'so'`}[i%4],
			Author:  []string{"ana", "bo"}[i/5],
			Shelf:   []string{"left", "right"}[i%2],
			Pages:   []int64{-5, 0, 9, 10, 9_007_199_254_740_993}[i%5],
			Printed: newYear.AddDays(i % 3),
			Lent:    moments[i%5],
		})
	}
	return books
}

// find reads one page that has to be there.
func find(t *testing.T, ctx context.Context, q list.Query) *list.Found[Book] {
	t.Helper()
	found, err := catalog.Find(ctx, q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return found
}

// all reads the ids of a whole list in one go.
func all(t *testing.T, ctx context.Context, q list.Query) []string {
	t.Helper()
	ids := []string{}
	for book, err := range catalog.All(ctx, q) {
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		ids = append(ids, book.ID)
	}
	return ids
}

// wantRefusal wants an error that the server answers with 400.
func wantRefusal(t *testing.T, err error, sentence, of string) {
	t.Helper()
	refused, ok := errors.AsType[*refusal.Error](err)
	if !ok || refused.StatusCode() != 400 || refused.Detail() != sentence {
		t.Errorf("%s: got error %v, want %q", of, err, sentence)
	}
}
