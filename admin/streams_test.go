package admin

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// Lent, Repaid and Settled are what happens to a loan.
type Lent struct {
	ireneo.Event `name:"loan.lent"`

	Amount int64  `json:"amount"`
	To     string `json:"to"`
	Card   string `json:"card" sensitive:"true"`
}

type Repaid struct {
	ireneo.Event `name:"loan.repaid"`

	Amount int64  `json:"amount"`
	Note   string `json:"note"`
}

type Settled struct {
	ireneo.Event `name:"loan.settled"`
}

// LoanPosition is what the rules of loans look at.
type LoanPosition struct {
	Outstanding int64 `label:"Still owed"`
	Payments    []int64
	Card        string `sensitive:"true"`
	Settled     bool
}

var loanPositions = ireneo.NewProjection("loan_positions",
	ireneo.On(func(p *LoanPosition, e *Lent, _ time.Time) { p.Outstanding, p.Card = e.Amount, e.Card }),
	ireneo.On(func(p *LoanPosition, e *Repaid, _ time.Time) {
		p.Outstanding -= e.Amount
		p.Payments = append(p.Payments, e.Amount)
	}),
	ireneo.On(func(p *LoanPosition, _ *Settled, _ time.Time) { p.Settled = true }),
)

// LoanNotes is further, and of the pages alone.
type LoanNotes struct{ Last string }

var loanNotes = ireneo.NewProjection("loan_notes", ireneo.On(func(n *LoanNotes, e *Repaid, _ time.Time) { n.Last = e.Note }))

// slowLoans takes its time with each event.
var slowLoans = ireneo.NewProjection("slow_loans", ireneo.On(func(_ *LoanNotes, _ *Repaid, _ time.Time) { <-time.After(20 * time.Millisecond) }))

var (
	loans = &ireneo.Stream{
		Type: "loan", Purpose: "One loan from hand to hand", Pattern: "{year}-{number}", CreatedBy: "loan.lent", ClosedBy: "loan.settled", Related: []string{"person"},
		Retention: ireneo.AfterClosing{Years: 10}, Consistency: loanPositions,
	}
	persons = &ireneo.Stream{Type: "person", Purpose: "Somebody who owes"}
	ghosts  = &ireneo.Stream{Type: "ghost", Purpose: "What this program has forgotten"}
)

// office is a site with loans, whose clock is set.
type office struct {
	*site
	now   time.Time
	older *ireneo.Log // of the program before, which knows ghosts
	store store.Store
}

var began = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

func newOffice(t *testing.T) *office {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "log.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	o := &office{now: began, store: st}
	c := ireneo.Config{
		Streams: []*ireneo.Stream{loans, persons}, Clock: func() time.Time { return o.now },
		Events: []ireneo.EventType{ireneo.TypeOf[Lent](), ireneo.TypeOf[Repaid](), ireneo.TypeOf[Settled]()},
	}
	log, err := ireneo.Open(st, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Streams = append(c.Streams, ghosts)
	if o.older, err = ireneo.Open(st, c); err != nil {
		t.Fatal(err)
	}
	h, err := Handler(log, Config{
		Authorize: as(User{Name: "ada", Role: Read}), ReadOnly: true, Logger: slog.New(slog.DiscardHandler),
		Projections: []ireneo.AnyProjection{loanNotes, slowLoans},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.site = &site{h.(*admin), t, log}
	return o
}

// add appends an event an hour after the one before.
func (o *office) add(s *ireneo.Stream, id string, e ireneo.AnyEvent, opts ...ireneo.AppendOption) {
	o.t.Helper()
	o.now = o.now.Add(time.Hour)
	ctx := ireneo.WithMeta(o.t.Context(), map[string]string{ireneo.ActorKey: "grace"})
	if err := s.In(o.older).For(id).Append(ctx, e, opts...); err != nil {
		o.t.Fatal(err)
	}
}

// lend makes the loan 42: four events, the third of which was true before the second.
func (o *office) lend() {
	o.t.Helper()
	o.add(loans, "42", &Lent{Amount: 100, To: "Ann", Card: "4929-8000"})
	o.add(loans, "42", &Repaid{Amount: 30, Note: "cash"})
	o.add(loans, "42", &Repaid{Amount: 20, Note: "late"}, ireneo.At(began.Add(90*time.Minute)))
	o.add(loans, "42", &Settled{})
}

// repay makes a loan with many payments, so that its versions go up to n.
func (o *office) repay(id string, n int) {
	o.t.Helper()
	o.add(loans, id, &Lent{Amount: 1000})
	for range n - 1 {
		o.add(loans, id, &Repaid{Amount: 1})
	}
}

// shows asks for a page that must be there, with some texts and without others.
func (o *office) shows(path string, want []string, not ...string) string {
	o.t.Helper()
	return o.answers(path, http.StatusOK, want, not...)
}

func (o *office) answers(path string, status int, want []string, not ...string) string {
	o.t.Helper()
	w := o.get(path)
	body := w.Body.String()
	if w.Code != status {
		o.t.Errorf("GET %s: %d, want %d\n%s", path, w.Code, status, body)
	}
	for _, text := range want {
		if !strings.Contains(body, text) {
			o.t.Errorf("GET %s: without %q\n%s", path, text, body)
		}
	}
	for _, text := range not {
		if strings.Contains(body, text) {
			o.t.Errorf("GET %s: with %q\n%s", path, text, body)
		}
	}
	return body
}

// twin reads the twin of a page.
func (o *office) twin(path string, into any) {
	o.t.Helper()
	w := o.get(path)
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code != http.StatusOK {
		o.t.Fatalf("GET %s: %d, %v\n%s", path, w.Code, err, w.Body)
	}
}

func TestStreams_Catalogue(t *testing.T) {
	o := newOffice(t)
	o.add(ghosts, "1", &Settled{})
	o.shows("/admin/streams", []string{
		"One loan from hand to hand", "loan/{year}-{number}", "loan.lent", "loan.settled", "10 years after closing", "loan_positions", "before the append",
		`href="/admin/streams/person"`, "not declared", `href="/admin/streams/ghost"`,
	})
	var got streamsPage
	o.twin("/admin/streams.json", &got)
	if len(got.Types) != 4 || got.Types[0].Type != "ghost" || got.Types[0].Declared {
		t.Errorf("the twin lists %v", got.Types)
	}
}

func TestStreams_Find(t *testing.T) {
	o := newOffice(t)
	o.lend()
	o.add(loans, "4711", &Lent{Amount: 1})
	o.shows("/admin/streams?name=4", []string{"loan/42", "loan/4711"})
	o.shows("/admin/streams?name=loan", []string{"One loan from hand to hand"}, "Somebody who owes")
	o.shows("/admin/streams?name=nobody%22%3E", []string{"begins so", "try fewer of them"}, `nobody">`)
	for query, want := range map[string]string{"loan/4": "/admin/streams/loan?prefix=4", "loan:4": "/admin/streams/loan?prefix=4", "loan/": "/admin/streams/loan"} {
		if w := o.get("/admin/streams?name=" + url.QueryEscape(query)); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("name=%s leads to %d %q, want %q", query, w.Code, w.Header().Get("Location"), want)
		}
	}
}

func TestStreamType(t *testing.T) {
	o := newOffice(t)
	o.shows("/admin/streams/loan", []string{"Nothing has been recorded in streams of this type yet"})
	o.lend()
	o.add(loans, "4711", &Lent{Amount: 1})
	o.shows("/admin/streams/loan", []string{"One loan", `href="/admin/streams/loan/42"`, "loan.settled", "closed", "open"})
	o.shows("/admin/streams/loan?prefix=47", []string{"4711"}, "streams/loan/42")
	o.shows("/admin/streams/loan?prefix=Z", []string{"No stream&#39;s id begins with"})
	o.answers("/admin/streams/nothing", http.StatusNotFound, []string{"declares no such stream"})
	o.add(ghosts, "1", &Settled{})
	o.shows("/admin/streams/ghost", []string{"not declared", "declares none of this type", `href="/admin/streams/ghost/1"`})
}

// From the first page to the last and back, each stream is met once, whatever its id.
func TestStreamType_Pages(t *testing.T) {
	o := newOffice(t)
	for i := range 130 {
		o.add(loans, fmt.Sprintf("%03d &#%%/ä\"<", i), &Lent{Amount: 1})
	}
	walk := func(path string, next func(keyPager) string) (ids []string) {
		for range 5 {
			var p streamTypePage
			o.twin(path, &p)
			for _, h := range p.Streams {
				ids = append(ids, h.ID)
			}
			if path = next(p.Pages); path == "" {
				break
			}
		}
		return ids
	}
	for name, ids := range map[string][]string{
		"forwards":  walk("/admin/streams/loan.json", func(p keyPager) string { return p.Next }),
		"backwards": walk("/admin/streams/loan.json?last=1", func(p keyPager) string { return p.Previous }),
	} {
		seen := map[string]bool{}
		for _, id := range ids {
			seen[id] = true
		}
		if len(ids) != 130 || len(seen) != 130 {
			t.Errorf("%s: %d streams, %d different ones", name, len(ids), len(seen))
		}
	}
}
