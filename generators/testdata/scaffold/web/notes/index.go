package notes

import (
	"context"
	"iter"
	"net/http"

	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// listing is what the page of all notes shows.
type listing struct {
	view.List
	Rows []projections.Note
}

// empty reports whether there is no note at all.
func (l listing) empty() bool { return len(l.Rows) == 0 && !l.Query.Narrowed() && l.Query.After == "" }

// statuses are the states one can look for.
var statuses = []view.Option{
	{Value: "", Word: "All"},
	{Value: projections.NoteCreated, Word: "Created"},
	{Value: projections.NoteUpdated, Word: "Updated"},
	{Value: projections.NoteArchived, Word: "Archived"},
}

// sorts are what a phone offers instead of the heads of columns.
var sorts = []view.Option{
	{Value: "title", Word: "Title"},
	{Value: "status", Word: "Status"},
}

// statusWord is what a state is called.
func statusWord(status string) string {
	for _, s := range statuses[1:] {
		if s.Value == status {
			return s.Word
		}
	}
	return ""
}

// index lists the notes: GET /notes?q=&status=&sort=&after=.
func (p pages) index(c echo.Context) error {
	asked, err := projections.NoteList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	found, err := projections.NoteList.Find(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Notes", index(listing{List: view.ListOf(path, asked, found), Rows: found.Rows}))
}

// export is the list as a table, all of it: GET /notes.csv.
func (p pages) export(c echo.Context) error {
	asked, err := projections.NoteList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	header := []string{"id", "status", "title", "body", "due_on"}
	return server.SendCSV(c, "notes", header, rows(c.Request().Context(), asked))
}

func rows(ctx context.Context, asked list.Query) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for row, err := range projections.NoteList.All(ctx, asked) {
			if !yield([]string{
				row.ID, row.Status, row.Title, row.Body, optional(row.DueOn, civil.Date.String),
			}, err) {
				return
			}
		}
	}
}

// optional writes what may be missing.
func optional[T any](value *T, write func(T) string) string {
	if value == nil {
		return ""
	}
	return write(*value)
}
