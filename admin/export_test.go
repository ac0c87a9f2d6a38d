package admin

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// issueMany appends events to one stream.
func (s *logSite) issueMany(n int) {
	s.t.Helper()
	for done := 0; done < n; {
		var batch []ireneo.AnyEvent
		for range min(n-done, 500) {
			done++
			batch = append(batch, &Issued{Amount: int64(done), Card: "4111"})
		}
		if err := s.debts.For("1").AppendAll(s.t.Context(), batch); err != nil {
			s.t.Fatal(err)
		}
	}
}

// lines are the amounts of an export as NDJSON.
func lines(t *testing.T, w *httptest.ResponseRecorder) (amounts []int64) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(w.Body.String(), "\n"), "\n") {
		var e struct{ Data struct{ Amount int64 } }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		amounts = append(amounts, e.Data.Amount)
	}
	return amounts
}

func TestExport_NDJSON(t *testing.T) {
	s := newLogSite(t)
	s.issueMany(2500)
	w := s.get("/admin/events.ndjson?type=debt.issued&before=7.1")
	got := lines(t, w)
	if len(got) != 2500 || got[0] != 2500 || got[2499] != 1 {
		t.Errorf("%d events, from %d on", len(got), got[0])
	}
	if h := w.Header(); h.Get("Content-Type") != "application/x-ndjson" || !strings.HasPrefix(h.Get("Content-Disposition"), `attachment; filename="events-2`) {
		t.Errorf("got %v", h)
	}
	if body := w.Body.String(); strings.Contains(body, `"4111"`) || !strings.Contains(body, `"card":"[masked]"`) {
		t.Error("what is sensitive gets out")
	}
	if got := lines(t, s.get("/admin/events.ndjson?oldest=1&q=amount:%3C=2000")); len(got) != 2000 || !slices.IsSorted(got) {
		t.Errorf("oldest first: %d events", len(got))
	}
	if w := s.get("/admin/events.ndjson?type=debt.paid"); w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("nothing found: %d %s", w.Code, w.Body)
	}
}

func TestExport_CSV(t *testing.T) {
	s := newLogSite(t)
	paid, _ := s.fill()
	s.record(s.debts, "=1+1", map[string]string{"actor": "=cmd"}, &Paid{Amount: 3, Note: "a,\"b\"\n=2"})
	rows, err := csv.NewReader(s.get("/admin/events.csv?oldest=1&type=debt.paid").Body).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%v, %v", rows, err)
	}
	want := []string{
		"2", "1", "debt", "1", "2", paid.ID().String(), "debt.paid", exactly(paid.RecordedAt()), exactly(paid.OccurredAt()),
		`{"amount":60,"note":"in cash"}`, rows[1][10],
	}
	if diff := cmp.Diff([][]string{exportColumns, want}, rows[:2]); diff != "" {
		t.Error(diff)
	}
	if last := rows[3]; last[3] != "'=1+1" || last[9] != `{"amount":3,"note":"a,\"b\"\n=2"}` || last[10] != `{"actor":"=cmd"}` {
		t.Errorf("got %q", last)
	}
}

// fading is a client that ends the log's context after some writes.
type fading struct {
	*httptest.ResponseRecorder
	left   int
	cancel context.CancelFunc
}

func (f *fading) Write(b []byte) (int, error) {
	if f.left--; f.left == 0 {
		f.cancel()
	}
	return f.ResponseRecorder.Write(b)
}

// TestExport_CutOff holds that nobody takes a part for the whole.
func TestExport_CutOff(t *testing.T) {
	s := newLogSite(t)
	s.issueMany(3000)
	for ending, want := range map[string]string{".ndjson": `{"error":"the export ends here and is not complete.`, ".csv": "error: the export ends here and is not complete."} {
		ctx, cancel := context.WithCancel(t.Context())
		w := &fading{httptest.NewRecorder(), 3, cancel}
		func() {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
					t.Errorf("%s: the answer is not cut: %v", ending, err)
				}
			}()
			s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/admin/events"+ending, nil))
		}()
		cancel()
		all := bytes.Split(bytes.TrimSpace(w.Body.Bytes()), []byte("\n"))
		if last := string(all[len(all)-1]); !strings.HasPrefix(last, want) || len(all) > 500 {
			t.Errorf("%s: %s lines, the last is %s", ending, strconv.Itoa(len(all)), last)
		}
	}
}

// TestAllFound_GoesOn holds that an export does not end where one search gives up.
func TestAllFound_GoesOn(t *testing.T) {
	s := newLogSite(t)
	s.fill()
	for oldest, want := range map[bool][]int64{false: {1}, true: {3, 4}} {
		var got []int64
		for page, err := range s.allFound(t.Context(), ireneo.Search{Oldest: oldest}, &ireneo.Found{Stopped: &ireneo.Point{Position: 2, Ordinal: 1}}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				got = append(got, e.Position)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("oldest %t (-want +got):\n%s", oldest, diff)
		}
	}
}
