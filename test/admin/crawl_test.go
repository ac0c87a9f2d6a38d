package admin

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo/server"
)

// answer is what came back.
type answer struct {
	path   string
	status int
	header http.Header
	body   string
}

// page reports whether it is one for people.
func (a answer) page() bool { return strings.HasPrefix(a.header.Get("Content-Type"), "text/html") }

// stream reports whether it is one that does not end.
func (a answer) stream() bool { return a.header.Get("Content-Type") == "text/event-stream" }

// client keeps cookies, as a browser does, and follows no redirects.
func client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get asks for a page of the site.
func (s *site) get(path string) answer {
	s.t.Helper()
	return s.send(client(s.t), http.MethodGet, path, nil)
}

// send makes a request. Of an answer that does not end it reads nothing.
func (s *site) send(c *http.Client, method, path string, form url.Values) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatalf("%q: %v", path, err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := c.Do(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	got := answer{path: path, status: resp.StatusCode, header: resp.Header}
	if !got.stream() {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			s.t.Fatalf("%s %s: %v", method, path, err)
		}
		got.body = string(body)
	}
	s.must(resp.Body.Close())
	return got
}

var (
	inLink = regexp.MustCompile(`(?:href|src|data-live)="([^"]*)"`)
	inForm = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	inPost = regexp.MustCompile(`method="post" action="([^"]*)"`)
	inName = regexp.MustCompile(`name="([^"]*)"(?: value="([^"]*)")?`)
)

// links are the addresses on this site that a page leads to.
func (a answer) links(t *testing.T) (all []string) {
	t.Helper()
	base, err := url.Parse(a.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range inLink.FindAllStringSubmatch(a.body, -1) {
		to, err := base.Parse(html.UnescapeString(found[1]))
		if err != nil || to.Host != "" || to.Scheme != "" {
			t.Errorf("%s leads away, to %s", a.path, found[1])
			continue
		}
		to.Fragment, to.RawFragment = "", ""
		all = append(all, to.String())
	}
	return all
}

// form is one that does something.
type form struct {
	on, action string
	fields     url.Values
}

// forms are those of a page that are posted, filled in as they come.
func (a answer) forms() (all []form) {
	for _, found := range inForm.FindAllStringSubmatch(a.body, -1) {
		post := inPost.FindStringSubmatch(found[1])
		if post == nil {
			continue
		}
		f := form{on: a.path, action: html.UnescapeString(post[1]), fields: url.Values{}}
		for _, field := range inName.FindAllStringSubmatch(found[2], -1) {
			f.fields.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
		}
		all = append(all, f)
	}
	return all
}

const (
	mostPages = 600 // of a crawl
	mostAlike = 3   // of them that differ in ids and numbers only
)

var (
	anyID     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\d+`)
	anyStream = regexp.MustCompile(`^(/admin/streams/[^/?]+)/[^/?]+`)
)

// kind is what pages have in common that differ in ids and numbers only.
func kind(path string) string {
	at, err := url.Parse(path)
	if err != nil {
		return path
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range at.Query() {
			if !yield(name) {
				return
			}
		}
	})
	return anyStream.ReplaceAllString(anyID.ReplaceAllString(at.EscapedPath(), "n"), "$1/x") + "?" + strings.Join(names, "&")
}

// crawl follows all links from the overview, or where there is none from the events, breadth
// first, so that nothing is left out that is new in kind.
func (s *site) crawl(see func(a answer)) {
	s.t.Helper()
	c := client(s.t)
	next := []string{"/admin", "/admin/events"}
	seen, alike, pages := map[string]bool{}, map[string]int{}, 0
	for len(next) > 0 && pages < mostPages {
		path := next[0]
		next = next[1:]
		if k := kind(path); seen[path] || alike[k] >= mostAlike || !strings.HasPrefix(path, "/admin") {
			continue
		} else {
			seen[path], alike[k] = true, alike[k]+1
		}
		pages++
		a := s.send(c, http.MethodGet, path, nil)
		see(a)
		if a.page() {
			next = append(next, a.links(s.t)...)
		}
	}
	s.t.Logf("%d pages of %d kinds", pages, len(alike))
}

var (
	inTitle = regexp.MustCompile(`<title>[^<]+</title>`)
	inHead  = regexp.MustCompile(`<h1[ >]`)
	inTwin  = regexp.MustCompile(`<link rel="alternate" type="application/json" href="([^"]*)"`)
)

// No link leads nowhere, every page says what it is, and its twin can be read by programs.
func TestCrawl_NoLinkIsDead(t *testing.T) {
	s := serve(t, server.Options{})
	s.trouble()
	t.Cleanup(s.rebuilding("customers"))
	s.crawl(func(a answer) {
		if a.status != http.StatusOK {
			t.Errorf("%s: got %d\n%.2000s", a.path, a.status, a.body)
		}
		if !a.page() {
			return
		}
		if !inTitle.MatchString(a.body) || len(inHead.FindAllString(a.body, -1)) != 1 {
			t.Errorf("%s has no title, or not one h1", a.path)
		}
		twin := inTwin.FindStringSubmatch(a.body)
		if twin == nil {
			t.Errorf("%s has no twin", a.path)
			return
		}
		got := s.get(html.UnescapeString(twin[1]))
		if got.status != http.StatusOK || !json.Valid([]byte(got.body)) || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d %s\n%.500s", twin[1], got.status, got.header.Get("Content-Type"), got.body)
		}
	})
}
