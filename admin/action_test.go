package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ireneo-dev/ireneo"
)

// bell is a thing to act on: it is rung on its page /bells/{id}.
type bell struct {
	*site
	rung []string // why
	fail error    // of ringing
}

// withBell adds the pages of a bell.
func withBell(s *site) *bell {
	b := &bell{site: s}
	s.mount([]route{s.admin.get("/bells/{id}", b.page), s.post("/bells/{id}/ring", b.ring)})
	return b
}

func (b *bell) action(v *visit) action {
	id := v.segment("id")
	return action{
		Name: "resume", Label: "Ring", Effect: "It rings.", Kind: "bell", Target: id,
		Path: v.path("bells", id, "ring"), Return: v.path("bells", id), Reason: true,
	}
}

func (b *bell) page(v *visit) (*page, error) {
	return &page{Title: "Bell " + v.segment("id"), Body: v.actionForm(b.action(v)), Data: v.segment("id")}, nil
}

func (b *bell) ring(v *visit) (*page, error) {
	return b.perform(v, b.action(v), b.page, func(_ context.Context, r *ActionRequested) error {
		if len(b.audited()) != len(b.rung)+1 {
			b.t.Error("it is done before it is recorded")
		}
		if b.fail != nil {
			return b.fail
		}
		b.rung = append(b.rung, r.Reason)
		return nil
	})
}

// audited is the twin of the audit.
func (s *site) audited() []audited {
	s.t.Helper()
	var p auditPage
	if err := json.Unmarshal(s.get("/admin/audit.json").Body.Bytes(), &p); err != nil {
		s.t.Fatal(err)
	}
	return p.Actions
}

var ringing = url.Values{"confirm": {"big one"}, "reason": {"it is noon"}}

func TestPerform(t *testing.T) {
	b := withBell(newSite(t, Config{}))
	b.issue("42", 100)
	w := b.do(http.MethodPost, "/admin/bells/big%20one/ring", ringing)
	if location := w.Header().Get("Location"); w.Code != http.StatusSeeOther || location != "/admin/bells/big%20one?done=resume" {
		t.Errorf("got %d to %s", w.Code, location)
	}
	if diff := cmp.Diff([]string{"it is noon"}, b.rung); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
	want := []audited{{Who: "ada", Remote: "127.0.0.1", Action: "resume", Kind: "bell", Target: "big one", Reason: "it is noon"}}
	if diff := cmp.Diff(want, b.audited(), cmpopts.IgnoreFields(audited{}, "Event", "At")); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	if body := b.get("/admin/bells/big%20one?done=resume").Body.String(); !strings.Contains(body, doneWords["resume"]) {
		t.Errorf("the next page does not say what was done:\n%s", body)
	}
	if body := b.get("/admin/bells/big%20one?done=%3Cb%3Ehacked").Body.String(); strings.Contains(body, "hacked") {
		t.Errorf("a page says what is in its query:\n%s", body)
	}
}

func TestPerform_FormNotAccepted(t *testing.T) {
	for name, tt := range map[string]struct {
		form url.Values
		want []string
	}{
		"other name": {url.Values{"confirm": {"<other>"}, "reason": {"noon"}}, []string{"Type big one to confirm it.", `value="noon"`, `value="&lt;other&gt;"`}},
		"no reason":  {url.Values{"confirm": {"big one"}, "reason": {" "}}, []string{"Say why.", `value="big one"`, "<details class=\"action\" open"}},
		"long":       {url.Values{"confirm": {"big one"}, "reason": {strings.Repeat("x", 3000)}}, []string{"It was not done", "2,000"}},
	} {
		b := withBell(newSite(t, Config{}))
		w := b.do(http.MethodPost, "/admin/bells/big%20one/ring", tt.form)
		if w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d", name, w.Code)
		}
		for _, want := range tt.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, w.Body)
			}
		}
		if len(b.rung)+len(b.audited()) != 0 {
			t.Errorf("%s: done %v, recorded %v", name, b.rung, b.audited())
		}
	}
}

func TestPerform_Failed(t *testing.T) {
	b := withBell(newSite(t, Config{}))
	b.fail = ireneo.ErrNothingFailed
	w := b.do(http.MethodPost, "/admin/bells/big%20one/ring", ringing)
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), ireneo.ErrNothingFailed.Error()) || !strings.Contains(w.Body.String(), `value="it is noon"`) {
		t.Errorf("got %d:\n%s", w.Code, w.Body)
	}
	got := b.audited()
	if len(got) != 1 || got[0].Failure != ireneo.ErrNothingFailed.Error() {
		t.Errorf("audit: %+v", got)
	}
}

func TestPerform_Refused(t *testing.T) {
	foreign := func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }
	for name, tt := range map[string]struct {
		config Config
		change func(*http.Request)
		want   int
	}{
		"reader":       {Config{Authorize: as(User{Name: "bob", Role: Read})}, func(*http.Request) {}, http.StatusForbidden},
		"stranger":     {Config{Authorize: refuse}, func(*http.Request) {}, http.StatusNotFound},
		"cross origin": {Config{}, foreign, http.StatusForbidden},
		"read-only":    {Config{ReadOnly: true}, func(*http.Request) {}, http.StatusMethodNotAllowed},
	} {
		b := withBell(newSite(t, tt.config))
		w := b.do(http.MethodPost, "/admin/bells/big%20one/ring", ringing, tt.change)
		if w.Code != tt.want || len(b.rung) != 0 {
			t.Errorf("%s: got %d, want %d; done: %v", name, w.Code, tt.want, b.rung)
		}
		if form := strings.Contains(b.get("/admin/bells/big").Body.String(), "<form method=\"post\""); form != (name == "cross origin") {
			t.Errorf("%s: the page has a form: %t", name, form)
		}
	}
}

func TestHandler_HiddenFields(t *testing.T) {
	b := withBell(newSite(t, Config{Hidden: func(*http.Request) map[string]string { return map[string]string{"_token": `a"b`} }}))
	if body := b.get("/admin/bells/big").Body.String(); !strings.Contains(body, `<input type="hidden" name="_token" value="a&#34;b">`) {
		t.Errorf("the host's field is missing:\n%s", body)
	}
}
