package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// caused appends an event with a meta of its own.
func (s *site) caused(stream string, meta map[string]string, opts ...ireneo.AppendOption) *Issued {
	s.t.Helper()
	e := &Issued{Amount: 1}
	if err := debts.In(s.log).For(stream).Append(ireneo.WithMeta(s.t.Context(), meta), e, opts...); err != nil {
		s.t.Fatal(err)
	}
	return e
}

func (s *site) graphNow(correlation string) (g graphPage) {
	s.t.Helper()
	w := s.get("/admin/graph/" + escape(correlation) + ".json")
	if err := json.Unmarshal(w.Body.Bytes(), &g); err != nil {
		s.t.Fatalf("%v: %s", err, w.Body)
	}
	return g
}

func TestGraph_Tree(t *testing.T) {
	ireneotest.Each(t, quietLog(), func(t *testing.T, log *ireneo.Log) {
		s := siteOf(t, log)
		request := map[string]string{ireneo.CorrelationKey: "request 1"}
		root := s.caused("root", request)
		first := s.caused("first", request, ireneo.CausedBy(root))
		s.caused("leaf", request, ireneo.CausedBy(first))
		s.caused("second", request, ireneo.CausedBy(root))
		outside := uuid.NewString()
		s.caused("orphan", map[string]string{ireneo.CorrelationKey: "request 1", ireneo.CausationKey: outside})
		s.caused("stranger", map[string]string{ireneo.CorrelationKey: "request 2"})

		g := s.graphNow("request 1")
		if g.Events != 5 || len(g.Effects) != 2 || len(g.Effects[0].Effects) != 2 || g.Effects[0].Effects[0].Effects[0].Stream != "debt/leaf" || !g.Effects[1].Outside {
			t.Errorf("got %+v", g)
		}
		body := s.contains("/admin/graph/request%201", http.StatusOK, "5 events", "<svg", `class="node hue-0"`,
			"debt.issued in debt/leaf, version 1", "cause outside", `href="/admin/events/`+outside+`"`)
		if strings.Contains(body, "debt/stranger") || strings.Count(body, `href="/admin/events/`+first.ID().String()+`"`) != 2 || strings.Contains(body, "style=") {
			t.Errorf("got\n%s", body)
		}
	})
}

func TestGraph_BeganByAnEvent(t *testing.T) {
	s := newSite(t, Config{})
	root := s.issue("root", 1)
	s.caused("effect", map[string]string{}, ireneo.CausedBy(root))
	if g := s.graphNow(root.ID().String()); g.Events != 2 || len(g.Effects) != 1 || len(g.Effects[0].Effects) != 1 {
		t.Errorf("what began is not the root: %+v", g)
	}
}

func TestGraph_Unknown(t *testing.T) {
	s := newSite(t, Config{})
	for _, id := range []string{"none", "..", "a/b", "x.json", "%", "<script>alert(1)</script>", "\u202e", strings.Repeat("long", 2500), uuid.NewString()} {
		body := s.contains("/admin/graph/"+escape(id), http.StatusOK, "No event has this correlation id", `name="id"`)
		if strings.Contains(body, "<script>alert") || len(body) > 40_000 {
			t.Errorf("%.20q: got %d bytes", id, len(body))
		}
	}
}

func TestGraph_Hostile(t *testing.T) {
	s := newSite(t, Config{})
	id := `"><script>alert(1)</script>/../%?#` + "\u202eü"
	meta := map[string]string{ireneo.CorrelationKey: id, ireneo.CausationKey: "javascript:alert(1)"}
	s.caused("x", meta)
	body := s.contains("/admin/graph/"+escape(id), http.StatusOK, "1 event", "&lt;script&gt;")
	if strings.Contains(body, "<script>alert") || strings.Contains(body, `href="javascript`) {
		t.Errorf("got\n%s", body)
	}
}

func TestGraph_Many(t *testing.T) {
	s := newSite(t, Config{})
	var many []ireneo.AnyEvent
	for range maxGraph + 1 {
		many = append(many, &Issued{Amount: 1})
	}
	ctx := ireneo.WithMeta(t.Context(), map[string]string{ireneo.CorrelationKey: "many"})
	if err := debts.In(s.log).For("42").AppendAll(ctx, many); err != nil {
		t.Fatal(err)
	}
	s.contains("/admin/graph/many", http.StatusOK, "500 events", "/admin/events?correlation=many")
}

// A page that keeps little of many events holds few of them at once: what is appended while
// the first ones are looked at is read with the later ones.
func TestEach_ReadsInPieces(t *testing.T) {
	s := newSite(t, Config{})
	for i := range atOnce + 10 {
		s.issue(fmt.Sprint(i), 1)
	}
	for _, tt := range []struct {
		most, enough, want int
		more               bool
	}{{200, 200, atOnce + 11, false}, {atOnce + 5, 200, atOnce + 5, true}, {200, 7, 7, true}} {
		n := 0
		more, err := s.each(t.Context(), ireneo.Search{Oldest: true, Types: []string{"debt.issued"}}, tt.most, func(e ireneo.StoredEvent) bool {
			if n++; n == 1 && tt.most == 200 && tt.enough == 200 {
				s.issue("new", 1)
			}
			return n < tt.enough
		})
		if err != nil || n != tt.want || more != tt.more {
			t.Errorf("%+v: got %d, %t, %v", tt, n, more, err)
		}
	}
}

func TestGraph_Find(t *testing.T) {
	s := newSite(t, Config{})
	s.contains("/admin/graph", http.StatusOK, "None of the last events has a correlation id")
	plain, root := s.issue("plain", 1), s.issue("root", 1)
	effect := s.caused("effect", map[string]string{}, ireneo.CausedBy(root))
	s.caused("other", map[string]string{ireneo.CorrelationKey: "a/b"})
	for id, want := range map[string]string{
		effect.ID().String(): "/admin/graph/" + root.ID().String(),
		root.ID().String():   "/admin/graph/" + root.ID().String(),
		" a/b ":              "/admin/graph/a%2Fb",
		"unknown":            "/admin/graph/unknown",
	} {
		w := s.get("/admin/graph?id=" + url.QueryEscape(id))
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%s: got %d to %q, want %q", id, w.Code, got, want)
		}
	}
	s.contains("/admin/graph?id="+plain.ID().String(), http.StatusOK, "This event has no correlation id", "/admin/events/"+plain.ID().String())
	s.contains("/admin/graph", http.StatusOK, `href="/admin/graph/a%2Fb"`, `href="/admin/graph/`+root.ID().String()+`"`)
}

func TestGraph_NoDatabase(t *testing.T) {
	s := newSite(t, Config{})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.setOff(ended, &graphPage{Correlation: "x"}); err == nil {
		t.Error("what could not be read is an empty graph")
	}
}

// causing is an event as a search finds it, so that a test can say of anything that it is
// the cause of anything.
func causing(id, cause uuid.UUID, after time.Duration) ireneo.StoredEvent {
	meta := json.RawMessage(fmt.Sprintf(`{"causation_id":%q}`, cause))
	return ireneo.StoredEvent{Entry: ireneo.Entry{ID: id, Stream: "debt/1", Meta: meta, RecordedAt: time.Unix(0, 0).Add(after)}}
}

func TestGraph_NoCircles(t *testing.T) {
	a, b := uuid.New(), uuid.New()
	g := &graphPage{}
	g.plant([]*effect{newEffect(causing(a, b, 0)), newEffect(causing(b, a, 0)), newEffect(causing(uuid.Max, uuid.Max, -2*time.Second))})
	if len(g.Effects) != 2 || !g.Effects[0].Outside || len(g.Effects[0].Effects) != 1 || g.Effects[1].after != "−2.0 s" {
		t.Errorf("got %+v", g.Effects)
	}
}

func TestDraw(t *testing.T) {
	leaf := func() *effect { return &effect{} }
	d := draw([]*effect{{Effects: []*effect{leaf(), {Effects: []*effect{leaf(), leaf()}}}}, leaf()})
	taken := map[[2]int]bool{}
	for _, n := range d.Nodes {
		at := [2]int{n.X, n.Y}
		if taken[at] || n.X+nodeWidth > d.Width || n.Y+nodeHeight > d.Height {
			t.Errorf("a node at %v lies over another, or outside of %d x %d", at, d.Width, d.Height)
		}
		taken[at] = true
	}
	if len(d.Nodes) != 6 || len(d.Lines) != 4 || d.rows != 4 {
		t.Errorf("got %+v", d)
	}
}

func TestPassed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 12*time.Millisecond + 900: "12 ms", 3400 * time.Millisecond: "3.4 s", 3 * time.Hour: "3 hours", -5 * time.Millisecond: "−5 ms",
	} {
		if got := passed(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestMetaValue(t *testing.T) {
	for meta, want := range map[string]string{`{"a":"x"}`: "x", `{"a":7}`: "7", `{}`: "", `{"a":{"b":1}}`: `{"b":1}`, `null`: "", ``: ""} {
		if got := metaOf(ireneo.StoredEvent{Entry: ireneo.Entry{Meta: json.RawMessage(meta)}}, "a"); got != want {
			t.Errorf("%s: got %q, want %q", meta, got, want)
		}
	}
}
