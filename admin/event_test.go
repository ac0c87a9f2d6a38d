package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// wantTexts looks for words on a page, and for others that must not be there.
func (s *logSite) wantTexts(target string, want, not []string) {
	s.t.Helper()
	w := s.get(target)
	got := texts(w.Body.String())
	for _, text := range want {
		if !strings.Contains(got, text) {
			s.t.Errorf("GET %s: %d, without %q:\n%s", target, w.Code, text, got)
		}
	}
	for _, text := range not {
		if strings.Contains(got, text) {
			s.t.Errorf("GET %s has %q:\n%s", target, text, got)
		}
	}
}

func TestEvent_Page(t *testing.T) {
	s := newLogSite(t)
	paid, _ := s.fill()
	target := "/admin/events/" + paid.ID().String()
	cause := paid.Meta().Get(ireneo.CausationKey)
	s.wantTexts(target, []string{
		"debt.paid", "debt/1 version 2, recorded", "Amount 60", "What they said in cash", `"amount": 60`, "Actor bo", "Cause debt.issued debt/1 v1",
		"Correlation " + paid.Meta().Get(ireneo.CorrelationKey), "owed State before · after", "Schema Version 1", "&admin.Paid{Amount: 60, Note: \"in cash\"}",
	}, []string{"Idempotency", "after it occurred", "What it has caused", "As stored"})
	body := s.get(target).Body.String()
	for _, want := range []string{
		`href="/admin/events/` + cause + `" title="The event before it in the stream" rel="prev"`, "/admin/streams/debt/1/state?projection=owed&amp;version=1",
		"/admin/streams/debt/1/state?projection=owed&amp;version=2", "/admin/graph/" + paid.Meta().Get(ireneo.CorrelationKey), "The event after it in the log",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in\n%s", want, body)
		}
	}
	if strings.Contains(body, `rel="next"`) {
		t.Error("there is something behind the last event of a stream")
	}
	s.wantTexts("/admin/events/"+cause, []string{"What it has caused 1 event, the oldest first", "debt.paid debt/1 v2", "Card [masked]", "// Card is masked"}, []string{"4111", "Cause"})
}

func TestEvent_Twin(t *testing.T) {
	s := newLogSite(t)
	paid, _ := s.fill()
	var got struct {
		Type, Go    string
		Cause       ireneo.StoredEvent
		Effects     []any
		InStream    around `json:"in_stream"`
		Projections []touched
		Data        map[string]any
	}
	w := s.get("/admin/events/" + paid.ID().String() + ".json")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "debt.paid" || got.Cause.Type != "debt.issued" || got.Effects == nil || got.InStream != (around{Previous: got.Cause.ID.String()}) || got.Data["amount"] != 60.0 {
		t.Errorf("got %s", w.Body)
	}
	if diff := cmp.Diff([]touched{{"owed", true}}, got.Projections); diff != "" {
		t.Error(diff)
	}
}

func TestEvent_Times(t *testing.T) {
	s := newLogSite(t)
	late := &Paid{Amount: 1}
	s.record(s.debts, "1", map[string]string{}, late, ireneo.At(time.Now().Add(-73*time.Hour)), ireneo.IdempotencyKey("once & only"))
	s.wantTexts("/admin/events/"+late.ID().String(), []string{"Recorded 3 days after it occurred.", "Idempotency key once & only", "State after"}, []string{"before ·"})
	if got := between(time.Unix(100, 0), time.Unix(0, 0)); got != "Recorded 1 minute before it occurs." {
		t.Errorf("got %s", got)
	}
}

func TestEvent_Unreadable(t *testing.T) {
	s := newLogSite(t)
	_, lost := s.fill()
	s.wantTexts("/admin/events/"+lost.ID().String(), []string{
		"This program cannot read the event.", "no registered event is called debt.lost", `tag aliases:"debt.lost"`, "Nothing can be shown", "not registered",
	}, []string{"secret?", "As Go"})
	broken := &OldPaidBack{Price: 666}
	s.record(s.before, "5", map[string]string{}, broken)
	s.wantTexts("/admin/events/"+broken.ID().String(), []string{"cannot be read", "the price <b>cannot</b> be", "stored with schema version 1: correct the struct, or the upcast"}, nil)
	s.wantTexts("/admin/events?type=debt.repaid", []string{"debt.repaid cannot be read"}, []string{"not registered"})
}

func TestEvent_Upcast(t *testing.T) {
	s := newLogSite(t)
	old := &OldPaidBack{Price: 5}
	s.record(s.before, "5", map[string]string{}, old)
	s.wantTexts("/admin/events/"+old.ID().String(), []string{"Stored as version 1, read as version 2", "Amount 5", "As stored, in version 1", `"price": "[masked]"`}, nil)
}

func TestEvent_Unknown(t *testing.T) {
	s := newLogSite(t)
	s.fill()
	for _, id := range []string{"c1b1a1d0-0000-4000-8000-000000000000", "2", "x/y", `"><b>`} {
		target := s.path("events", id)
		w := s.get(target)
		body := w.Body.String()
		if w.Code != http.StatusNotFound || !strings.Contains(texts(body), "No event of this log has the id "+id) || strings.Contains(body, "<b>") {
			t.Errorf("%s: %d %s", id, w.Code, texts(body))
		}
		if w := s.get(target + ".json"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "No such event") {
			t.Errorf("%s: the twin is %d %s", id, w.Code, w.Body)
		}
	}
	if body := s.get("/admin/events/2").Body.String(); !strings.Contains(body, "/admin/events?at=2") {
		t.Error("a position leads nowhere")
	}
}

func TestEvent_ManyEffects(t *testing.T) {
	s := newLogSite(t)
	cause := &Issued{Amount: 1}
	s.record(s.debts, "1", map[string]string{}, cause)
	for i := range maxEffects + 1 {
		s.record(s.debts, fmt.Sprint("of-", i), map[string]string{}, &Paid{Amount: 1}, ireneo.CausedBy(cause))
	}
	body := s.get("/admin/events/" + cause.ID().String()).Body.String()
	if want := "/admin/events?q=causation%3A" + cause.ID().String(); !strings.Contains(body, want) || strings.Count(body, ">debt.paid<") != maxEffects {
		t.Errorf("%d effects, or without %s", strings.Count(body, ">debt.paid<"), want)
	}
	if !strings.Contains(body, `href="/admin/graph/`+cause.ID().String()+`"`) {
		t.Error("the first of a chain does not lead to its graph")
	}
	if got := s.positions("/admin/events?q=causation:" + cause.ID().String()); len(got) != 50 || got[0] != maxEffects+2 {
		t.Errorf("got %v", got)
	}
}

func TestEvent_Long(t *testing.T) {
	s := newLogSite(t)
	long := &Paid{Amount: 1, Note: strings.Repeat("long ", 2000)}
	s.record(s.debts, "1", map[string]string{}, long)
	body := s.get("/admin/events/" + long.ID().String()).Body.String()
	if !strings.Contains(body, "<summary>9.8 KiB of JSON</summary>") || !strings.Contains(body, "long …</bdi></summary>") && !strings.Contains(body, "long…</bdi></summary>") {
		t.Errorf("what is long is shown at once:\n%s", body)
	}
}
