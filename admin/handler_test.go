package admin

import (
	"net/http"
	"strings"
	"testing"
)

func TestHandler_Screens(t *testing.T) {
	s := newSite(t, Config{})
	for path, want := range map[string]string{
		"/admin/audit":       "Nobody has done anything",
		"/admin/system":      "Open transactions",
		"/admin/audit.json":  `"actions": []`,
		"/admin/system.json": `"pending_migrations": 0`,
	} {
		w := s.get(path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("GET %s: %d, without %q:\n%s", path, w.Code, want, w.Body)
		}
	}
}
