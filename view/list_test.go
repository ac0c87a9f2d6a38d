package view_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/view"
)

type filters = map[string]string

// States of a list: as it is opened, with everything asked for, and with what nobody means.
var (
	opened = view.ListOf("/jars", list.Query{}, &list.Found[jar]{Sort: "-on"})
	narrow = view.ListOf("/jars", list.Query{
		Text: "a&b", Sort: "name", After: "page", Limit: 3,
		Filters: filters{"status": "open", "on_shelf": "7", "customer": "c 1"},
	}, &list.Found[jar]{Sort: "name", Next: "next+page"})
	hostile = view.ListOf("/jars", list.Query{
		Text: `"><script>`, Filters: filters{"customer": `'><b>`},
	}, &list.Found[jar]{Sort: "-on", Next: `"><i>`})
)

// links are the addresses in a piece of a page, in order.
func links(page string) []string {
	var all []string
	for _, part := range strings.Split(page, `href="`)[1:] {
		address, _, _ := strings.Cut(part, `"`)
		all = append(all, strings.ReplaceAll(address, "&amp;", "&"))
	}
	return all
}

// wantPiece compares the links of a piece of a page, and looks for what it has and has not.
func wantPiece(t *testing.T, c templ.Component, wantLinks, has, hasNot []string) {
	t.Helper()
	page := show(t, c)
	if diff := cmp.Diff(wantLinks, links(page)); diff != "" {
		t.Errorf("links differ (-want +got):\n%s", diff)
	}
	for _, text := range has {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not have %s:\n%s", text, page)
		}
	}
	for _, text := range hasNot {
		if strings.Contains(page, text) {
			t.Errorf("the page has %s:\n%s", text, page)
		}
	}
}

var states = []view.Option{{Value: "", Word: "All"}, {Value: "open", Word: "Open"}, {Value: "<", Word: "<b>"}}

func TestFilter(t *testing.T) {
	wantPiece(t, view.Filter(opened, "Name", "status", states...),
		[]string{"/jars", "/jars?status=open", "/jars?status=%3C"},
		[]string{
			`aria-label="By status"`, `<a href="/jars" aria-current="true">All</a>`, "&lt;b&gt;",
			`action="/jars"`, `name="q" type="search" value="" placeholder="Name"`, `for="q">Name<`,
		},
		[]string{`type="hidden"`, "Only of one", "status=open\" aria-current"})

	const rest = "customer=c+1&on_shelf=7&q=a%26b&sort=name"
	wantPiece(t, view.Filter(narrow, "Name", "status", states...),
		[]string{
			"/jars?" + rest, "/jars?" + rest + "&status=open", "/jars?" + rest + "&status=%3C",
			"/jars?on_shelf=7&q=a%26b&sort=name&status=open", "/jars?customer=c+1&q=a%26b&sort=name&status=open",
		},
		[]string{
			`status=open" aria-current="true">Open</a>`, `value="a&amp;b"`,
			`<input type="hidden" name="customer" value="c 1"> <input type="hidden" name="on_shelf" value="7">` +
				` <input type="hidden" name="sort" value="name"> <input type="hidden" name="status" value="open">`,
			"Only of one customer. <a", "Only of one on shelf. <a",
		},
		[]string{`name="after"`, `type="hidden" name="q"`, "Only of one status"})

	wantPiece(t, view.Filter(narrow, "Name", ""),
		[]string{
			"/jars?on_shelf=7&q=a%26b&sort=name&status=open", "/jars?customer=c+1&q=a%26b&sort=name&status=open",
			"/jars?customer=c+1&on_shelf=7&q=a%26b&sort=name",
		},
		[]string{"Only of one status. <a"}, []string{"<nav"})
	wantPiece(t, view.Filter(hostile, `"><u>`, ""),
		[]string{"/jars?q=%22%3E%3Cscript%3E"}, nil, []string{"<script", "<b>", "<u>"})
}

func TestHead(t *testing.T) {
	for name, tt := range map[string]struct {
		l                 view.List
		key, link, sorted string
		arrow             string
	}{
		"usual order":    {opened, "on", "/jars?sort=on", "descending", "↓"},
		"another column": {opened, "name", "/jars?sort=name", "", ""},
		"ascending":      {narrow, "name", "/jars?customer=c+1&on_shelf=7&q=a%26b&sort=-name&status=open", "ascending", "↑"},
		"from another":   {narrow, "on", "/jars?customer=c+1&on_shelf=7&q=a%26b&sort=on&status=open", "", ""},
		"hostile":        {hostile, "on", "/jars?customer=%27%3E%3Cb%3E&q=%22%3E%3Cscript%3E&sort=on", "descending", "↓"},
	} {
		t.Run(name, func(t *testing.T) {
			has, hasNot := []string{`<th scope="col" class="amount"`, "&lt;Word&gt;"}, []string{"<Word>", "<b>"}
			if tt.sorted == "" {
				hasNot = append(hasNot, "aria-sort", "↓", "↑")
			} else {
				has = append(has, `aria-sort="`+tt.sorted+`"`, `<span aria-hidden="true">`+tt.arrow+"<")
			}
			wantPiece(t, view.Head(tt.l, tt.key, "<Word>", "amount"), []string{tt.link}, has, hasNot)
		})
	}
}

func TestOrders(t *testing.T) {
	sorts := []view.Option{{Value: "name", Word: "Name"}, {Value: "on", Word: "<On>"}}
	wantPiece(t, view.Orders(opened, sorts...), []string{"/jars?sort=name", "/jars?sort=on"},
		[]string{`sort=on" aria-current="true"`, `aria-label="descending">↓`, "&lt;On&gt;"}, []string{"↑", `sort=name" aria-current`})

	const rest = "/jars?customer=c+1&on_shelf=7&q=a%26b&sort="
	wantPiece(t, view.Orders(narrow, sorts...), []string{rest + "-name&status=open", rest + "on&status=open"},
		[]string{`aria-current="true">Name <span aria-label="ascending">↑`}, []string{"↓"})
}

func TestPager(t *testing.T) {
	wantPiece(t, view.Pager(opened), []string{"/jars.csv"}, []string{"download>Download as CSV"}, []string{"First page", "Next page"})

	const asked = "?customer=c+1&on_shelf=7&q=a%26b&sort=name&status=open"
	wantPiece(t, view.Pager(narrow), []string{
		"/jars.csv" + asked, "/jars" + asked,
		"/jars?after=next%2Bpage&customer=c+1&on_shelf=7&q=a%26b&sort=name&status=open",
	}, []string{`rel="next"`, "First page"}, nil)

	const attack = "?customer=%27%3E%3Cb%3E&q=%22%3E%3Cscript%3E"
	wantPiece(t, view.Pager(hostile), []string{"/jars.csv" + attack, "/jars?after=%22%3E%3Ci%3E&customer=%27%3E%3Cb%3E&q=%22%3E%3Cscript%3E"},
		[]string{"Next page"}, []string{"First page"})
}

func TestNothing(t *testing.T) {
	wantPiece(t, view.Nothing(narrow, "<No> jars"), []string{"/jars"}, []string{"&lt;No&gt; jars", "Nothing was found"}, []string{"<No>"})
}

// What the links ask for is what Read understands.
func TestList_LinksAreRead(t *testing.T) {
	rows := list.Rows[jar]{
		Filters: map[string]list.Filter{"status": {}, "on_shelf": {}, "customer": {}},
		Sorts:   map[string]list.Column[jar]{"name": {}, "on": {}}, Usual: "-on",
	}
	for _, link := range links(show(t, view.Pager(narrow))) {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		asked, err := rows.Read(u.Query())
		want := narrow.Query
		if want.After, want.Limit = u.Query().Get("after"), 0; err != nil || !cmp.Equal(asked, want) {
			t.Errorf("%s: got %+v, error %v", link, asked, err)
		}
	}
}
