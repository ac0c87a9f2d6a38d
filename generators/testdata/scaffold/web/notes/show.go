package notes

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/note"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"
	"github.com/ireneo-dev/ireneo/view"
)

// detail is what the page of one note shows.
type detail struct {
	*view.Page[projections.Note]

	ID    string
	Forms map[string]*form.Form
	Sent  string      // which form came back; empty: none
	Clash *view.Clash // why it came too late, if it did
}

// look says how facts about them are put into words.
var look = view.Look{Value: words, Phrase: phrase}

// show shows one note, at any moment: GET /notes/:id?version=&at=&as_of=&older=.
func (p pages) show(c echo.Context) error {
	return p.detail(c, http.StatusOK, c.QueryParams(), nil, nil)
}

// detail shows one note. sent, if not nil, takes the place of the empty form it came
// from; clash, if not nil, says why it came too late.
func (p pages) detail(c echo.Context, status int, query url.Values, sent *form.Form, clash *view.Clash) error {
	id := c.Param("id")
	page, err := view.Load(c.Request().Context(), streams.Note.For(id), projections.Notes, look.At(view.Path(path, id), query))
	if err != nil {
		return err
	}
	d := detail{Page: page, ID: id, Forms: p.forms(page.State, page.Versions), Clash: clash}
	if sent != nil {
		d.Forms[sent.Name], d.Sent = sent, sent.Name
		sent.SetVersion(page.Versions)
	}
	return p.Render(c, status, d.title(), show(d))
}

// forms are what can be recorded about a note at a version.
func (p pages) forms(state *projections.Note, version int64) map[string]*form.Form {
	forms := map[string]*form.Form{
		formUpdated:  form.New(&note.Updated{Title: state.Title, Body: state.Body, DueOn: state.DueOn}),
		formArchived: form.New(&note.Archived{}),
	}
	for name, f := range forms {
		f.Name = name
		f.SetVersion(version)
	}
	return forms
}

// open reports whether anything can still happen to the note.
func (d detail) open() bool { return d.State.Status != projections.NoteArchived }

// action is where a form of the page is sent.
func (d detail) action(to string) templ.SafeURL {
	return templ.SafeURL(view.Path(path, d.ID) + "/" + to)
}

// title is what the note is called.
func (d detail) title() string { return d.State.Title }

// phrase puts a fact into words.
func phrase(ev ireneo.AnyEvent) view.Phrase {
	switch ev.(type) {
	case *note.Created:
		return view.Phrase{What: "Created", Icon: web.Icon("plus")}
	case *note.Updated:
		return view.Phrase{What: "Updated", Icon: web.Icon("dot")}
	case *note.Archived:
		return view.Phrase{What: "Archived", Icon: web.Icon("check")}
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
