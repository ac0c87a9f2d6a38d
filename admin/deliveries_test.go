package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// Moved is money that came into a purse, or went out of it.
type Moved struct {
	ireneo.Event `name:"purse.moved"`

	Amount int64  `json:"amount"`
	Payer  string `json:"payer"`
	Card   string `json:"card" sensitive:"true"`
}

// Purse is the row of each purse, made after the commit. It stops at what makes it negative.
type Purse struct {
	ID     string `gorm:"primaryKey"`
	Amount int64  `validate:"gte=0"`
	Note   string
	Card   string `sensitive:"true"`
	Shown  string `gorm:"-"`
}

func (Purse) TableName() string { return "purses" }

var purses = ireneo.NewProjection("purses",
	ireneo.On(func(p *Purse, e *Moved, _ time.Time) {
		p.Amount, p.Note, p.Card, p.Shown = p.Amount+e.Amount, e.Payer, e.Card, "never stored"
	}))

// Payer is a row by key: how often each payer paid.
type Payer struct {
	ID    string `gorm:"primaryKey"`
	Times int
}

func (Payer) TableName() string { return "payers" }

var payers = ireneo.NewProjection("payers",
	ireneo.OnBy(func(e *Moved) string { return e.Payer }, func(p *Payer, _ *Moved, _ time.Time) { p.Times++ }))

// Total is the row of each purse that the append writes.
type Total struct {
	ID     string `gorm:"primaryKey"`
	Amount int64
}

func (Total) TableName() string { return "totals" }

var totals = ireneo.NewProjection("totals", ireneo.On(func(t *Total, e *Moved, _ time.Time) { t.Amount += e.Amount }))

var purseTables = fstest.MapFS{"00001_purses.sql": {Data: []byte(`-- +goose Up
CREATE TABLE purses (id TEXT PRIMARY KEY, amount BIGINT NOT NULL, note TEXT NOT NULL, card TEXT NOT NULL);
CREATE TABLE payers (id TEXT PRIMARY KEY, times BIGINT NOT NULL);
CREATE TABLE totals (id TEXT PRIMARY KEY, amount BIGINT NOT NULL);
`)}}

var purseStream = &ireneo.Stream{
	Type: "purse", Purpose: "Money", Transactional: ireneo.Materialize(totals), Async: ireneo.Materialize(purses),
}

// hostile is text that must never be markup. As an id it is as far from a path as it gets.
const hostile = "\"><script>alert(1)</script>.%2F#\u202eé.json"

// purseSite is the pages of a log with purses. fail is the error of the subscriptions, nil
// where they do their work.
type purseSite struct {
	*site
	fail error
}

func (p *purseSite) handle(context.Context, ireneo.Batch) error { return p.fail }

func purseConfig(handle func(context.Context, ireneo.Batch) error) ireneo.Config {
	moved := []ireneo.Filter{{Types: []string{"purse.moved"}}}
	return ireneo.Config{
		Logger: slog.New(slog.DiscardHandler), Streams: []*ireneo.Stream{purseStream, Actions}, Events: []ireneo.EventType{ireneo.TypeOf[Moved]()},
		Projections: []ireneo.AnyProjection{payers}, Migrations: purseTables,
		Subscriptions: []*ireneo.Subscription{
			{Name: "mail", Handle: handle, Attempts: 2, Backoff: time.Millisecond, Filters: moved},
			{Name: "post", Handle: handle, Attempts: 1, Park: true, Filters: moved},
		},
	}
}

// pursesOn makes the pages of a log that is opened by open.
func pursesOn(t *testing.T, c Config, open func(testing.TB, ireneo.Config) *ireneo.Log) *purseSite {
	t.Helper()
	p := &purseSite{}
	log := open(t, purseConfig(p.handle))
	if c.Authorize == nil {
		c.Authorize = as(User{Name: "ada", Role: Operate})
	}
	c.Logger = slog.New(slog.DiscardHandler)
	h, err := Handler(log, c)
	if err != nil {
		t.Fatal(err)
	}
	p.site = &site{h.(*admin), t, log}
	return p
}

func newPurses(t *testing.T, c Config) *purseSite {
	t.Helper()
	return pursesOn(t, c, ireneotest.SQLite)
}

// move appends an event to a purse.
func (p *purseSite) move(id string, amount int64, payer string) *Moved {
	p.t.Helper()
	e := &Moved{Amount: amount, Payer: payer, Card: "4111"}
	ctx := ireneo.WithMeta(p.t.Context(), map[string]string{ireneo.ActorKey: "grace"})
	if err := purseStream.In(p.log).For(id).Append(ctx, e); err != nil {
		p.t.Fatal(err)
	}
	return e
}

// until runs the deliveries until one of them is as is wants it.
func (p *purseSite) until(name string, is func(ireneo.Delivery) bool) {
	p.t.Helper()
	ctx, stop := context.WithCancel(p.t.Context())
	ended := make(chan struct{})
	go func() { p.log.Run(ctx); close(ended) }()
	defer func() { stop(); <-ended }()
	tick, limit := time.NewTicker(2*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for {
		all, err := p.log.Deliveries(ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, d := range all {
			if d.Name == name && is(d) {
				return
			}
		}
		select {
		case <-tick.C:
		case <-limit:
			p.t.Fatalf("%s did not come there: %+v", name, all)
		}
	}
}

func stopped(d ireneo.Delivery) bool { return d.State == "stopped" }
func current(d ireneo.Delivery) bool { return d.Position == d.Head }

// stopPurses makes the projection stop at the second event of a purse.
func (p *purseSite) stopPurses(id string) *Moved {
	p.t.Helper()
	p.move(id, 5, "ann")
	e := p.move(id, -7, "bob")
	p.until("purses", stopped)
	return e
}

// wants asks for a page, and looks for words in it and for words that must not be in it.
func (s *site) wants(path string, status int, words []string, not ...string) string {
	s.t.Helper()
	w := s.get(path)
	body := w.Body.String()
	if w.Code != status {
		s.t.Fatalf("GET %s: got %d, want %d:\n%s", path, w.Code, status, body)
	}
	for _, want := range words {
		if !strings.Contains(body, want) {
			s.t.Errorf("GET %s: %q is missing in\n%s", path, want, body)
		}
	}
	for _, unwanted := range not {
		if strings.Contains(body, unwanted) {
			s.t.Errorf("GET %s: %q is in\n%s", path, unwanted, body)
		}
	}
	return body
}

// twinOf reads the twin of a page.
func twinOf[T any](s *site, path string) (data T) {
	s.t.Helper()
	w := s.get(path)
	if err := json.Unmarshal(w.Body.Bytes(), &data); err != nil || w.Code != http.StatusOK {
		s.t.Fatalf("GET %s: %d, %v\n%s", path, w.Code, err, w.Body)
	}
	return data
}

// does posts the form of an action, and follows to the page after it.
func (s *site) does(path string, form url.Values, words ...string) {
	s.t.Helper()
	w := s.do(http.MethodPost, path, form)
	if w.Code != http.StatusSeeOther {
		s.t.Fatalf("POST %s: got %d:\n%s", path, w.Code, w.Body)
	}
	s.wants(w.Header().Get("Location"), http.StatusOK, words)
}

func confirmed(name, reason string) url.Values {
	return url.Values{"confirm": {name}, "reason": {reason}}
}

func TestProjections_StoppedIsSeenAndResumed(t *testing.T) {
	p := newPurses(t, Config{})
	e := p.stopPurses("a/" + hostile)

	list := twinOf[projectionsPage](p.site, "/admin/projections.json").Projections
	if list[0].Name != "purses" || list[0].Delivery.Condition != "stopped" {
		t.Errorf("what has stopped does not come first: %+v", list)
	}
	p.wants("/admin/projections", http.StatusOK, []string{"stopped", "with each append", "by key", `href="/admin/projections/purses"`, "Amount"}, "<script>alert")
	p.wants("/admin/projections/purses", http.StatusOK, []string{
		"What stopped it", "tried ", "/admin/events/" + e.ID().String(), "purse.moved", "ireneo projections resume purses",
		"ireneo projections verify purses", "projections/purses/resume", "&lt;script&gt;alert(1)",
	}, "<script>alert")
	shown := twinOf[projectionPage](p.site, "/admin/projections/purses.json")
	if len(shown.Failure.Events) != 1 || shown.Failure.Events[0].ID != e.ID() || shown.Delivery.Behind == 0 || shown.Delivery.Waiting == nil {
		t.Errorf("got %+v of %+v", shown.Failure, shown.Delivery)
	}

	p.move("a/"+hostile, 10, "ann") // which mends it
	p.does("/admin/projections/purses/resume", confirmed("purses", ""), doneWords["resume"])
	got := p.audited()
	if len(got) != 1 || got[0].Who != "ada" || got[0].Action != "resume" || got[0].Target != "purses" {
		t.Errorf("audit: %+v", got)
	}
	p.until("purses", current)
	p.wants("/admin/projections/purses", http.StatusOK, []string{"up to date", "Pause"}, "What stopped it")
}

func TestProjections_PauseSaysWhy(t *testing.T) {
	p := newPurses(t, Config{})
	p.wants("/admin/projections", http.StatusOK, []string{"No process runs it"})
	p.does("/admin/projections/purses/pause", confirmed("purses", "the <b>disk</b> is full"), "paused", "the &lt;b&gt;disk&lt;/b&gt; is full")
	if got := p.audited(); len(got) != 1 || got[0].Reason != "the <b>disk</b> is full" {
		t.Errorf("audit: %+v", got)
	}
	if w := p.do(http.MethodPost, "/admin/projections/purses/pause", confirmed("purses", "")); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Say why.") {
		t.Errorf("without a reason: %d\n%s", w.Code, w.Body)
	}
}

func TestProjections_WrongConfirmationChangesNothing(t *testing.T) {
	p := newPurses(t, Config{})
	p.stopPurses("a")
	for _, path := range []string{"projections/purses/resume", "projections/purses/rebuild", "projections/purses/undo", "projections/purses/cancel", "subscriptions/mail/pause"} {
		if w := p.do(http.MethodPost, "/admin/"+path, confirmed("other", "why")); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d", path, w.Code)
		}
	}
	k := twinOf[projectionPage](p.site, "/admin/projections/purses.json")
	if k.Delivery.State != "stopped" || k.Rebuild != nil || len(p.audited()) != 0 {
		t.Errorf("something has changed: %+v, %v", k, p.audited())
	}
}

func TestDeliveries_ActionsAreForOperators(t *testing.T) {
	for name, tt := range map[string]struct {
		config Config
		want   int
	}{
		"reader":    {Config{Authorize: as(User{Name: "bob", Role: Read})}, http.StatusForbidden},
		"read-only": {Config{ReadOnly: true}, http.StatusMethodNotAllowed},
	} {
		p := newPurses(t, tt.config)
		p.stopPurses("a")
		for path, target := range map[string]string{
			"projections/purses/resume": "purses", "projections/purses/rebuild": "purses", "projections/purses/cancel": "purses",
			"projections/purses/undo": "purses", "projections/purses/pause": "purses",
			"subscriptions/mail/pause": "mail", "subscriptions/mail/resume": "mail", "subscriptions/mail/skip": "mail", "subscriptions/mail/retry": "mail",
		} {
			if w := p.do(http.MethodPost, "/admin/"+path, confirmed(target, "why")); w.Code != tt.want {
				t.Errorf("%s: POST %s: got %d, want %d", name, path, w.Code, tt.want)
			}
		}
		for _, path := range []string{"projections/purses", "rebuilds/purses", "subscriptions/mail"} {
			p.wants("/admin/"+path, http.StatusOK, nil, `method="post"`, ">Actions<")
		}
	}
}

func TestDeliveries_Unknown(t *testing.T) {
	p := newPurses(t, Config{})
	p.stopPurses("a")
	for _, path := range []string{
		"projections/none", "projections/mail", "projections/" + url.PathEscape(hostile), "projections/none/rows", "projections/purses/rows/none",
		"rebuilds/none", "rebuilds/none/stream", "rebuilds/purses/stream", "subscriptions/none", "subscriptions/purses",
	} {
		p.wants("/admin/"+path, http.StatusNotFound, nil, "<script>alert")
	}
	for _, path := range []string{"projections/none/pause", "projections/mail/pause", "projections/totals/pause", "subscriptions/purses/skip", "projections/none/rebuild"} {
		target := strings.Split(path, "/")[1]
		if w := p.do(http.MethodPost, "/admin/"+path, confirmed(target, "why")); w.Code != http.StatusNotFound {
			t.Errorf("POST %s: got %d", path, w.Code)
		}
	}
	if got := p.audited(); len(got) != 0 {
		t.Errorf("what is not there is on record: %+v", got)
	}
}

func TestSubscriptions_SkipAndRetry(t *testing.T) {
	p := newPurses(t, Config{})
	p.fail = errors.New("no <b>server</b> " + strings.Repeat("x", 5000))
	e := p.move("a/"+hostile, 5, "ann")
	p.until("mail", stopped)
	p.until("post", func(d ireneo.Delivery) bool { return d.Parked == 1 })

	p.wants("/admin/subscriptions", http.StatusOK, []string{"stopped", "no &lt;b&gt;server"}, "<b>server")
	p.wants("/admin/subscriptions/mail", http.StatusOK, []string{
		"/admin/events/" + e.ID().String(), "was tried 2 times", "Skip the append", "ireneo subscriptions skip mail",
	}, "<b>server", "<script>alert")
	p.wants("/admin/subscriptions/post", http.StatusOK, []string{"put aside", "Retry all", "purse/a/", "&lt;script&gt;"}, "<b>server", "<script>alert")

	if w := p.do(http.MethodPost, "/admin/subscriptions/mail/skip", confirmed("mail", "")); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("skip without a reason: got %d", w.Code)
	}
	p.does("/admin/subscriptions/mail/skip", p.skipping("the customer is gone"), "Skipped because: <bdi>the customer is gone")
	p.fail = nil
	p.does("/admin/subscriptions/post/retry", confirmed("post", ""), "is tried again")
	p.until("post", func(d ireneo.Delivery) bool { return d.Parked == 0 })
	p.wants("/admin/subscriptions/post", http.StatusOK, []string{"Nothing was put aside"})
	var actions []string
	for _, a := range p.audited() {
		actions = append(actions, a.Action+" "+a.Target+" "+a.Reason)
	}
	if got := strings.Join(actions, "; "); got != "retry post ; skip mail the customer is gone" {
		t.Errorf("audit: %s", got)
	}
}

func TestSubscriptions_LettersByPage(t *testing.T) {
	var all []ireneo.DeadLetter
	for i := range 120 {
		all = append(all, ireneo.DeadLetter{Position: int64(i + 1)})
	}
	s := newSite(t, Config{})
	for query, want := range map[string]struct{ first, last int64 }{
		"": {120, 71}, "before=71.0": {70, 21}, "before=21.0": {20, 1}, "oldest=1": {50, 1}, "after=70.0": {120, 71}, "after=20.0": {70, 21},
		"before=1.0": {0, 0}, "after=500.0": {120, 71}, "before=70.3": {69, 20},
	} {
		var got subscriptionPage
		s.mount([]route{s.admin.get("/letters/q"+query, func(v *visit) (*page, error) {
			given := append([]ireneo.DeadLetter{}, all...)
			return &page{Data: "", Body: v.empty("", "")}, got.fill(v, given)
		})})
		s.get("/admin/letters/q" + query + "?" + query)
		first, last := int64(0), int64(0)
		if n := len(got.Letters); n > 0 {
			first, last = got.Letters[0].Position, got.Letters[n-1].Position
		}
		if first != want.first || last != want.last {
			t.Errorf("%q: got %d to %d, want %d to %d; %+v", query, first, last, want.first, want.last, got.Pages)
		}
	}
	if w := s.get("/admin/subscriptions/letters?before=x"); w.Code != http.StatusBadRequest {
		t.Errorf("a page at x: got %d", w.Code)
	}
}

func TestDeliveries_AbandonedIsMarked(t *testing.T) {
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "log.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	before := opened(t, st, purseConfig((&purseSite{}).handle))
	if err := before.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := before.Deliveries(t.Context()); err != nil { // which makes the cursors
		t.Fatal(err)
	}
	if err := before.Pause(t.Context(), "post", "we move"); err != nil {
		t.Fatal(err)
	}
	p := pursesOn(t, Config{}, func(testing.TB, ireneo.Config) *ireneo.Log {
		return opened(t, st, ireneo.Config{Streams: []*ireneo.Stream{Actions}})
	})
	p.wants("/admin/subscriptions", http.StatusOK, []string{"abandoned", "this program does not declare it"})
	p.wants("/admin/subscriptions/post", http.StatusOK, []string{"paused", "not declared here", "we move"})
	p.wants("/admin/projections", http.StatusOK, []string{"not by this program"})
	p.wants("/admin/projections/payers", http.StatusOK, []string{"abandoned"}, "/rebuild\"")
	p.wants("/admin/projections/payers/rows", http.StatusNotFound, nil)
}

func opened(t *testing.T, st store.Store, c ireneo.Config) *ireneo.Log {
	t.Helper()
	log, err := ireneo.Open(st, c)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func TestDeliveries_HeldBackByATransaction(t *testing.T) {
	p := pursesOn(t, Config{}, ireneotest.Postgres)
	p.until("purses", current)
	tx := p.log.DB().Begin()
	defer tx.Rollback()
	if err := purseStream.In(p.log).For("held").AppendTx(t.Context(), tx, &Moved{Amount: 1, Payer: "ann"}); err != nil {
		t.Fatal(err)
	}
	p.move("free", 1, "ann")
	for _, path := range []string{"projections/purses", "subscriptions/mail"} {
		p.wants("/admin/"+path, http.StatusOK, []string{"Held back by", "open transactions"})
	}
	if err := tx.Rollback().Error; err != nil {
		t.Fatal(err)
	}
	p.wants("/admin/projections/purses", http.StatusOK, nil, "Held back by")
}

func TestDelivery_Condition(t *testing.T) {
	now := time.Now()
	long := now.Add(-time.Hour)
	for want, d := range map[string]delivery{
		"stopped":   {Delivery: ireneo.Delivery{State: "stopped", Declared: true}},
		"paused":    {Delivery: ireneo.Delivery{State: "paused", Declared: true}},
		"refused":   {Delivery: ireneo.Delivery{State: "running", Declared: true, Changed: true}},
		"abandoned": {Delivery: ireneo.Delivery{State: "running"}},
		"waiting":   {Delivery: ireneo.Delivery{State: "running", Declared: true}},
		"lagging":   {Delivery: ireneo.Delivery{State: "running", Declared: true, Led: true}, Waiting: &long},
		"running":   {Delivery: ireneo.Delivery{State: "running", Declared: true, Led: true}, Waiting: &now},
	} {
		if got := d.conditionAt(now); got != want {
			t.Errorf("%+v is %s, want %s", d, got, want)
		}
	}
}
