package list_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// A list is read in pages: what an address asks for, and then Next for as long as there
// is one.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder for temporary files
	st, err := sqlite.Open(context.Background(), filepath.Join(dir, "example.sqlite3"))
	if err != nil {
		panic(err)
	}
	defer func() { _ = st.Close() }()
	log, err := ireneo.Open(st, config)
	if err != nil {
		panic(err)
	}
	ctx := ireneo.WithLog(context.Background(), log)
	if err := log.Migrate(ctx); err != nil {
		panic(err)
	}
	for id, title := range map[string]string{"1": "walden", "2": "emma", "3": "dubliners", "4": "middlemarch"} {
		if err := bookStream.For(id).Append(ctx, &acquired{Title: title}); err != nil {
			panic(err)
		}
	}

	titles := list.Rows[Book]{
		Query:  func(ctx context.Context) (*gorm.DB, error) { return Books.Query(ctx) },
		ID:     list.Text("id", func(b *Book) string { return b.ID }),
		Search: []string{"title"},
		Sorts:  map[string]list.Column[Book]{"title": list.Text("title", func(b *Book) string { return b.Title })},
		Usual:  "title",
	}
	asked, err := titles.Read(url.Values{"q": {"E"}, "sort": {"-title"}})
	if err != nil {
		panic(err)
	}
	asked.Limit = 2
	for more := true; more; more = asked.After != "" {
		found, err := titles.Find(ctx, asked)
		if err != nil {
			panic(err)
		}
		for _, book := range found.Rows {
			fmt.Println(book.Title)
		}
		fmt.Println("more:", found.Next != "")
		asked.After = found.Next
	}

	_, err = titles.Read(url.Values{"sort": {"author"}})
	fmt.Println(err)
	// Output:
	// walden
	// middlemarch
	// more: true
	// emma
	// dubliners
	// more: false
	// The list cannot be sorted by that. Use one of: title.
}
