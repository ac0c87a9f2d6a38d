package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/db/migrate"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// filled puts sweets into a jar that takes ten.
type filled struct {
	ireneo.Event `name:"jar.filled"`

	Sweets int `json:"sweets" validate:"gt=0"`
}

type sealed struct {
	ireneo.Event `name:"jar.sealed"`
}

type jar struct {
	Sweets int `validate:"lte=10"`
}

var jars = &ireneo.Stream{
	Type: "jar", Purpose: "What a test fills", ClosedBy: "jar.sealed",
	Consistency: ireneo.NewProjection("jar", ireneo.On(func(j *jar, e *filled, _ time.Time) { j.Sweets += e.Sweets })),
}

// shown is what a page is made of when a form comes back.
type shown struct {
	form  *form.Form
	clash *view.Clash
}

// jarServer is a server on a log of jars, which tells under /said what the next page says.
func jarServer(t *testing.T) (*visitor, *server.Server, *ireneo.Log) {
	t.Helper()
	log := ireneotest.SQLite(t, ireneo.Config{
		Streams: []*ireneo.Stream{jars}, Migrations: migrate.FS,
		Events: []ireneo.EventType{ireneo.TypeOf[filled](), ireneo.TypeOf[sealed]()},
	})
	srv := serverOn(t, log, server.Options{})
	srv.Echo.GET("/said", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(server.Flashes(c.Request().Context())))
	})
	return visit(t, srv), srv, log
}

// filling is a server that takes forms for jars under /jars/:id and /jars, with a page of
// its own for the messages.
func filling(t *testing.T) (*visitor, *ireneo.Log, *shown) {
	t.Helper()
	ana, srv, log := jarServer(t)
	last := &shown{}
	record := func(c echo.Context, to func(*form.Form) *ireneo.Handle) error {
		ev := &filled{}
		*last = shown{}
		return server.Record(c, server.Recording{
			Event: ev, Form: c.QueryParam("form"), Stream: to, Done: "It is filled.", Then: "/jars",
			Check: func(_ context.Context, f *form.Form) error {
				if ev.Sweets == 7 {
					f.Add("sweets", "must not be seven")
				}
				if ev.Sweets == 8 {
					return ireneo.ErrBusy
				}
				return nil
			},
			Again: func(status int, f *form.Form, clash *view.Clash) error {
				*last = shown{f, clash}
				return c.NoContent(status)
			},
		})
	}
	srv.Echo.POST("/jars", func(c echo.Context) error {
		return record(c, func(f *form.Form) *ireneo.Handle { return jars.For(f.Key()) })
	})
	srv.Echo.POST("/jars/:id", func(c echo.Context) error {
		id, err := url.PathUnescape(c.Param("id"))
		if err != nil {
			return err
		}
		return record(c, func(*form.Form) *ireneo.Handle { return jars.For(id) })
	})
	return ana, log, last
}

const (
	oneKey     = "0c0ffee0-0000-4000-8000-000000000001"
	anotherKey = "0c0ffee0-0000-4000-8000-000000000002"
)

func filledIn(version, key, sweets string) string {
	return url.Values{"_version": {version}, "_key": {key}, "sweets": {sweets}}.Encode()
}

func wantJar(t *testing.T, log *ireneo.Log, id string, version int64) {
	t.Helper()
	if got, err := jars.In(log).For(id).Version(t.Context()); err != nil || got != version {
		t.Errorf("jar %s is at version %d, error %v, want %d", id, got, err, version)
	}
}

func TestRecord_AppendsOnceAndGoesOn(t *testing.T) {
	ana, log, _ := filling(t)
	for range 2 { // sent twice
		got := ana.do(post("/jars/a%2Fb%20c", filledIn("0", oneKey, "2")))
		if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/jars/a%2Fb%20c" {
			t.Errorf("got %d to %s: %s", got.Code, got.Header().Get("Location"), got.Body)
		}
		if said := ana.get("/said"); said != "[{done It is filled.}]" {
			t.Errorf("the next page says %s", said)
		}
		wantJar(t, log, "a/b c", 1)
	}
	got := ana.do(post("/jars", filledIn("0", anotherKey, "2")))
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/jars/"+anotherKey {
		t.Errorf("a new one: got %d to %s", got.Code, got.Header().Get("Location"))
	}
	wantJar(t, log, anotherKey, 1)
}

// What is refused comes back as it was typed, with what is wrong; nothing is appended.
func TestRecord_RefusedIs422(t *testing.T) {
	ana, log, last := filling(t)
	for name, tt := range map[string]struct {
		sweets, field, message string
		stays                  bool // the key does
	}{
		"form":       {"x1", "sweets", "Sweets must be a whole number such as 42", true},
		"page":       {"7", "sweets", "Sweets must not be seven", true},
		"event":      {"0", "sweets", "Sweets must be greater than 0", true},
		"the stream": {"11", "", "Led to invalid state: Sweets must be 10 or less", true},
	} {
		got := ana.do(post("/jars/1?form=more", filledIn("0", oneKey, tt.sweets)))
		if got.Code != http.StatusUnprocessableEntity || last.form == nil || last.clash != nil {
			t.Errorf("%s: got %d, %+v: %s", name, got.Code, last, got.Body)
			continue
		}
		f := last.form
		if diff := cmp.Diff([]string{tt.message}, f.Messages(tt.field)); diff != "" {
			t.Errorf("%s: messages differ (-want +got):\n%s", name, diff)
		}
		if version, err := f.Version(); f.Name != "more" || f.Key() != oneKey || f.Value("sweets") != tt.sweets || version != 0 || err != nil {
			t.Errorf("%s: form %s has key %s, %q, version %d, %v", name, f.Name, f.Key(), f.Value("sweets"), version, err)
		}
		if said := ana.get("/said"); said != "[]" {
			t.Errorf("%s: the next page says %s", name, said)
		}
	}
	wantJar(t, log, "1", 0)
}

// A late form comes back with what happened meanwhile, ready to be sent again.
func TestRecord_LateIs409(t *testing.T) {
	ana, log, last := filling(t)
	for i := range 2 {
		ana.do(post("/jars/1", filledIn(fmt.Sprint(i), "", "3")))
	}
	wantJar(t, log, "1", 2)

	for sweets, reasons := range map[string][]string{"4": nil, "5": {"Led to invalid state: Sweets must be 10 or less"}} {
		got := ana.do(post("/jars/1", filledIn("1", oneKey, sweets)))
		if got.Code != http.StatusConflict || last.clash == nil {
			t.Fatalf("got %d, %+v: %s", got.Code, last, got.Body)
		}
		c := last.clash
		if len(c.Entries) != 1 || c.Entries[0].Version != 2 || c.Entries[0].What != "Filled" || c.Version != 2 || c.Closed || c.Form != "jar-filled" {
			t.Errorf("%s: clash is %+v", sweets, c)
		}
		if diff := cmp.Diff(reasons, c.Reasons); diff != "" || c.Passes() != (reasons == nil) || last.form.Valid() != (reasons == nil) {
			t.Errorf("%s: passes %v, messages %v, reasons differ (-want +got):\n%s", sweets, c.Passes(), last.form.Messages(""), diff)
		}
		if version, err := last.form.Version(); version != 2 || err != nil || last.form.Value("sweets") != sweets || last.form.Key() != oneKey {
			t.Errorf("%s: the form has version %d, %v, %q, key %s", sweets, version, err, last.form.Value("sweets"), last.form.Key())
		}
		wantJar(t, log, "1", 2)
	}
	if got := ana.do(post("/jars/1", filledIn("2", oneKey, "4"))); got.Code != http.StatusSeeOther {
		t.Errorf("sent again: got %d", got.Code)
	}
	wantJar(t, log, "1", 3)
}

// A form that began a stream and comes back with other values may begin another one.
func TestRecord_UsedFormIs409WithANewKey(t *testing.T) {
	ana, log, last := filling(t)
	ana.do(post("/jars", filledIn("0", oneKey, "3")))
	got := ana.do(post("/jars", filledIn("0", oneKey, "4")))
	if got.Code != http.StatusConflict || last.form == nil || last.clash != nil {
		t.Fatalf("got %d, %+v: %s", got.Code, last, got.Body)
	}
	f := last.form
	if words := strings.Join(f.Messages(""), "|"); !strings.HasPrefix(words, "This form was used already") || strings.Contains(words, "|") {
		t.Errorf("it says %q", words)
	}
	if f.Key() == oneKey || f.Value("sweets") != "4" {
		t.Errorf("the form has key %s and %q", f.Key(), f.Value("sweets"))
	}
	wantJar(t, log, oneKey, 1)

	if again := ana.do(post("/jars", filledIn("0", f.Key(), "4"))); again.Code != http.StatusSeeOther {
		t.Errorf("sent again: got %d", again.Code)
	}
	wantJar(t, log, oneKey, 1)
	wantJar(t, log, f.Key(), 1)
}

// On a stream that goes on, a used form with other values is a late one like any other.
func TestRecord_UsedAndLateIs409WithTheClash(t *testing.T) {
	ana, log, last := filling(t)
	ana.do(post("/jars/1", filledIn("0", "", "1")))
	ana.do(post("/jars/1", filledIn("1", oneKey, "2")))
	got := ana.do(post("/jars/1", filledIn("1", oneKey, "3")))
	if got.Code != http.StatusConflict || last.clash == nil || len(last.clash.Entries) != 1 || last.clash.Entries[0].Version != 2 {
		t.Fatalf("got %d, %+v: %s", got.Code, last, got.Body)
	}
	if last.form.Key() == oneKey || last.form.Value("sweets") != "3" || !last.form.Valid() {
		t.Errorf("the form has key %s, %q, messages %q", last.form.Key(), last.form.Value("sweets"), last.form.Messages(""))
	}
	wantJar(t, log, "1", 2)
}

// Where the id is not the form's key, two people may begin the same stream.
func TestRecord_BegunBySomebodyElseIs409(t *testing.T) {
	ana, log, last := filling(t)
	ana.do(post("/jars/1", filledIn("0", oneKey, "3")))
	got := ana.do(post("/jars/1", filledIn("0", anotherKey, "4")))
	if got.Code != http.StatusConflict || last.clash == nil || len(last.clash.Entries) != 1 || last.clash.Version != 1 || !last.clash.Passes() {
		t.Errorf("got %d, %+v: %s", got.Code, last, got.Body)
	}
	if version, err := last.form.Version(); version != 1 || err != nil || last.form.Key() != anotherKey || !last.form.Valid() {
		t.Errorf("the form has version %d, %v, key %s, messages %q", version, err, last.form.Key(), last.form.Messages(""))
	}
	wantJar(t, log, "1", 1)
}

func TestRecord_ClosedIs409(t *testing.T) {
	ana, log, last := filling(t)
	ana.do(post("/jars/1", filledIn("0", "", "3")))
	if err := jars.In(log).For("1").Append(t.Context(), &sealed{}); err != nil {
		t.Fatal(err)
	}
	got := ana.do(post("/jars/1", filledIn("2", oneKey, "3")))
	if got.Code != http.StatusConflict || last.form != nil || !strings.Contains(got.Body.String(), "This is closed") {
		t.Errorf("got %d, %+v: %s", got.Code, last, got.Body)
	}
	got = ana.do(post("/jars/1", filledIn("1", oneKey, "3")))
	if got.Code != http.StatusConflict || last.clash == nil || !last.clash.Closed || last.clash.Passes() {
		t.Errorf("late: got %d, %+v: %s", got.Code, last, got.Body)
	}
	wantJar(t, log, "1", 2)
}

// What is no form of ours is no form to be shown again.
func TestRecord_NoFormAtAll(t *testing.T) {
	ana, log, last := filling(t)
	for name, tt := range map[string]struct {
		r      *http.Request
		status int
	}{
		"malformed":         {post("/jars/1", "sweets=%zz"), 400},
		"without a version": {post("/jars/1", "sweets=3"), 400},
		"negative version":  {post("/jars/1", filledIn("-1", oneKey, "3")), 400},
		"media type":        {post("/jars/1", "sweets=3", "Content-Type", "text/plain"), 415},
		"the page's error":  {post("/jars/1", filledIn("0", oneKey, "8")), 503},
		"no id":             {post("/jars/a%00", filledIn("0", oneKey, "3")), 404},
	} {
		if got := ana.do(tt.r); got.Code != tt.status || last.form != nil || got.Header().Get("Location") != "" {
			t.Errorf("%s: got %d, %+v, want %d: %s", name, got.Code, last, tt.status, got.Body)
		}
	}
	wantJar(t, log, "1", 0)
}

// table yields rows, and then an error if there is one.
func table(n int, last error) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for i := range n {
			if !yield([]string{fmt.Sprint(i), "=text"}, nil) {
				return
			}
		}
		if last != nil {
			yield(nil, last)
		}
	}
}

func TestSendCSV(t *testing.T) {
	srv := newServer(t, server.Options{})
	srv.Echo.GET("/jars.csv", func(c echo.Context) error {
		return server.SendCSV(c, "jars", []string{"id", "text"}, table(2, nil))
	})
	got := do(t, srv, httptest.NewRequest(http.MethodGet, "/jars.csv", nil))
	if got.Code != http.StatusOK || got.Body.String() != "id,text\n0,'=text\n1,'=text\n" ||
		got.Header().Get("Content-Type") != "text/csv; charset=utf-8" || got.Header().Get("Content-Disposition") != "attachment; filename=jars.csv" {
		t.Errorf("got %d %q %v", got.Code, got.Body, got.Header())
	}
}

// A table that breaks is a page while nothing is sent, and no whole file afterwards.
func TestSendCSV_Breaks(t *testing.T) {
	var logged bytes.Buffer
	srv := newServer(t, server.Options{Addr: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	for path, n := range map[string]int{"/soon": 0, "/late": 10_000} {
		srv.Echo.GET(path, func(c echo.Context) error {
			return server.SendCSV(c, "jars", []string{"id", "text"}, table(n, errors.New("secret")))
		})
	}
	address, stop, ended := serve(t, srv)

	soon := get(t, "http://"+address+"/soon")
	page, err := io.ReadAll(soon.body)
	if soon.status != http.StatusInternalServerError || strings.Contains(soon.media, "csv") || err != nil || !strings.Contains(string(page), "Internal error") {
		t.Errorf("soon: got %d %s %v: %s", soon.status, soon.media, err, page)
	}
	late := get(t, "http://"+address+"/late")
	if file, err := io.ReadAll(late.body); late.status != http.StatusOK || err == nil || !strings.HasPrefix(string(file), "id,text\n0,'=text\n") {
		t.Errorf("late: got %d, error %v: %.100s", late.status, err, file)
	}
	if stop(); <-ended != nil || strings.Count(logged.String(), "secret") != 2 {
		t.Errorf("log: %s", &logged)
	}
}
