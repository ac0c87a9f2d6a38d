package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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

// open opens a database of the test's own.
func open(t *testing.T) *sqlite.Store {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// siteOf is the pages of a log that a test has made itself.
func siteOf(t *testing.T, log *ireneo.Log) *site {
	t.Helper()
	h, err := Handler(log, Config{Authorize: as(User{Name: "ada", Role: Operate}), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return &site{h.(*admin), t, log}
}

// running runs a log until the test ends, and waits until its deliveries are as they should be.
func running(t *testing.T, log *ireneo.Log, ready func(ireneo.Delivery) bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		log.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; <-tick.C {
		all, err := log.Deliveries(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done := true
		for _, d := range all {
			done = done && ready(d)
		}
		if done {
			return
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("they are not ready: %+v", all)
		}
	}
}

// overviewNow is the twin of the overview.
func (s *site) overviewNow() (o overviewPage) {
	s.t.Helper()
	w := s.get("/admin.json")
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != http.StatusOK {
		s.t.Fatalf("GET /admin.json: %d, %v:\n%s", w.Code, err, w.Body)
	}
	return o
}

// contains makes sure that a page has all of some texts.
func (s *site) contains(target string, status int, want ...string) string {
	s.t.Helper()
	w := s.get(target)
	if w.Code != status {
		s.t.Fatalf("GET %s: got status %d, want %d:\n%s", target, w.Code, status, w.Body)
	}
	for _, text := range want {
		if !strings.Contains(w.Body.String(), text) {
			s.t.Errorf("GET %s: %q is missing in\n%s", target, text, w.Body)
		}
	}
	return w.Body.String()
}

func quietLog() ireneo.Config {
	c := declared()
	c.Subscriptions = nil
	return c
}

func TestOverview_Empty(t *testing.T) {
	s := siteOf(t, ireneotest.SQLite(t, quietLog()))
	if body := s.contains("/admin", http.StatusOK, "Nothing is recorded yet", "ireneo db seed"); strings.Contains(body, "All is well:") {
		t.Errorf("an empty log is well:\n%s", body)
	}
	if o := s.overviewNow(); o.Status != "ok" || *o.Position != 0 || len(o.Latest) != 0 || o.Types.Streams != 2 {
		t.Errorf("got %+v", o)
	}
}

func TestOverview_Well(t *testing.T) {
	s := siteOf(t, ireneotest.SQLite(t, declared()))
	s.issue("42", 1_234_567)
	running(t, s.log, func(d ireneo.Delivery) bool { return d.Led && d.Position == d.Head })
	body := s.contains("/admin", http.StatusOK, "All is well", "1 in the last hour", "debt/42", "1234567", "[masked]", "<svg", `href="/admin/tail"`)
	if strings.Contains(body, "4111") {
		t.Error("a secret is on the page")
	}
	if o := s.overviewNow(); o.Status != "ok" || *o.Position != 1 || o.Activity.Hour != 1 || len(o.Activity.Counts) != 60 || len(o.Latest) != 1 {
		t.Errorf("got %+v", o)
	}
}

func TestOverview_Troubles(t *testing.T) {
	c := declared()
	c.Logger = slog.New(slog.DiscardHandler)
	fail := func(context.Context, ireneo.Batch) error {
		return errors.New("<script>alert(1)</script>" + strings.Repeat("long ", 1000))
	}
	c.Subscriptions = []*ireneo.Subscription{
		{Name: "mail", Attempts: 1, Handle: fail},
		{Name: "aside", Attempts: 1, Park: true, Handle: fail},
		{Name: "news", Handle: func(context.Context, ireneo.Batch) error { return nil }},
	}
	s := siteOf(t, ireneotest.SQLite(t, c))
	e := s.issue("42", 1)
	if _, err := s.log.Deliveries(t.Context()); err != nil { // makes the cursors
		t.Fatal(err)
	}
	if err := s.log.Pause(t.Context(), "news", "until\u202e noon"); err != nil {
		t.Fatal(err)
	}
	running(t, s.log, func(d ireneo.Delivery) bool { return d.State != "running" || d.Parked == 1 })

	body := s.contains("/admin", http.StatusOK, "something has stopped", "It failed once and stopped",
		`href="/admin/subscriptions/mail"`, "ireneo subscriptions resume mail", `href="/admin/events/`+e.ID().String()+`"`,
		"&lt;script&gt;", "1 append is put aside", "ireneo subscriptions retry aside", "Somebody has paused it", "until\u202e noon")
	if strings.Contains(body, "<script>alert") || strings.Contains(body, strings.Repeat("long ", 200)) {
		t.Error("an error is not escaped, or is not cut")
	}
	if o := s.overviewNow(); o.Status != "bad" || len(o.Troubles) != 3 || o.Troubles[0].Name != "mail" || o.Troubles[0].At != 1 {
		t.Errorf("got %+v", o.Troubles)
	}
}

func TestOverview_NoProcess(t *testing.T) {
	s := newSite(t, Config{})
	s.contains("/admin", http.StatusOK, "somebody should look", "waiting", "letters")
}

func TestOverview_Pending(t *testing.T) {
	c := quietLog()
	c.Migrations = fstest.MapFS{"20260101000000_things.sql": {Data: []byte("-- +goose Up\nCREATE TABLE things (id TEXT);\n-- +goose Down\nDROP TABLE things;\n")}}
	s := siteOf(t, ireneotest.SQLite(t, c))
	if _, err := s.log.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.contains("/admin", http.StatusOK, "1 migration", "ireneo db migrate", "somebody should look")
}

func TestOverview_Rebuilds(t *testing.T) {
	s := siteOf(t, ireneotest.SQLite(t, quietLog()))
	now := time.Now().UTC()
	for _, r := range []store.Rebuild{
		{Projection: "running", Phase: store.Filling, Events: 30, Total: 120, Rate: 1, Owner: "me", LeaseUntil: now.Add(time.Hour)},
		{Projection: "broken", Phase: store.Failed, Error: "row <b> is too wide"},
		{Projection: "lost", Phase: store.Filling, Owner: "me", LeaseUntil: now.Add(-time.Hour)},
		{Projection: "good", Phase: store.Done},
	} {
		r.StartedAt, r.ChangedAt = now, now
		if err := s.log.DB().Create(&r).Error; err != nil {
			t.Fatal(err)
		}
	}
	body := s.contains("/admin", http.StatusOK, "30 of 120 events, about", "1 minute left", `<progress max="120" value="30"`,
		"row &lt;b&gt; is too wide", "interrupted", "No process is at it", `href="/admin/rebuilds/broken"`)
	if strings.Contains(body, "rebuilds/good") {
		t.Error("a rebuild that is done is a trouble")
	}
	if o := s.overviewNow(); o.Status != "warned" || o.Troubles[len(o.Troubles)-1].Name != "running" {
		t.Errorf("got %+v", o.Troubles)
	}
}

func TestOverview_HeldBack(t *testing.T) {
	log := ireneotest.Postgres(t, quietLog())
	s := siteOf(t, log)
	tx := log.DB().WithContext(t.Context()).Begin()
	defer tx.Rollback()
	if err := debts.In(log).For("42").AppendTx(t.Context(), tx, &Issued{Amount: 1}); err != nil {
		t.Fatal(err)
	}
	held, err := watch{&visit{admin: s.admin, now: time.Now().Add(time.Hour)}}.holders(t.Context())
	if err != nil || len(held) != 1 || held[0].Tone != warned || !strings.Contains(held[0].Text, "pg_terminate_backend(") {
		t.Errorf("got %+v, %v", held, err)
	}
	if held, err := (watch{&visit{admin: s.admin, now: time.Now()}}).holders(t.Context()); err != nil || len(held) != 0 {
		t.Errorf("a transaction of a moment is a trouble: %+v, %v", held, err)
	}
}

func TestOverview_UnreadPart(t *testing.T) {
	s := siteOf(t, ireneotest.SQLite(t, quietLog()))
	s.issue("42", 1)
	if err := s.log.DB().Exec("DROP TABLE event_rebuilds").Error; err != nil {
		t.Fatal(err)
	}
	s.contains("/admin", http.StatusOK, "the rebuilds", "not read", "are missing or too old", ">ireneo db migrate<", "debt/42", "1 in the last hour")
	if o := s.overviewNow(); o.Status != "warned" || len(o.Unread) != 1 {
		t.Errorf("got %s, %+v", o.Status, o.Unread)
	}
}

func TestOverview_DatabaseAway(t *testing.T) {
	st := open(t)
	log, err := ireneo.Open(st, quietLog())
	if err == nil {
		err = errors.Join(log.Migrate(t.Context()), st.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	s := siteOf(t, log)
	o := s.overviewNow()
	if o.Status != "bad" || len(o.Unread) != 7 || o.Position != nil || o.Activity != nil {
		t.Errorf("got %+v", o)
	}
	s.contains("/admin", http.StatusOK, "not read", "the end of the log", "the log cannot be read")
}

func TestReadAll(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	got := readAll(ended, []part{
		{"slow", func(ctx context.Context) ([]trouble, error) { return nil, ctx.Err() }},
		{"broken", func(context.Context) ([]trouble, error) { panic("an upcaster") }},
		{"fine", func(context.Context) ([]trouble, error) { return []trouble{{Name: "x"}}, nil }},
	})
	if !errors.Is(got[0].err, context.Canceled) || got[1].err == nil || got[2].err != nil || len(got[2].troubles) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestOverview_Judge(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	zero := int64(0)
	o := &overviewPage{Position: &zero, Troubles: []trouble{{Name: "d", Tone: busy}, {Name: "c", Tone: warned}, {Name: "b", Tone: bad, Since: day(2)}, {Name: "a", Tone: bad, Since: day(1)}}}
	for range maxTroubles {
		o.Troubles = append(o.Troubles, trouble{Tone: busy})
	}
	o.judge()
	if o.Troubles[0].Name != "a" || o.Troubles[1].Name != "b" || o.Troubles[2].Name != "c" || len(o.Troubles) != maxTroubles || o.Hidden != 4 {
		t.Errorf("got %d hidden, %+v", o.Hidden, o.Troubles[:3])
	}
	for want, o := range map[string]*overviewPage{
		"ok": {Position: &zero, Troubles: []trouble{{Tone: busy}}}, "warned": {Position: &zero, Unread: []unread{{}}}, "bad": {Unread: []unread{{}}},
	} {
		if o.judge(); o.Status != want {
			t.Errorf("got %s, want %s", o.Status, want)
		}
	}
}

func TestActivity(t *testing.T) {
	counts := make([]int64, sparkParts)
	for _, c := range []struct {
		last int64
		want string
	}{{0, "nothing in the last hour"}, {12, "12 in the last hour"}, {7200, "about 120 a minute, 7\u202f200 in the last hour"}} {
		counts[sparkParts-1] = c.last
		if got := newActivity(counts).words(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	counts[0] = 1 // is seen beside 7200
	if got, want := newActivity(counts).bars(), fmt.Sprintf("M1 60v-2h8v2zM%d 60v-60h8v60z", 59*10+1); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
