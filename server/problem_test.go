package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
)

// asJSON answers a request of a client that wants JSON.
func asJSON(t *testing.T, srv *server.Server, method, path string) (map[string]any, *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept", "application/json, */*;q=0.5")
	got := do(t, srv, r)
	var problem map[string]any
	if err := json.Unmarshal(got.Body.Bytes(), &problem); err != nil {
		t.Fatalf("%s: %v in %s", path, err, got.Body)
	}
	if media := got.Header().Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("%s: got type %s", path, media)
	}
	if problem["request_id"] != got.Header().Get("X-Request-Id") {
		t.Errorf("%s: got request %v", path, problem["request_id"])
	}
	delete(problem, "request_id")
	return problem, got
}

func TestServer_ProblemsAsJSON(t *testing.T) {
	log := ireneotest.SQLite(t, declarations)
	srv := serverOn(t, log, server.Options{})
	srv.Echo.POST("/refused", func(c echo.Context) error {
		return notes.For("1").Append(c.Request().Context(), &noted{Text: "too \x00 bad"})
	})
	srv.Echo.POST("/stale", func(c echo.Context) error {
		ctx := c.Request().Context()
		if err := notes.For("2").Append(ctx, &noted{Text: "confidential"}); err != nil {
			return err
		}
		return notes.For("2").Append(ctx, &noted{Text: "late"}, ireneo.ExpectVersion(0))
	})
	srv.Echo.POST("/panic", func(echo.Context) error { panic("confidential") })

	got, answer := asJSON(t, srv, http.MethodPost, "/refused")
	fields, _ := got["errors"].([]any)
	if answer.Code != 422 || got["status"] != 422.0 || len(fields) != 1 || fields[0].(map[string]any)["field"] != "text" {
		t.Errorf("refused: got %d %v", answer.Code, got)
	}
	appended(t, log, "1", 0)

	got, answer = asJSON(t, srv, http.MethodPost, "/stale")
	conflict, _ := got["conflict"].(map[string]any)
	winners, _ := conflict["events"].([]any)
	if answer.Code != 409 || conflict["expected_version"] != 0.0 || conflict["actual_version"] != 1.0 || len(winners) != 1 {
		t.Fatalf("stale: got %d %v", answer.Code, got)
	}
	if winner := winners[0].(map[string]any); winner["version"] != 1.0 || winner["type"] != "note.noted" {
		t.Errorf("stale: got %v", winner)
	}
	if strings.Contains(answer.Body.String(), "confidential") {
		t.Errorf("stale: the event itself is in %s", answer.Body)
	}

	got, _ = asJSON(t, srv, http.MethodPost, "/panic")
	if diff := cmp.Diff(map[string]any{
		"type": "about:blank", "title": "Internal error", "status": 500.0,
		"detail": "Something went wrong on our side. The number below helps us to find out what.",
	}, got); diff != "" {
		t.Errorf("panic (-want +got):\n%s", diff)
	}
}

func TestServer_ProblemsAsPagesForBrowsers(t *testing.T) {
	srv := newServer(t, server.Options{})
	for accept, want := range map[string]bool{
		"":    false,
		"*/*": false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		"application/json;q=0.5, text/html":                               false,
		"application/json;q=0":                                            false,
		"application/json":                                                true,
		"application/problem+json":                                        true,
		"text/html;q=0.5, application/json":                               true,
		"application/json, text/plain, */*":                               true,
	} {
		r := httptest.NewRequest(http.MethodGet, "/nowhere", nil)
		r.Header.Set("Accept", accept)
		got := do(t, srv, r)
		if isJSON := strings.HasPrefix(got.Header().Get("Content-Type"), "application/problem+json"); isJSON != want {
			t.Errorf("%q: got %s", accept, got.Header().Get("Content-Type"))
		}
	}
}
