package test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
)

// corpus is what people send who want a page, a spreadsheet or a terminal to do something.
var corpus = map[string]string{
	"script":    `<script>alert(1)</script>`,
	"attribute": `" autofocus onfocus=alert(1) x="`,
	"end":       `</textarea></select></title><img src=x onerror=alert(1)>`,
	"url":       `javascript:alert(1)`,
	"entity":    `&lt;script&gt; &amp; &#x27;`,
	"right":     "abc\u202egpj.exe\u2066",
	"emoji":     "👩‍👩‍👧‍👦 é 漢",
	"template":  `{{ .Secret }} ${7*7} <%= 7 %>`,
	"backticks": "`id` \\ 'x'",
	"formula":   `=cmd|' /C calc'!A0`,
	"sql":       `'; DROP TABLE event_entries; --`,
}

// posts are all forms of Ledger, filled in so that they are accepted. The path ends with
// what is sent to the stream of the id before it.
var posts = []struct {
	list, to string
	stream   *ireneo.Stream
	fields   map[string]string
}{
	{"/customers", "", streams.Customer, map[string]string{"name": "Ana", "email": "ana@example.com", "phone": "1", "on": "2026-01-31"}},
	{"/customers", "/name", streams.Customer, map[string]string{"name": "Bo", "reason": "married", "on": "2026-02-28"}},
	{"/customers", "/contact", streams.Customer, map[string]string{"email": "bo@example.com", "phone": "2", "on": "2026-02-28"}},
	{"/accounts", "", streams.Account, map[string]string{"customer_id": anaID, "name": "Savings", "on": "2026-01-31"}},
	{"/accounts", "/deposits", streams.Account, map[string]string{"amount": "5", "note": "cash", "on": "2026-02-01"}},
	{"/accounts", "/withdrawals", streams.Account, map[string]string{"amount": "0.01", "note": "cash", "on": "2026-02-02"}},
	{"/accounts", "/transfer", streams.Account, map[string]string{"to": "other", "amount": "0.01", "note": "cash", "on": "2026-02-03"}},
	{"/debts", "", streams.Debt, map[string]string{"customer_id": anaID, "amount": "100", "interest_rate": "1", "on": "2026-01-31"}},
	{"/debts", "/payments", streams.Debt, map[string]string{"principal": "0.01", "note": "cash", "on": "2026-02-28"}},
	{"/debts", "/write-offs", streams.Debt, map[string]string{"amount": "0.01", "reason": "gone", "on": "2026-02-28"}},
}

// active is what a browser would make more of than text.
var active = regexp.MustCompile(`(?i)<(script|img|iframe)|" (autofocus )?on\w+=|(href|src|action)="(javascript|[^/#"])`)

// ours is the one script that pages have.
var ours = regexp.MustCompile(`<script type="module" src="/assets/live\.[0-9a-f]{12}\.js"></script>`)

// Whatever is sent in any field of any form: it is recorded, or refused with what was
// typed, and is text on every page that shows it. Nothing is recorded where it is refused.
func TestCorpus_IsTextEverywhere(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		openAccount(t, app, "other", anaID, "Other")
		for _, name := range slices.Sorted(maps.Keys(corpus)) {
			c := corpusRun{app: app, ids: map[*ireneo.Stream]string{}}
			c.run(t, corpus[name])
		}
	})
}

// corpusRun sends one text in every field.
type corpusRun struct {
	app *ledger
	ids map[*ireneo.Stream]string // the things that the forms with a good value made
}

func (c corpusRun) run(t *testing.T, text string) {
	t.Helper()
	for _, post := range posts {
		if post.to == "" {
			c.ids[post.stream] = c.post(t, post.list, "", post.stream, post.fields)
		} else {
			c.post(t, post.list, post.to, post.stream, post.fields)
		}
		for field := range post.fields {
			fields := maps.Clone(post.fields)
			fields[field] = text
			c.post(t, post.list, post.to, post.stream, fields)
		}
	}
	query := "?q=" + url.QueryEscape(text)
	for _, page := range []string{"/customers", "/accounts", "/debts", "/customers" + query, "/accounts" + query, "/debts" + query} {
		c.look(t, page, text, strings.Contains(page, "q="))
	}
}

// post sends a form, and looks at what it answers with. It returns the id of the stream.
func (c corpusRun) post(t *testing.T, list, to string, stream *ireneo.Stream, fields map[string]string) string {
	t.Helper()
	id, path := uuid.NewString(), list
	if to != "" {
		id = c.ids[stream]
		path += "/" + id + to
	}
	before := c.version(t, stream, id)
	body := url.Values{"_key": {id}, "_version": {strconv.FormatInt(before, 10)}}
	if to != "" {
		body.Set("_key", uuid.NewString())
	}
	for name, value := range fields {
		body.Set(name, value)
	}

	got, err := send(t.Context(), http.MethodPost, c.app.URL+path, body.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	after := c.version(t, stream, id)
	switch {
	case got.status == http.StatusSeeOther && after == before+1:
		for _, text := range fields {
			c.look(t, got.header.Get("Location"), text, false)
		}
	case got.status == http.StatusUnprocessableEntity && after == before:
		inert(t, path, got.body)
	default:
		t.Errorf("%s %v: got %d, version %d after %d", path, fields, got.status, after, before)
	}
	return id
}

func (c corpusRun) version(t *testing.T, stream *ireneo.Stream, id string) int64 {
	t.Helper()
	version, err := stream.In(c.app.log).For(id).Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// look makes sure that a page has nothing active, and the text where it has to be.
func (c corpusRun) look(t *testing.T, path, text string, shown bool) {
	t.Helper()
	got, err := send(t.Context(), http.MethodGet, c.app.URL+path, "", nil)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("%s: got %d, %v", path, got.status, err)
	}
	inert(t, path, got.body)
	if shown && !strings.Contains(html.UnescapeString(got.body), text) {
		t.Errorf("%s: %q is not shown", path, text)
	}
}

func inert(t *testing.T, path, page string) {
	t.Helper()
	if found := active.FindString(ours.ReplaceAllString(page, "")); found != "" {
		t.Errorf("%s has %q", path, found)
	}
}

// A mebibyte of text is refused, whole, whichever field it is in.
func TestCorpus_AMebibyteIsRefused(t *testing.T) {
	app := open(t, sqliteURL(t))
	register(t, app.log, anaID, "Ana Sousa")
	openAccount(t, app, "other", anaID, "Other")
	c := corpusRun{app: app, ids: map[*ireneo.Stream]string{}}
	for _, post := range posts {
		if post.to == "" {
			c.ids[post.stream] = c.post(t, post.list, "", post.stream, post.fields)
		}
		for field := range post.fields {
			for size, want := range map[int]int{1 << 20: http.StatusRequestEntityTooLarge, 1<<20 - 2_000: http.StatusUnprocessableEntity} {
				id := c.ids[post.stream]
				before := c.version(t, post.stream, id)
				body := url.Values{"_key": {uuid.NewString()}, "_version": {strconv.FormatInt(before, 10)}}
				for name, value := range post.fields {
					body.Set(name, value)
				}
				body.Set(field, strings.Repeat("x", size))
				path := post.list
				if post.to != "" {
					path += "/" + id + post.to
				}
				got, err := send(t.Context(), http.MethodPost, app.URL+path, body.Encode(), nil)
				if err != nil || got.status != want || c.version(t, post.stream, id) != before {
					t.Errorf("%s, %s of %d bytes: got %d, %v, want %d", path, field, size, got.status, err, want)
				}
			}
		}
	}
}
