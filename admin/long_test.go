package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
)

func TestLong_Pieces(t *testing.T) {
	s := newSite(t, Config{})
	s.mount([]route{s.long("/pieces", func(v *visit, w *longAnswer) error {
		return errors.Join(w.pieces(), w.alive(), w.piece(v.Context(), "row", "12", templ.Raw("<b>\na</b>")), w.end())
	})})
	w := s.get("/admin/pieces")
	want := "retry: 3000\n\n:\n\nid: 12\nevent: row\ndata: <b>\ndata: a</b>\n\nevent: end\ndata:\n\n"
	if w.Body.String() != want || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("got %q, want %q", w.Body, want)
	}
}

func TestLong_EndsWithTheServer(t *testing.T) {
	stopping := make(chan struct{})
	s := newSite(t, Config{Stopping: stopping})
	s.mount([]route{s.long("/wait", func(v *visit, _ *longAnswer) error {
		close(stopping)
		<-v.Context().Done()
		return v.Context().Err()
	})})
	patient, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s.get("/admin/wait", func(r *http.Request) { *r = *r.WithContext(patient) })
	if patient.Err() != nil {
		t.Error("it goes on when the server stops")
	}
}

func TestLong_FailsBeforeTheFirstPiece(t *testing.T) {
	s := newSite(t, Config{})
	s.mount([]route{s.long("/export", func(*visit, *longAnswer) error { return errNoPage })})
	if w := s.get("/admin/export"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "no such page") {
		t.Errorf("got %d:\n%s", w.Code, w.Body)
	}
}

func TestLong_CutOff(t *testing.T) {
	s := newSite(t, Config{})
	s.mount([]route{s.long("/export", func(_ *visit, w *longAnswer) error {
		_, err := w.Write([]byte("half"))
		return errors.Join(err, context.DeadlineExceeded)
	})})
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("the answer is not cut off: %v", err)
		}
	}()
	s.get("/admin/export")
}

// Whoever asks for the header only does not wait for an answer that has no end.
func TestLong_Header(t *testing.T) {
	p := newPurses(t, Config{})
	p.move("a", 5, "ann")
	p.until("purses", current)
	p.do(http.MethodPost, "/admin/projections/purses/rebuild", url.Values{"confirm": {"purses"}})
	for path, want := range map[string]string{
		"/admin/tail/stream": "text/event-stream", "/admin/rebuilds/purses/stream": "text/event-stream",
		"/admin/events.ndjson": "application/x-ndjson", "/admin/events.csv": "text/csv; charset=utf-8",
	} {
		patient, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		w := p.do(http.MethodHead, path, nil, func(r *http.Request) { *r = *r.WithContext(patient) })
		if patient.Err() != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != want || w.Body.Len() > 0 {
			t.Errorf("HEAD %s: %v, got %d with %q, %q", path, patient.Err(), w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		cancel()
	}
}
