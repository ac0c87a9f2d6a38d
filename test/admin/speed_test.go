// Package admin drives the admin pages of Ledger from outside: in a browser, and over a log
// of a million events.
package admin

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo/config"
	"github.com/ireneo-dev/ireneo/internal/alone"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/server"
)

// most is how long a screen may take, at the median.
const most = 300 * time.Millisecond

// longScreens are the screens over the long log, where each shows the most that it can.
var longScreens = []string{
	"/admin",
	"/admin/events",
	"/admin/events?before=500000.1",
	"/admin/events?type=debt.payment_received",
	"/admin/events?type=debt.reminded",
	"/admin/events?type=debt.issued&before=500000.1",
	"/admin/events?stream=debt/d-000300",
	"/admin/events?stream=debt/great&before=9000.1",
	"/admin/events?from=2025-06-01&to=2025-06-02",
	"/admin/events?correlation=chain-100000",
	"/admin/events?q=meta.actor:clerk-3",
	"/admin/events/" + eventID(500_000).String(),
	"/admin/types",
	"/admin/streams",
	"/admin/streams/debt",
	"/admin/streams/debt?prefix=d-0003",
	"/admin/streams/debt/d-000300",
	"/admin/streams/debt/great",
	"/admin/streams/debt/great?before=5000",
	"/admin/streams/debt/great/state?version=9000",
	"/admin/streams/debt/great/state?as_of=2025-01-03T12:00",
	"/admin/streams/debt/great/diff?from=100&to=9000",
	"/admin/swimlane?stream=debt/great&stream=debt/d-000300",
	"/admin/projections",
	"/admin/projections/outstanding_balances",
	"/admin/projections/outstanding_balances/rows",
	"/admin/projections/outstanding_balances/rows/d-000300",
	"/admin/projections/outstanding_balances/rows/great",
	"/admin/rebuilds",
	"/admin/subscriptions",
	"/admin/tail",
	"/admin/graph/chain-100000",
	"/admin/system",
	"/admin/audit",
}

// patientScreens look at so many events, one by one, that they say how far they came where
// their patience of two seconds ends.
var patientScreens = []string{
	"/admin/events?q=principal:>49+d-0003",
	"/admin/events?q=nobody+has+written+this",
	"/admin/projections/customer_totals/rows/c-007", // made of the issues of all debts
}

// Every screen answers in time, however long the log is.
func TestScreens_OnAMillionEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("seeds a million events")
	}
	alone.Use(t)
	site := longSite(t)
	for _, path := range longScreens {
		answers(t, site, path, most)
	}
	for _, path := range patientScreens {
		answers(t, site, path, 2*time.Second+most)
	}
}

// answers asks for a page some times, and wants it in time.
func answers(t *testing.T, site http.Handler, path string, most time.Duration) {
	t.Helper()
	took := make([]time.Duration, 0, 5)
	for range cap(took) {
		began := time.Now()
		ask(t, site, path)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	median := took[len(took)/2]
	t.Logf("%8.1f ms  %s", median.Seconds()*1000, path)
	if median > most {
		t.Errorf("%s takes %s at the median of %d, at most %s", path, median, len(took), most)
	}
}

// longSite is a Ledger on PostgreSQL with the long log, whose projections have been made of it.
func longSite(t *testing.T) http.Handler {
	t.Helper()
	url := pgtest.URL(t)
	st, log, err := config.OpenLog(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if err := log.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	seedLog(t, url)
	t.Logf("seeded in %s", time.Since(began).Round(time.Second))
	for _, p := range log.Projections() {
		if err := log.Rebuild(t.Context(), p.Name, nil); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s rebuilt after %s", p.Name, time.Since(began).Round(time.Second))
	}
	srv, err := config.NewServer(log, server.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return srv.Handler()
}

// ask gets a page to its end.
func ask(t *testing.T, site http.Handler, path string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr, r.Host = "127.0.0.1:50000", "localhost"
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != http.StatusOK {
		t.Errorf("%s: got %d, %v", path, w.Code, err)
	}
	return string(body)
}
