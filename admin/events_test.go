package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// Paid has a field that is called otherwise.
type Paid struct {
	ireneo.Event `name:"debt.paid"`

	Amount int64  `json:"amount"`
	Note   string `json:"note" label:"What they said"`
}

// Lost is an event that only an older program knows.
type Lost struct {
	ireneo.Event `name:"debt.lost"`

	Why string `json:"why"`
}

// OldPaidBack is PaidBack as it was once.
type OldPaidBack struct {
	ireneo.Event `name:"debt.repaid"`

	Price int64 `json:"price"`
}

// PaidBack is an event whose schema has changed.
type PaidBack struct {
	ireneo.Event `name:"debt.repaid"`

	Amount int64 `json:"amount"`
}

// Upcasts implements [ireneo.Upcaster].
func (*PaidBack) Upcasts() []ireneo.Upcast {
	return []ireneo.Upcast{func(data map[string]any) error {
		if fmt.Sprint(data["price"]) == "666" {
			return errors.New("the price <b>cannot</b> be")
		}
		data["amount"] = data["price"]
		return nil
	}}
}

// Owed is a model.
type Owed struct{ Paid int64 }

// logSite is the pages of a log that an older program has written to as well.
type logSite struct {
	*site
	debts, before *ireneo.Stream
}

func newLogSite(t *testing.T) *logSite {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "log.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	owed := ireneo.NewProjection("owed", ireneo.On(func(o *Owed, e *Paid, _ time.Time) { o.Paid += e.Amount }))
	stream := &ireneo.Stream{Type: "debt", Purpose: "One loan", Consistency: owed}
	before, err := ireneo.Open(st, ireneo.Config{
		Streams: []*ireneo.Stream{{Type: "debt", Purpose: "One loan"}},
		Events:  []ireneo.EventType{ireneo.TypeOf[Lost](), ireneo.TypeOf[OldPaidBack]()},
	})
	if err != nil {
		t.Fatal(err)
	}
	log, err := ireneo.Open(st, ireneo.Config{
		Streams: []*ireneo.Stream{stream, Actions},
		Events:  []ireneo.EventType{ireneo.TypeOf[Issued](), ireneo.TypeOf[Paid](), ireneo.TypeOf[PaidBack]()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h, err := Handler(log, Config{Authorize: as(User{Name: "ada", Role: Read}), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	old, err := before.Stream("debt")
	if err != nil {
		t.Fatal(err)
	}
	return &logSite{&site{h.(*admin), t, log}, stream.In(log), old}
}

// record appends events as somebody.
func (s *logSite) record(of *ireneo.Stream, id string, meta map[string]string, e ireneo.AnyEvent, opts ...ireneo.AppendOption) {
	s.t.Helper()
	if err := of.For(id).Append(ireneo.WithMeta(s.t.Context(), meta), e, opts...); err != nil {
		s.t.Fatal(err)
	}
}

// fill records some of everything.
func (s *logSite) fill() (paid *Paid, lost *Lost) {
	s.t.Helper()
	issued := &Issued{Amount: 100, Card: "4111"}
	s.record(s.debts, "1", map[string]string{"actor": "ana", "user": "7"}, issued)
	paid = &Paid{Amount: 60, Note: "in cash"}
	s.record(s.debts, "1", map[string]string{"actor": "bo"}, paid, ireneo.CausedBy(issued))
	lost = &Lost{Why: "secret?"}
	s.record(s.before, "2", map[string]string{}, lost)
	s.record(s.debts, "3", map[string]string{}, &Paid{Amount: 7, Note: "by cheque"})
	return paid, lost
}

// texts are the words of a page.
func texts(body string) string {
	plain := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")
	return strings.Join(strings.Fields(html.UnescapeString(plain)), " ")
}

// positions are the positions of the events of a list's twin.
func (s *site) positions(target string) []int64 {
	s.t.Helper()
	w := s.get(strings.Replace(target, "/events?", "/events.json?", 1))
	var p eventsPage
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK {
		s.t.Fatalf("GET %s: %d, %v\n%s", target, w.Code, err, w.Body)
	}
	all := []int64{}
	for _, e := range p.Events {
		all = append(all, e.Position)
	}
	return all
}

func TestEvents_Search(t *testing.T) {
	s := newLogSite(t)
	paid, _ := s.fill()
	for query, want := range map[string][]int64{
		"":                               {4, 3, 2, 1},
		"q=type:debt.paid":               {4, 2},
		"type=debt.paid":                 {4, 2},
		"type=debt.paid&type=debt.lost":  {4, 3, 2},
		"type=debt.p*&q=amount:>10":      {2},
		"stream=debt/1":                  {2, 1},
		"q=stream:debt/1+type:debt.paid": {2},
		"actor=ana":                      {1},
		"q=meta.user:7":                  {1},
		"q=-amount:7+type:debt.paid":     {2},
		"q=cheque":                       {4},
		"q=note:~CASH":                   {2},
		"q=card:4111":                    {}, // nobody finds out what is sensitive
		"from=-1h":                       {4, 3, 2, 1},
		"to=-1h":                         {},
		"from=" + time.Now().UTC().Format(time.DateOnly) + "&to=" + time.Now().UTC().Add(time.Hour).Format(time.DateOnly): {4, 3, 2, 1},
		"q=causation:" + paid.Meta().Get(ireneo.CausationKey):                                                             {2},
		"q=type:unknown.type": {},
		"before=3.1":          {2, 1},
		"after=2":             {4, 3, 2},
		"oldest=1":            {4, 3, 2, 1},
		"correlation=x&q=a":   {},
	} {
		if diff := cmp.Diff(want, s.positions("/admin/events?"+query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestEvents_Page(t *testing.T) {
	s := newLogSite(t)
	if got := texts(s.get("/admin/events").Body.String()); !strings.Contains(got, "The log is empty") || !strings.Contains(got, "ireneo db seed") {
		t.Errorf("an empty log: %s", got)
	}
	s.fill()
	body := s.get("/admin/events?type=debt.paid&q=amount:%3E5").Body.String()
	for _, want := range []string{
		`name="q" value="amount:&gt;5"`, `name="type" value="debt.paid"`, "2 events, the newest first",
		`{&#34;amount&#34;:60,&#34;note&#34;:&#34;in cash&#34;}`,
		`href="/admin/events?q=amount%3A%3E5"`,                                        // the chip, and the type: without it
		`href="/admin/events?q=amount%3A%3E5&amp;stream=debt%2F3&amp;type=debt.paid"`, // a stream: with it
		`href="/admin/events.csv?q=amount%3A%3E5&amp;type=debt.paid"`, `href="/admin/streams/debt/3"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in\n%s", want, body)
		}
	}
	body = s.get("/admin/events").Body.String()
	if got := texts(body); !strings.Contains(got, "debt.lost not registered") || strings.Contains(got, "secret?") || strings.Contains(got, "4111") {
		t.Errorf("got %s", got)
	}
	if got := texts(s.get("/admin/events?q=nowhere").Body.String()); !strings.Contains(got, "No event is like this. Take away one") {
		t.Errorf("nothing found: %s", got)
	}
	if got := texts(s.get("/admin/events?after=99").Body.String()); !strings.Contains(got, "nothing beyond this place") {
		t.Errorf("beyond the end: %s", got)
	}
}

// TestEvents_Paging goes through the log and back by the links.
func TestEvents_Paging(t *testing.T) {
	s := newSite(t, Config{})
	for i := range 120 {
		s.issue(fmt.Sprint(i%3), int64(i+1))
	}
	rel := func(target, rel string) string {
		found := regexp.MustCompile(`href="([^"]*)" rel="` + rel + `"`).FindStringSubmatch(s.get(target).Body.String())
		if found == nil {
			return ""
		}
		return html.UnescapeString(found[1])
	}
	first := "/admin/events?q=amount:>0&type=debt.issued"
	first = strings.ReplaceAll(first, ">", "%3E")
	second := rel(first, "next")
	third := rel(second, "next")
	for _, tt := range []struct {
		target     string
		count      int
		begin, end int64
	}{{first, 50, 120, 71}, {second, 50, 70, 21}, {third, 20, 20, 1}, {rel(third, "prev"), 50, 70, 21}, {rel(second, "prev"), 50, 120, 71}} {
		got := s.positions(tt.target)
		if len(got) != tt.count || got[0] != tt.begin || got[len(got)-1] != tt.end {
			t.Errorf("%s: got %v", tt.target, got)
		}
	}
	if got := rel(third, "next"); got != "" {
		t.Errorf("the last page leads on to %s", got)
	}
	s.issue("9", 121)
	if got := s.positions(second); got[0] != 70 {
		t.Errorf("the page has moved: %v", got)
	}
	var twinned eventsPage
	if err := json.Unmarshal(s.get("/admin/events.json").Body.Bytes(), &twinned); err != nil || twinned.Older == "" {
		t.Fatalf("%v, %+v", err, twinned.Older)
	}
	if w := s.get(twinned.Older); w.Header().Get("Content-Type") != "application/json" || !strings.Contains(w.Body.String(), `"position": 71`) {
		t.Errorf("%s: %s", twinned.Older, w.Body)
	}
}

func TestEvents_Jump(t *testing.T) {
	s := newLogSite(t)
	paid, _ := s.fill()
	for query, want := range map[string]string{
		"q=" + paid.ID().String():  "/admin/events/" + paid.ID().String(),
		"q=2":                      "/admin/events?before=3.0",
		"q=+2.1+":                  "/admin/events?before=3.0",
		"q=9223372036854775807":    "/admin/events?before=9223372036854775807.0",
		"at=2&type=debt.paid":      "/admin/events?before=3.0&type=debt.paid",
		"at=-5m":                   "/admin/events?oldest=1",
		"at=2999-01-01&q=amount:7": "/admin/events?before=5.0&q=amount%3A7",
	} {
		w := s.get("/admin/events?" + query)
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%s: %d to %s, want %s", query, w.Code, got, want)
		}
	}
	w := s.get("/admin/events.json?q=2")
	if got := w.Header().Get("Location"); got != "/admin/events.json?before=3.0" {
		t.Errorf("the twin leads to %s", got)
	}
	if got := s.positions("/admin/events?q=%222%22"); len(got) != 0 && got[0] == 2 {
		t.Errorf("a number in quotes leads somewhere: %v", got)
	}
}

func TestEvents_Mistakes(t *testing.T) {
	s := newLogSite(t)
	s.fill()
	for query, want := range map[string]string{
		"q=amount:":                      "Character 1: amount has no value",
		`q="open`:                        "these quotes are not closed",
		"from=yesterday":                 "from: this is no time: write a day",
		"q=from:-1h&from=-2h":            "from is there twice",
		"type=a*b":                       "cannot be searched for this",
		"stream=debt/[":                  "cannot be searched for this",
		"before=x":                       "is no place in the log",
		"at=nowhere":                     `"nowhere" is no position`,
		"q=" + strings.Repeat("x", 5000): "The search is too long",
	} {
		w := s.get("/admin/events?" + strings.ReplaceAll(query, " ", "+"))
		if got := texts(w.Body.String()); w.Code != http.StatusBadRequest || !strings.Contains(got, want) {
			t.Errorf("%s: %d, without %q: %s", query, w.Code, want, got)
		}
		if w := s.get("/admin/events.json?" + query); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"status": 400`) {
			t.Errorf("%s: the twin is %d %s", query, w.Code, w.Body)
		}
		if w := s.get("/admin/events.csv?" + query); w.Code != http.StatusBadRequest && !strings.HasPrefix(query, "before") && !strings.HasPrefix(query, "at") {
			t.Errorf("%s: the export is %d %s", query, w.Code, w.Body)
		}
	}
	if body := s.get("/admin/events?q=amount:&stream=debt/1").Body.String(); !strings.Contains(body, `value="amount:"`) || !strings.Contains(body, `name="stream" value="debt/1"`) {
		t.Error("what was typed is gone")
	}
}

// hostileTexts are texts that try to break out of wherever they are put.
var hostileTexts = []string{
	`<script>alert(1)</script>`, `"'><img src=x onerror=alert(1)>`, "a/b.c%2F..json", "\u202eltr\u2066", "日本語 \U0001f980", "--x:y \"z\\",
	"javascript:alert(1)", "a&b=c#d;e", strings.Repeat("long ", 200),
}

func TestEvents_Hostile(t *testing.T) {
	s := newLogSite(t)
	for _, text := range hostileTexts {
		id := strings.TrimSpace(strings.ReplaceAll(cutText(text, 100), "[", ""))
		e := &Paid{Amount: 1, Note: text + strings.Repeat("x", 10_000)}
		s.record(s.debts, id, map[string]string{"actor": text, "correlation_id": cutText(text, 90), "causation_id": cutText(text, 90), text: text}, e, ireneo.IdempotencyKey(cutText(text, 90)))
		for _, target := range []string{"/admin/events", "/admin/events?q=" + url.QueryEscape(`"`+escapes.Replace(text)+`"`), "/admin/events?stream=" + url.QueryEscape("debt/"+id), s.path("events", e.ID().String()), s.path("events", text)} {
			w := s.get(target)
			body := w.Body.String()
			if w.Code != http.StatusOK && target != s.path("events", text) {
				t.Errorf("%s: %d", target, w.Code)
			}
			for _, bad := range []string{"<script>alert", "<img", `href="javascript:`} {
				if strings.Contains(body, bad) {
					t.Errorf("%s has %s", target, bad)
				}
			}
			if target == "/admin/events" && len(body) > 60_000 {
				t.Errorf("the list has %d bytes", len(body))
			}
		}
		for key, value := range map[string]string{"stream": "debt/" + id, "actor": text} {
			if got := s.positions("/admin/events?" + url.Values{"type": {"debt.paid"}, key: {value}}.Encode()); len(got) != 1 || got[0] != e.Position() {
				t.Errorf("%s %s: got %v", key, value, got)
			}
			q := query{}.toggled(key, value)
			if got := s.positions("/admin/events?" + url.Values{"q": {q.String()}}.Encode()); len(got) != 1 || got[0] != e.Position() {
				t.Errorf("%s: got %v", q, got)
			}
		}
	}
}

func TestTypes(t *testing.T) {
	s := newLogSite(t)
	if got := texts(s.get("/admin/types").Body.String()); !strings.Contains(got, "debt.paid registered 0 never never owed") {
		t.Errorf("before anything happened: %s", got)
	}
	paid, _ := s.fill()
	body := s.get("/admin/types").Body.String()
	got := texts(body)
	for _, want := range []string{
		"Orphaned: debt.lost.", "debt.lost orphaned 1", "debt.repaid registered schema 2 0 never", "debt.issued registered sensitive 1",
		"debt.paid registered 2", "give the event that took its place the tag aliases",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %s", want, got)
		}
	}
	for _, want := range []string{`href="/admin/events?type=debt.lost"`, `href="/admin/events/` + paid.ID().String() + `"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in %s", want, body)
		}
	}
	var p typesPage
	if err := json.Unmarshal(s.get("/admin/types.json").Body.Bytes(), &p); err != nil || len(p.Types) < 4 {
		t.Errorf("%v, %+v", err, p)
	}
}

func TestAbout(t *testing.T) {
	for want, info := range map[string]ireneo.TypeInfo{
		"7":                    {Events: 7, Exact: true},
		"~12\u202f000":         {Events: 12_345},
		"~1\u202f200\u202f000": {Events: 1_234_567},
	} {
		if got := about(info); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestEvents_Stopped(t *testing.T) {
	s := newLogSite(t)
	v := &visit{Request: httptest.NewRequest(http.MethodGet, "/admin/events?q=x", nil), admin: s.admin}
	at := &searchStop{Point: ireneo.Point{Position: 42, Ordinal: 1}, RecordedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), goOn: "/admin/events?before=42.1&q=x"}
	for oldest, want := range map[bool]string{false: "Looked back as far as position 42 (2026-03-01 12:00:00 UTC) in 2 seconds and found 1 event. Go on from there , or narrow", true: "Looked ahead as far as position 42"} {
		var b strings.Builder
		at.Oldest = oldest
		if err := eventsBody(v, &eventsPage{Stopped: at, Events: make([]ireneo.StoredEvent, 1)}).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if got := texts(b.String()); !strings.Contains(got, want) || !strings.Contains(b.String(), `href="/admin/events?before=42.1&amp;q=x"`) {
			t.Errorf("without %s: %s", want, got)
		}
	}
}

// The search at the top keeps the other filters of the list, and is empty where q is not its.
func TestEvents_SearchAtTheTop(t *testing.T) {
	s := newSite(t, Config{})
	top := func(path string) string {
		_, form, _ := strings.Cut(s.get(path).Body.String(), `<form class="find"`)
		form, _, _ = strings.Cut(form, "</form>")
		return form
	}
	form := top("/admin/events?q=amount%3A5&type=debt.issued&stream=debt%2F1&stream=debt%2F2&from=-2h&to=-1h&actor=ana&before=7.1")
	for _, want := range []string{
		`value="amount:5"`, `name="type" value="debt.issued"`, `name="stream" value="debt/1"`, `name="stream" value="debt/2"`,
		`name="from" value="-2h"`, `name="to" value="-1h"`, `name="actor" value="ana"`,
	} {
		if !strings.Contains(form, want) {
			t.Errorf("%s is missing in %s", want, form)
		}
	}
	if strings.Contains(form, "7.1") {
		t.Errorf("a new search begins on an old page: %s", form)
	}
	if form := top("/admin/types?q=other&type=x"); strings.Contains(form, "other") || strings.Contains(form, "hidden\" name") {
		t.Errorf("the search takes what is another page's: %s", form)
	}
}
