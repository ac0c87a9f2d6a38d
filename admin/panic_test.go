package admin

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// Unwell is Issued in a program whose upcast panics.
type Unwell struct {
	ireneo.Event `name:"debt.issued"`

	Amount int64 `json:"amount"`
}

// Upcasts makes the schema newer.
func (Unwell) Upcasts() []ireneo.Upcast {
	return []ireneo.Upcast{func(map[string]any) error { panic("the upcast is unwell") }}
}

// listened has the pages log where the test can read it.
func (s *site) listened() *bytes.Buffer {
	lines := &bytes.Buffer{}
	s.config.Logger = slog.New(slog.NewTextHandler(lines, nil))
	return lines
}

func TestPanic_OfAProjection(t *testing.T) {
	o := newOffice(t)
	o.lend()
	o.config.Projections = append(o.config.Projections, ireneo.NewProjection("unwell",
		ireneo.On(func(*LoanNotes, *Repaid, time.Time) { panic("secret 4711") })))
	for _, path := range []string{"", "/state", "/state?at=2030-01-01", "/diff"} {
		lines := o.listened()
		path, query, _ := strings.Cut(path, "?")
		body := o.wants("/admin/streams/loan/42"+path+"?projection=unwell&"+query, http.StatusOK,
			[]string{"<main", "states cannot be computed", "projection unwell panicked", "The log of the process says more"}, "4711")
		if shown := strings.Contains(body, "loan.settled"); !shown && path != "/state" {
			t.Errorf("%s: the events are missing:\n%s", path, body)
		}
		if got := lines.String(); !strings.Contains(got, "4711") || !strings.Contains(got, "panic_test.go") {
			t.Errorf("%s: %s\nis not explained by the log:\n%s", path, body, got)
		}
	}
}

func TestPanic_OfARow(t *testing.T) {
	unwell := false
	p := pursesOn(t, Config{}, func(t testing.TB, c ireneo.Config) *ireneo.Log {
		c.Projections = []ireneo.AnyProjection{ireneo.NewProjection("payers",
			ireneo.OnBy(func(e *Moved) string { return e.Payer }, func(*Payer, *Moved, time.Time) {
				if unwell {
					panic("unwell")
				}
			}))}
		return ireneotest.SQLite(t, c)
	})
	p.move("a", 5, "ann")
	p.until("payers", current)
	unwell = true
	p.wants("/admin/projections/payers/rows/ann", http.StatusOK, []string{"projection payers panicked", "cannot be followed beyond position 0", "not compared"}, "unwell")

	logged := make(logLines, 1)
	p.config.Logger = slog.New(slog.NewTextHandler(logged, nil))
	p.do(http.MethodPost, "/admin/projections/payers/rebuild", url.Values{"confirm": {"payers"}})
	select {
	case line := <-logged:
		if !strings.Contains(line, "rebuild payers: panic: unwell") { // the log itself has logged the stack
			t.Errorf("a rebuild that panics logs %s", line)
		}
	case <-time.After(20 * time.Second):
		t.Error("a rebuild that panics logs nothing")
	}
}

// logLines has what is logged, line by line.
type logLines chan string

func (w logLines) Write(p []byte) (int, error) {
	w <- string(p)
	return len(p), nil
}

func TestPanic_OfAnUpcast(t *testing.T) {
	st := open(t)
	t.Cleanup(func() { _ = st.Close() })
	older, err := ireneo.Open(st, quietLog())
	if err == nil {
		err = older.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	siteOf(t, older).issue("42", 1)
	newer, err := ireneo.Open(st, ireneo.Config{
		Streams: []*ireneo.Stream{{Type: "debt", Purpose: "One loan"}, Actions}, Events: []ireneo.EventType{ireneo.TypeOf[Unwell]()},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := siteOf(t, newer)
	for _, path := range []string{"/admin/events", "/admin/events.csv", "/admin", "/admin/types", "/admin/streams/debt/42"} {
		s.wants(path, http.StatusOK, []string{"debt.issued"}, "Internal error")
	}
	s.wants("/admin/events.json", http.StatusOK, []string{"its type panics when it is read: the upcast is unwell"}, "Internal error")
	s.listen("/admin/tail/stream?after=0", "", func(p piece) bool { return strings.Contains(p.html, "its type panics when it is read") })
}
