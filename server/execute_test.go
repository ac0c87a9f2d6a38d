package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// pour fills several jars at once.
type pour struct {
	ireneo.Command `name:"jar.pour"`

	To     string `json:"to" form:"-"` // the page's
	Sweets int    `json:"sweets" validate:"gt=0"`

	meanwhile func() error // what others do; nil: nothing
}

func (c *pour) Handle(ctx context.Context, b *ireneo.Boundary) error {
	if c.Sweets == 9 {
		return b.Reject("sweets", "would be too many")
	}
	for _, id := range []string{c.To, "spare"} {
		jar, err := ireneo.Load(ctx, b, jars.For(id), jars.Consistency.(*ireneo.Projection[jar]))
		if err != nil {
			return err
		}
		jar.Append(&filled{Sweets: c.Sweets})
	}
	if c.meanwhile != nil {
		return c.meanwhile()
	}
	return nil
}

// empty is another command, which takes the same form.
type empty struct {
	ireneo.Command `name:"jar.empty"`
}

func (c *empty) Handle(context.Context, *ireneo.Boundary) error { return nil }

// pouring is a server that takes forms for commands under /pour/:id, with a page of its own
// for the messages.
func pouring(t *testing.T, vary func(log *ireneo.Log, cmd *pour, x *server.Executing)) (*visitor, *ireneo.Log, *shown) {
	t.Helper()
	ana, srv, log := jarServer(t)
	last := &shown{}
	srv.Echo.POST("/pour/:id", func(c echo.Context) error {
		*last = shown{}
		cmd := &pour{To: c.Param("id")}
		x := server.Executing{
			Command: cmd, Form: c.QueryParam("form"), Done: "It is poured.",
			Same: func(events []ireneo.AnyEvent) bool {
				return len(events) == 2 && events[0].(*filled).Sweets == cmd.Sweets
			},
			Then: func(events []ireneo.AnyEvent) string { return view.Path("/jars", events[0].StreamID()) },
			Again: func(status int, f *form.Form) error {
				last.form = f
				return c.NoContent(status)
			},
		}
		if vary != nil {
			vary(log, cmd, &x)
		}
		return server.Execute(c, x)
	})
	return ana, log, last
}

func TestExecute_OnceAndGoesOn(t *testing.T) {
	ana, log, _ := pouring(t, nil)
	for range 2 { // sent twice
		got := ana.do(post("/pour/1", filledIn("0", oneKey, "2")))
		if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/jars/1" {
			t.Errorf("got %d to %s: %s", got.Code, got.Header().Get("Location"), got.Body)
		}
		if said := ana.get("/said"); said != "[{done It is poured.}]" {
			t.Errorf("the next page says %s", said)
		}
		wantJar(t, log, "1", 1)
		wantJar(t, log, "spare", 1)
	}
}

// What is refused comes back as it was typed, with what is wrong; nothing is appended.
func TestExecute_RefusedIs422(t *testing.T) {
	ana, log, last := pouring(t, func(_ *ireneo.Log, cmd *pour, x *server.Executing) {
		x.Check = func(_ context.Context, f *form.Form) error {
			if cmd.Sweets == 7 {
				f.Add("sweets", "must not be seven")
			}
			return nil
		}
	})
	for name, tt := range map[string]struct{ sweets, field, message string }{
		"form":       {"x1", "sweets", "Sweets must be a whole number such as 42"},
		"page":       {"7", "sweets", "Sweets must not be seven"},
		"tags":       {"0", "sweets", "Sweets must be greater than 0"},
		"Handle":     {"9", "sweets", "Sweets would be too many"},
		"the stream": {"11", "", "Led to invalid state: Sweets must be 10 or less"},
	} {
		got := ana.do(post("/pour/1?form=more", filledIn("0", oneKey, tt.sweets)))
		if got.Code != http.StatusUnprocessableEntity || last.form == nil {
			t.Errorf("%s: got %d, %+v: %s", name, got.Code, last, got.Body)
			continue
		}
		f := last.form
		if diff := cmp.Diff([]string{tt.message}, f.Messages(tt.field)); diff != "" {
			t.Errorf("%s: messages differ (-want +got):\n%s", name, diff)
		}
		if f.Name != "more" || f.Key() != oneKey || f.Value("sweets") != tt.sweets {
			t.Errorf("%s: form %s has key %s, %q", name, f.Name, f.Key(), f.Value("sweets"))
		}
	}
	wantJar(t, log, "1", 0)
}

// A name that nothing can have, and a stream that has ended, are messages as well.
func TestExecute_StreamsThatCannotBeWrittenToComeBack(t *testing.T) {
	ana, log, last := pouring(t, nil)
	if err := jars.For("full").AppendAll(ireneo.WithLog(t.Context(), log), []ireneo.AnyEvent{&filled{Sweets: 1}, &sealed{}}); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]struct {
		code    int
		message string
	}{
		"a*":   {http.StatusUnprocessableEntity, "There is nothing of that name."},
		"full": {http.StatusConflict, "Nothing was recorded: stream is closed."},
	} {
		got := ana.do(post("/pour/"+id, filledIn("0", oneKey, "1")))
		if got.Code != want.code || last.form == nil || strings.Join(last.form.Messages(""), "|") != want.message {
			t.Errorf("%s: got %d, %+v: %s", id, got.Code, last, got.Body)
		}
	}
}

// A form that was executed and comes back with other values may be executed as another one.
func TestExecute_UsedFormIs409WithANewKey(t *testing.T) {
	ana, log, last := pouring(t, nil)
	ana.do(post("/pour/1", filledIn("0", oneKey, "3")))
	got := ana.do(post("/pour/1", filledIn("0", oneKey, "4")))
	if got.Code != http.StatusConflict || last.form == nil {
		t.Fatalf("got %d, %+v: %s", got.Code, last, got.Body)
	}
	f := last.form
	if words := strings.Join(f.Messages(""), "|"); !strings.HasPrefix(words, "This form was used already") || strings.Contains(words, "|") {
		t.Errorf("it says %q", words)
	}
	if f.Name != "jar-pour" || f.Key() == oneKey || f.Value("sweets") != "4" {
		t.Errorf("form %s has key %s and %q", f.Name, f.Key(), f.Value("sweets"))
	}
	wantJar(t, log, "1", 1)

	if again := ana.do(post("/pour/1", filledIn("0", f.Key(), "4"))); again.Code != http.StatusSeeOther {
		t.Errorf("sent again: got %d", again.Code)
	}
	wantJar(t, log, "1", 2)
}

// A key that another command has used is used as well.
func TestExecute_UsedForAnotherCommandIs409(t *testing.T) {
	ana, log, last := pouring(t, nil)
	if _, err := ireneo.Execute(ireneo.WithLog(t.Context(), log), &empty{}, ireneo.CommandID(oneKey)); err != nil {
		t.Fatal(err)
	}
	got := ana.do(post("/pour/1", filledIn("0", oneKey, "3")))
	if got.Code != http.StatusConflict || last.form == nil || last.form.Key() == oneKey {
		t.Errorf("got %d, %+v: %s", got.Code, last, got.Body)
	}
	wantJar(t, log, "1", 0)
}

// beaten makes somebody else append to the jar each time the command is decided.
func beaten(t *testing.T, log *ireneo.Log) func() error {
	return func() error {
		return log.DB().WithContext(t.Context()).Transaction(func(tx *gorm.DB) error {
			return jars.In(log).For("1").AppendTx(t.Context(), tx, &filled{Sweets: 1})
		})
	}
}

func TestExecute_OthersWereFasterIs409(t *testing.T) {
	ana, log, last := pouring(t, func(log *ireneo.Log, cmd *pour, _ *server.Executing) { cmd.meanwhile = beaten(t, log) })
	got := ana.do(post("/pour/1", filledIn("0", oneKey, "3")))
	if got.Code != http.StatusConflict || last.form == nil {
		t.Fatalf("got %d, %+v: %s", got.Code, last, got.Body)
	}
	want := []string{"Somebody was faster, and nothing was recorded. Look at what there is now, and send it again."}
	if diff := cmp.Diff(want, last.form.Messages("")); diff != "" || last.form.Key() != oneKey || last.form.Value("sweets") != "3" {
		t.Errorf("the form has key %s, %q, messages differ (-want +got):\n%s", last.form.Key(), last.form.Value("sweets"), diff)
	}
	wantJar(t, log, "spare", 0)
}

// A page may answer itself whatever was refused.
func TestExecute_Refused(t *testing.T) {
	var refusal error
	ana, _, last := pouring(t, func(log *ireneo.Log, cmd *pour, x *server.Executing) {
		if cmd.To == "1" {
			cmd.meanwhile = beaten(t, log)
		}
		x.Refused = func(_ *form.Form, err error) error {
			refusal = err
			return err
		}
	})
	for _, tt := range []struct {
		path, sweets string
		want         error
	}{{"/pour/1", "1", ireneo.ErrConflict}, {"/pour/2", "9", ireneo.ErrInvalid}} {
		refusal = nil
		ana.do(post(tt.path, filledIn("0", oneKey, tt.sweets)))
		if !errors.Is(refusal, tt.want) || last.form != nil {
			t.Errorf("%s: got %v, %+v, want %v", tt.path, refusal, last, tt.want)
		}
	}
}

// What is no form of ours, and what has nothing to do with what was typed, is no form to be
// shown again.
func TestExecute_NoFormAtAll(t *testing.T) {
	ana, log, last := pouring(t, func(_ *ireneo.Log, cmd *pour, x *server.Executing) {
		x.Check = func(context.Context, *form.Form) error {
			if cmd.Sweets == 8 {
				return ireneo.ErrBusy
			}
			return nil
		}
	})
	for name, tt := range map[string]struct {
		r      *http.Request
		status int
	}{
		"malformed":        {post("/pour/1", "sweets=%zz"), 400},
		"media type":       {post("/pour/1", "sweets=3", "Content-Type", "text/plain"), 415},
		"the page's error": {post("/pour/1", filledIn("0", oneKey, "8")), 503},
	} {
		if got := ana.do(tt.r); got.Code != tt.status || last.form != nil || got.Header().Get("Location") != "" {
			t.Errorf("%s: got %d, %+v, want %d: %s", name, got.Code, last, tt.status, got.Body)
		}
	}
	wantJar(t, log, "1", 0)
}
