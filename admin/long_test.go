package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
)

func TestLong_Pieces(t *testing.T) {
	s := newSite(t, Config{})
	s.mount([]route{s.long("/pieces", s.costly, func(v *visit, w *longAnswer) error {
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
	s.mount([]route{s.long("/wait", s.costly, func(v *visit, _ *longAnswer) error {
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

// What is ended by the stop of the server is never taken for the whole, and a stream of
// events ends so that browsers ask again.
func TestLong_StoppedHalfway(t *testing.T) {
	for name, begin := range map[string]func(w *longAnswer) error{
		"an export": func(w *longAnswer) error { _, err := w.Write([]byte("half\n")); return errors.Join(err, w.flush()) },
		"a stream":  func(w *longAnswer) error { return w.pieces() },
	} {
		stopping := make(chan struct{})
		s := newSite(t, Config{Stopping: stopping})
		s.mount([]route{s.long("/half", s.costly, func(v *visit, w *longAnswer) error {
			err := begin(w)
			close(stopping)
			<-v.Context().Done()
			return errors.Join(err, v.Context().Err())
		})})
		server := httptest.NewServer(s)
		resp, err := server.Client().Get(server.URL + "/admin/half") //nolint:noctx // it ends by itself
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		server.Close()
		if whole := err == nil; whole != (name == "a stream") {
			t.Errorf("%s ended with %v", name, err)
		}
	}
}

// A page that takes longer than the host gives to an answer arrives all the same.
func TestPages_LateOnes(t *testing.T) {
	const short = 100 * time.Millisecond
	s := newSite(t, Config{})
	s.mount([]route{s.admin.get("/late", func(v *visit) (*page, error) {
		<-time.After(3 * short)
		return &page{Body: templ.Raw("here at last"), Data: v.segment("id")}, nil
	})})
	server := httptest.NewUnstartedServer(s)
	server.Config.WriteTimeout = short
	server.Start()
	defer server.Close()
	for _, path := range []string{"/admin/late", "/admin/late.json"} {
		resp, err := server.Client().Get(server.URL + path) //nolint:noctx // it ends by itself
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s: %d, %v", path, resp.StatusCode, err)
		}
	}
}

func TestLong_FailsBeforeTheFirstPiece(t *testing.T) {
	s := newSite(t, Config{})
	s.mount([]route{s.long("/export", s.costly, func(*visit, *longAnswer) error { return errNoPage })})
	if w := s.get("/admin/export"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "no such page") {
		t.Errorf("got %d:\n%s", w.Code, w.Body)
	}
}

func TestLong_CutOff(t *testing.T) {
	s := newSite(t, Config{})
	s.mount([]route{s.long("/export", s.costly, func(_ *visit, w *longAnswer) error {
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
