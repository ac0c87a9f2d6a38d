package coldrooms

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/coldroom"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"
	"github.com/ireneo-dev/ireneo/view"
)

// detail is what the page of one cold room shows.
type detail struct {
	*view.Page[projections.ColdRoom]

	ID string
}

// look says how facts about them are put into words.
var look = view.Look{Value: words, Phrase: phrase}

// show shows one cold room, at any moment: GET /cold-rooms/:id?version=&at=&as_of=&older=.
func (p pages) show(c echo.Context) error {
	id := c.Param("id")
	page, err := view.Load(c.Request().Context(), streams.ColdRoom.For(id), projections.ColdRooms, look.At(view.Path(path, id), c.QueryParams()))
	if err != nil {
		return err
	}
	d := detail{Page: page, ID: id}
	return p.Render(c, http.StatusOK, d.title(), show(d))
}

// title is what the cold room is called.
func (d detail) title() string { return title(d.ID) }

// title is what the cold room of an id is called: by the beginning of it.
func title(id string) string {
	letters := []rune(id)
	return "Cold room " + string(letters[:min(len(letters), 8)])
}

// phrase puts a fact into words.
func phrase(ev ireneo.AnyEvent) view.Phrase {
	switch ev.(type) {
	case *coldroom.Opened:
		return view.Phrase{What: "Opened", Icon: web.Icon("plus")}
	default:
		return view.Phrase{}
	}
}

// words writes a field for people.
func words(key string, value any) string {
	switch key {
	case "status":
		return statusWord(value.(string))
	default:
		return view.Value(key, value)
	}
}
