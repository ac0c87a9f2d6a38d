package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestLink_AnyStreamID(t *testing.T) {
	s := newSite(t, Config{})
	b := withBell(s)
	for _, id := range []string{
		"42", "a/b", "a.json", "a.csv", "..", ".", "~", "~.", "a%2Fb", "a b+c&d", "ü/日本", `"><script>`, ".json", "x.ndjson", "a//b", "a;b:c@d", "%2e",
	} {
		path := s.path("bells", id)
		w := b.get(path)
		if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Type"), "html") {
			t.Errorf("%q: GET %s is %d %s", id, path, w.Code, w.Header().Get("Content-Type"))
		}
		w = b.get(path + ".json")
		if got, want := w.Body.String(), quoted(id)+"\n"; w.Code != http.StatusOK || got != want {
			t.Errorf("%q: the twin of %s is %d %s", id, path, w.Code, got)
		}
	}
}

func TestVisit_With(t *testing.T) {
	s := newSite(t, Config{})
	s.mount([]route{s.admin.get("/list", func(v *visit) (*page, error) {
		return &page{Data: []string{v.with("before", "7.1", "after", ""), link("/x", "a", "", "b", "&")}}, nil
	})})
	got := s.get("/admin/list.json?after=1&q=a+b&done=pause").Body.String()
	if want := "[\n  \"/admin/list.json?before=7.1\\u0026q=a+b\",\n  \"/x?b=%26\"\n]\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}
