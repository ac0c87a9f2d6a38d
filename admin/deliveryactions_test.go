package admin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// about is what the form of an action on a page is about.
func (s *site) about(path, action string) string {
	s.t.Helper()
	form := regexp.MustCompile(`/` + action + `"(?s:.*?)name="` + aboutField + `" value="([^"]*)"`).FindStringSubmatch(s.wants(path, http.StatusOK, nil))
	if form == nil {
		s.t.Fatalf("the form of %s on %s is about nothing", action, path)
	}
	return form[1]
}

// skipping is the form of a skip as it is on the page now.
func (p *purseSite) skipping(reason string) url.Values {
	p.t.Helper()
	form := confirmed("mail", reason)
	form.Set(aboutField, p.about("/admin/subscriptions/mail", "skip"))
	return form
}

// Two who see the same failure and skip it skip one append, not two.
func TestSubscriptions_SkipIsOfTheAppendThatWasSeen(t *testing.T) {
	p := newPurses(t, Config{})
	p.fail = errors.New("no server")
	first := p.move("a", 5, "ann")
	p.until("mail", stopped)
	mine, theirs := p.skipping("gone"), p.skipping("gone, too")
	p.does("/admin/subscriptions/mail/skip", mine)
	for range 2 { // where nothing has stopped, and where something else has
		for _, form := range []url.Values{theirs, confirmed("mail", "by a script")} {
			w := p.do(http.MethodPost, "/admin/subscriptions/mail/skip", form)
			if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "things have changed") || strings.Contains(w.Body.String(), `value="mail"`) {
				t.Errorf("got %d:\n%s", w.Code, w.Body)
			}
		}
		p.move("a", 6, "ann")
		p.until("mail", stopped)
	}
	got := p.audited()
	if len(got) != 1 || got[0].Reason != "gone" || got[0].Position != first.Position() || got[0].Failure != "" {
		t.Errorf("audit: %+v", got)
	}
	p.wants("/admin/audit", http.StatusOK, []string{"at position", fmt.Sprintf(`href="/admin/events?before=%d.0"`, first.Position()+1)})
}
