package samples

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"cloud.google.com/go/civil"
	"github.com/a-h/templ"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/form/money"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/sample"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"
	"github.com/ireneo-dev/ireneo/view"
)

// detail is what the page of one sample shows.
type detail struct {
	*view.Page[projections.Sample]

	ID    string
	Forms map[string]*form.Form
	Sent  string      // which form came back; empty: none
	Clash *view.Clash // why it came too late, if it did
}

// look says how facts about them are put into words.
var look = view.Look{Value: words, Phrase: phrase}

// show shows one sample, at any moment: GET /samples/:id?version=&at=&as_of=&older=.
func (p pages) show(c echo.Context) error {
	return p.detail(c, http.StatusOK, c.QueryParams(), nil, nil)
}

// detail shows one sample. sent, if not nil, takes the place of the empty form it came
// from; clash, if not nil, says why it came too late.
func (p pages) detail(c echo.Context, status int, query url.Values, sent *form.Form, clash *view.Clash) error {
	id := c.Param("id")
	page, err := view.Load(c.Request().Context(), streams.Sample.For(id), projections.Samples, look.At(view.Path(path, id), query))
	if err != nil {
		return err
	}
	d := detail{Page: page, ID: id, Forms: p.forms(page.Versions), Clash: clash}
	if sent != nil {
		d.Forms[sent.Name], d.Sent = sent, sent.Name
		sent.SetVersion(page.Versions)
	}
	return p.Render(c, status, d.title(), show(d))
}

// forms are what can be recorded about a sample at a version.
func (p pages) forms(version int64) map[string]*form.Form {
	forms := map[string]*form.Form{
		formWeighed: form.New(&sample.Weighed{TakenOn: civil.DateOf(p.Now().UTC())}),
	}
	for name, f := range forms {
		f.Name = name
		f.SetVersion(version)
	}
	return forms
}

// action is where a form of the page is sent.
func (d detail) action(to string) templ.SafeURL {
	return templ.SafeURL(view.Path(path, d.ID) + "/" + to)
}

// title is what the sample is called.
func (d detail) title() string { return d.State.Title }

// phrase puts a fact into words.
func phrase(ev ireneo.AnyEvent) view.Phrase {
	switch ev.(type) {
	case *sample.Taken:
		return view.Phrase{What: "Taken", Icon: web.Icon("plus")}
	case *sample.Weighed:
		return view.Phrase{What: "Weighed", Icon: web.Icon("dot")}
	default:
		return view.Phrase{}
	}
}

// words writes a field for people.
func words(key string, value any) string {
	switch key {
	case "amount", "maybe_amount", "weighed_amount", "weighed_maybe_amount":
		return money.Format(value.(int64))
	case "maybe_mood", "mood", "weighed_maybe_mood", "weighed_mood":
		return sentence(value.(string))
	case "status":
		return statusWord(value.(string))
	case "extra", "weighed_extra":
		return string(value.(json.RawMessage))
	case "customer_id", "maybe_customer_id", "weighed_customer_id", "weighed_maybe_customer_id":
		return value.(string)
	case "maybe_key", "weighed_key", "weighed_maybe_key":
		return value.(uuid.UUID).String()
	default:
		return view.Value(key, value)
	}
}

// sentence writes one of the words that a field may be: written_off is Written off.
func sentence(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + strings.ReplaceAll(word[1:], "_", " ")
}
