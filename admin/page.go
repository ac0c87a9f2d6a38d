package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// visit is one request, and what its page may show.
type visit struct {
	*http.Request
	User

	admin   *admin
	json    bool      // a program asks
	now     time.Time // when the page was asked for
	refused *refusedAction
}

// page is what a screen answers with.
type page struct {
	Title   string
	Nav     string          // which entry of the navigation it belongs to, such as /events
	Body    templ.Component // for people
	Data    any             // the same for programs, as JSON; nil: there is no twin
	Status  int             // defaults to 200
	Refresh int             // after how many seconds browsers without script ask again; zero: never

	Location string // where to go instead, with 303
}

// screen makes a page.
type screen func(v *visit) (*page, error)

// mayAct reports whether the page shows forms that do something.
func (v *visit) mayAct() bool { return v.Role == Operate && !v.admin.config.ReadOnly }

// onEvents reports whether this is the list of events, which the search at the top is of.
func (v *visit) onEvents() bool { return v.URL.EscapedPath() == v.path("events") }

// searched is what the search at the top has been asked for; other pages have a q of theirs.
func (v *visit) searched() string {
	if !v.onEvents() {
		return ""
	}
	return v.URL.Query().Get("q")
}

// hidden are the fields of the host in each form.
func (v *visit) hidden() map[string]string {
	if v.admin.config.Hidden == nil {
		return nil
	}
	return v.admin.config.Hidden(v.Request)
}

// write sends a page, whole or not at all.
func (v *visit) write(w http.ResponseWriter, p *page) error {
	_ = allow(w, pieceTime) // where the connection is lost, nothing else helps either
	switch {
	case p.Location != "":
		http.Redirect(w, v.Request, p.Location, http.StatusSeeOther)
		return nil
	case v.json:
		return writeJSON(w, p)
	}
	var b bytes.Buffer
	ctx := context.WithoutCancel(v.Context()) // the page that time ran out is a page, too
	if err := layout(v, p).Render(ctx, &b); err != nil {
		return err
	}
	send(w, "text/html; charset=utf-8", p.Status, b.Bytes())
	return nil
}

func writeJSON(w http.ResponseWriter, p *page) error {
	if p.Data == nil {
		return errNoPage
	}
	text, err := json.MarshalIndent(p.Data, "", "  ")
	if err != nil {
		return err
	}
	send(w, "application/json", p.Status, append(text, '\n'))
	return nil
}

func send(w http.ResponseWriter, contentType string, status int, body []byte) {
	if status == 0 {
		status = http.StatusOK
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who does not read it has gone away
}
