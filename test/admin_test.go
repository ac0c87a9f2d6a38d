package test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// In development the admin pages are for whoever is on this machine. A proxy in front that
// nobody trusts makes all the world come from this machine, and is noticed all the same.
func TestAdmin_IsForThisMachine(t *testing.T) {
	l := open(t, sqliteURL(t))
	for name, tt := range map[string]struct {
		remote, host, forwarded string
		want                    int
	}{
		"here":              {"127.0.0.1:50000", "localhost:8080", "", http.StatusOK},
		"ireneo dev":        {"127.0.0.1:50000", "localhost:8080", "127.0.0.1", http.StatusOK},
		"elsewhere":         {"192.0.2.1:50000", "localhost:8080", "", http.StatusNotFound},
		"another name":      {"127.0.0.1:50000", "ledger.example.com", "", http.StatusNotFound},
		"through a proxy":   {"127.0.0.1:50000", "localhost:8080", "192.0.2.1", http.StatusNotFound},
		"through two of it": {"127.0.0.1:50000", "localhost:8080", "192.0.2.1, 127.0.0.1", http.StatusNotFound},
	} {
		r := httptest.NewRequest(http.MethodGet, "/admin/system", nil)
		r.RemoteAddr, r.Host = tt.remote, tt.host
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		w := httptest.NewRecorder()
		l.Config.Handler.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: got %d, want %d", name, w.Code, tt.want)
		}
	}
}
