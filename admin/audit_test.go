package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

func TestAudit_Pages(t *testing.T) {
	b := withBell(newSite(t, Config{}))
	for i := range 70 {
		e := &ActionRequested{Action: "resume", Kind: "bell", Target: fmt.Sprint(i)}
		if err := Actions.In(b.log).For("bell/"+fmt.Sprint(i)).Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	older := func(p auditPage) string { return p.Pager.Older }
	newer := func(p auditPage) string { return p.Pager.Newer }
	at := "/admin/audit.json"
	for _, step := range []struct {
		first, last string
		next        func(auditPage) string
	}{
		{"69", "20", older},
		{"19", "0", newer},
		{"69", "20", func(p auditPage) string { return p.Pager.Oldest }},
		{"49", "0", newer},
		{"69", "50", older},
		{"49", "0", func(p auditPage) string { return p.Pager.Newest }},
		{"69", "20", nil},
	} {
		var p auditPage
		if err := json.Unmarshal(b.get(at).Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		got := []string{p.Actions[0].Target, p.Actions[len(p.Actions)-1].Target}
		if diff := cmp.Diff([]string{step.first, step.last}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", at, diff)
		}
		if step.next == nil {
			break
		}
		if at = step.next(p); at == "" {
			t.Fatalf("there is no such page: %+v", p.Pager)
		}
	}
}

func TestAudit_Escapes(t *testing.T) {
	b := withBell(newSite(t, Config{Authorize: as(User{Name: "<i>ada", Role: Operate})}))
	b.fail = fmt.Errorf("%w: <u>", ireneo.ErrStopped)
	b.do(http.MethodPost, "/admin/bells/"+url.PathEscape("<b>x")+"/ring", url.Values{"confirm": {"<b>x"}, "reason": {"<s>why"}})
	body := b.get("/admin/audit").Body.String()
	for _, want := range []string{"&lt;i&gt;ada", "&lt;b&gt;x", "&lt;s&gt;why", "&lt;u&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in\n%s", want, body)
		}
	}
}

func TestSystem_Settings(t *testing.T) {
	type mail struct{ SMTPPassword, Host string }
	type base struct{ Port int }
	settings := struct {
		base
		Base        base
		Mail        *mail
		DatabaseURL string
		Query       string
		Pin         string `sensitive:"true"`
		Empty       string `sensitive:"true"`
		Hosts       []string
		Timeout     time.Duration
		SessionKeys []string
		Since       time.Time
		Brokers     []string
		OnStart     func()
		hidden      string
	}{
		Base: base{8080}, Mail: &mail{"hunter2", "mx"}, DatabaseURL: "postgres://me:geheim@db/x", Query: "host=db password=geheim",
		Pin: "1234", Hosts: []string{"a", "b"}, Timeout: time.Second, SessionKeys: []string{"geheim"}, Since: time.Unix(0, 0).UTC(),
		Brokers: []string{"amqp://me:geheim@mq"}, hidden: "geheim",
	}
	want := []fact{
		{"Base.Port", "8080"},
		{"Mail.SMTPPassword", "[masked]"},
		{"Mail.Host", "mx"},
		{"DatabaseURL", "[masked]"},
		{"Query", "[masked]"},
		{"Pin", "[masked]"},
		{"Empty", ""},
		{"Hosts", "a, b"},
		{"Timeout", "1s"},
		{"SessionKeys", "[masked]"},
		{"Since", "1970-01-01 00:00:00 +0000 UTC"},
		{"Brokers", "[masked]"},
	}
	if diff := cmp.Diff(want, settingsOf(&settings)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPages_HaveNoInlineCode(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(?:\s+type="\w+")?>|\son\w+=|\sstyle=|javascript:`)
	b := withBell(newSite(t, Config{Stopping: ending()}))
	for _, address := range append(addresses(b.site), "/admin/bells/x") {
		if w := b.get(address); inline.MatchString(w.Body.String()) && strings.Contains(w.Header().Get("Content-Type"), "html") {
			t.Errorf("%s has %q", address, inline.FindString(w.Body.String()))
		}
	}
}
