package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func TestHandler_Addresses(t *testing.T) {
	s := newSite(t, Config{Settings: struct{ Port int }{80}})
	for _, tt := range []struct {
		method, target string
		status         int
		want           string
	}{
		{"GET", "/admin/audit", 200, "Nobody has done anything"},
		{"GET", "/admin/audit.json", 200, `"actions": []`},
		{"HEAD", "/admin/audit", 200, ""},
		{"GET", "/admin/system", 200, "Open transactions"},
		{"GET", "/admin/system.json", 200, `"pending_migrations": 0`},
		{"GET", "/admin/system.json", 200, `"held_back": []`},
		{"GET", "/admin/nothing", 404, "There is no such page."},
		{"GET", "/admin/nothing.json", 404, `"detail": "There is no such page."`},
		{"GET", "/admin/system/", 404, "There is no such page."},
		{"GET", "/admin/assets/admin.css", 404, ""},
		{"GET", "/admin/assets/" + s.assets.names["admin.js"], 200, "EventSource"},
		{"GET", "/admin/audit?before=x", 400, "is no place in the log"},
		{"GET", "/admin//audit", 307, ""},
		{"POST", "/admin/audit", 405, ""},
		{"DELETE", "/admin/audit", 405, ""},
	} {
		w := s.do(tt.method, tt.target, nil)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s: got %d, want %d with %q:\n%s", tt.method, tt.target, w.Code, tt.status, tt.want, w.Body)
		}
	}
}

func TestHandler_MountedElsewhere(t *testing.T) {
	for _, mount := range []string{"/", "/x/ops"} {
		s := newSite(t, Config{Path: mount})
		s.mount([]route{s.admin.get("/hello", func(v *visit) (*page, error) { return &page{Data: v.path("hello")}, nil })})
		path := strings.TrimSuffix(mount, "/") + "/hello"
		if w := s.get(path + ".json"); w.Body.String() != fmt.Sprintf("%q\n", path) {
			t.Errorf("mounted at %s: got %d %s", mount, w.Code, w.Body)
		}
	}
}

func TestHandler_TwinOfTheTop(t *testing.T) {
	for mount, want := range map[string]string{"/ops": "/ops/.json", "/": "/.json"} {
		s := newSite(t, Config{Path: mount})
		if !s.pages["/"] {
			s.mount([]route{s.admin.get("/", func(*visit) (*page, error) { return &page{Body: templ.Raw("top"), Data: "top"}, nil })})
		}
		for _, address := range []string{mount, strings.TrimSuffix(mount, "/") + "/"} {
			if body := s.get(address).Body.String(); !strings.Contains(body, `href="`+want+`"`) {
				t.Errorf("%s does not lead to %s:\n%s", address, want, body)
			}
		}
		if w := s.get(want); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			t.Errorf("GET %s: %d %s", want, w.Code, w.Body)
		}
	}
}

func TestHandler_ReportsMistakes(t *testing.T) {
	without := ireneotest.SQLite(t, ireneo.Config{})
	quiet := slog.New(slog.DiscardHandler)
	for name, tt := range map[string]struct {
		log    *ireneo.Log
		config Config
		want   []string
	}{
		"all at once": {nil, Config{Path: "admin/", Settings: 7, Projections: []ireneo.AnyProjection{nil}}, []string{"Config.Path", "Config.Settings", "Config.Projections[0]", "there is no log"}},
		"no stream":   {without, Config{Development: true}, []string{"add admin.Actions to ireneo.Config.Streams", "Config.ReadOnly"}},
		"read-only":   {without, Config{Development: true, ReadOnly: true, Logger: quiet}, nil},
		"closed":      {without, Config{Logger: quiet}, nil},
	} {
		_, err := Handler(tt.log, tt.config)
		if (err != nil) != (tt.want != nil) {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range tt.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is missing in: %v", name, want, err)
			}
		}
	}
}

func TestHandler_Errors(t *testing.T) {
	var failure error
	var lines bytes.Buffer
	s := newSite(t, Config{})
	s.config.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	s.mount([]route{s.admin.get("/fails", func(*visit) (*page, error) { return nil, failure })})
	for _, tt := range []struct {
		err    error
		status int
		want   string
	}{
		{refusal.BadRequest("version is <no> number"), 400, "version is &lt;no&gt; number"},
		{fmt.Errorf("%w: debts.*.x", ireneo.ErrInvalidFilter), 400, "debts.*.x"},
		{&ireneo.NotFoundError{Stream: "debt", ID: "7"}, 404, "nothing at this address"},
		{ireneo.ErrUnknownSubscription, 404, "has never run"},
		{ireneo.ErrRebuilding, 409, ireneo.ErrRebuilding.Error()},
		{ireneo.ErrNotMigrated, 503, "ireneo db migrate"},
		{fmt.Errorf("read: %w", ireneo.ErrUnavailable), 503, "cannot be reached"},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), 504, "narrow the search"},
	} {
		failure = tt.err
		if w := s.get("/admin/fails"); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%v: got %d, want %d with %q:\n%s", tt.err, w.Code, tt.status, tt.want, w.Body)
		}
	}
	if lines.Len() > 0 {
		t.Errorf("logged what is nobody's fault:\n%s", &lines)
	}

	failure = errors.New("the cat sits on it")
	w := s.get("/admin/fails")
	number := regexp.MustCompile(`Number <span class="mono">(\w{12})<`).FindStringSubmatch(w.Body.String())
	if w.Code != 500 || number == nil || strings.Contains(w.Body.String(), "cat sits") {
		t.Fatalf("got %d:\n%s", w.Code, w.Body)
	}
	if !strings.Contains(lines.String(), number[1]) || !strings.Contains(lines.String(), "the cat sits on it") {
		t.Errorf("%s is not in the log:\n%s", number[1], &lines)
	}
}

func TestHandler_TimeRunsOut(t *testing.T) {
	s := newSite(t, Config{})
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	w := s.get("/admin/audit", func(r *http.Request) { *r = *r.WithContext(late) })
	if w.Code != http.StatusGatewayTimeout || !strings.Contains(w.Body.String(), "narrow the search") || !strings.Contains(w.Body.String(), "<main") {
		t.Errorf("got %d:\n%s", w.Code, w.Body)
	}
}

// Only whoever has gone is not answered.
func TestHandler_Canceled(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		stopping <-chan struct{}
		ctx      context.Context
		want     int
	}{
		"the server stops": {ending(), canceled, http.StatusServiceUnavailable},
		"the database":     {nil, t.Context(), http.StatusServiceUnavailable},
		"gone":             {nil, canceled, http.StatusOK}, // nothing was written
	} {
		s := newSite(t, Config{Stopping: tt.stopping})
		s.mount([]route{s.admin.get("/fails", func(*visit) (*page, error) { return nil, fmt.Errorf("read: %w", context.Canceled) })})
		w := s.get("/admin/fails", func(r *http.Request) { *r = *r.WithContext(tt.ctx) })
		if w.Code != tt.want || (w.Body.Len() == 0) != (name == "gone") {
			t.Errorf("%s: got %d, want %d:\n%s", name, w.Code, tt.want, w.Body)
		}
	}
}

func TestHandler_PageOfAnErrorSaysNothingOfItself(t *testing.T) {
	s := newSite(t, Config{Authorize: as(User{Name: "<b>eve", Role: Read}), ReadOnly: true})
	body := s.get("/admin/%3Cscript%3E").Body.String()
	if strings.Contains(body, "<b>eve") || strings.Contains(body, "<script>") || !strings.Contains(body, "read-only") {
		t.Error(body)
	}
}

// The title in the tab begins with the heading of the page.
func TestPages_TitleIsTheHeading(t *testing.T) {
	o := newOffice(t)
	o.lend()
	p := newPurses(t, Config{})
	p.move("a", 5, "ann")
	p.until("purses", current)
	title, heading := regexp.MustCompile(`<title>(.*?) · `), regexp.MustCompile(`(?s)<h1>(.*?)</h1>`)
	markup := regexp.MustCompile(`<[^>]*>`)
	for s, paths := range map[*site][]string{
		o.site: {
			"", "/events", "/types", "/streams", "/streams/loan", "/streams/loan/42", "/streams/loan/0", "/streams/loan/42/state", "/streams/loan/42/diff",
			"/swimlane", "/tail", "/graph", "/graph/x", "/system", "/audit", "/events/x", "/nothing",
		},
		p.site: {
			"/projections", "/projections/purses", "/projections/purses/rows", "/projections/purses/rows/a", "/rebuilds", "/rebuilds/purses",
			"/subscriptions", "/subscriptions/mail",
		},
	} {
		for _, path := range paths {
			body := s.get("/admin" + path).Body.String()
			got, want := title.FindStringSubmatch(body), heading.FindStringSubmatch(body)
			if got == nil || want == nil || !strings.HasPrefix(got[1], markup.ReplaceAllString(want[1], "")) {
				t.Errorf("%s has the title %v and the heading %v", path, got, want)
			}
		}
	}
}
