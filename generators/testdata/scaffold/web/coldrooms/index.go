package coldrooms

import (
	"context"
	"iter"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// listing is what the page of all cold rooms shows.
type listing struct {
	view.List
	Rows []projections.ColdRoom
}

// empty reports whether there is no cold room at all.
func (l listing) empty() bool { return len(l.Rows) == 0 && !l.Query.Narrowed() && l.Query.After == "" }

// statuses are the states one can look for.
var statuses = []view.Option{
	{Value: "", Word: "All"},
	{Value: projections.ColdRoomOpened, Word: "Opened"},
}

// sorts are what a phone offers instead of the heads of columns.
var sorts = []view.Option{
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

// index lists the cold rooms: GET /cold-rooms?q=&status=&sort=&after=.
func (p pages) index(c echo.Context) error {
	asked, err := projections.ColdRoomList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	found, err := projections.ColdRoomList.Find(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Cold rooms", index(listing{List: view.ListOf(path, asked, found), Rows: found.Rows}))
}

// export is the list as a table, all of it: GET /cold-rooms.csv.
func (p pages) export(c echo.Context) error {
	asked, err := projections.ColdRoomList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	header := []string{"id", "status"}
	return server.SendCSV(c, "cold_rooms", header, rows(c.Request().Context(), asked))
}

func rows(ctx context.Context, asked list.Query) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for row, err := range projections.ColdRoomList.All(ctx, asked) {
			if !yield([]string{
				row.ID, row.Status,
			}, err) {
				return
			}
		}
	}
}
