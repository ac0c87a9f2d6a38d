package admin

import (
	"errors"
	"net/http"
	"testing"
)

func TestSlots(t *testing.T) {
	s := newSlots(2)
	first, err := s.take()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.take(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.take(); !errors.Is(err, errNoSlot) {
		t.Errorf("a third of two: %v", err)
	}
	first()
	if _, err := s.take(); err != nil {
		t.Errorf("one that was given back: %v", err)
	}
}

// takeAll takes all slots until the test has looked at what happens then.
func (s *site) takeAll(of slots) (free func()) {
	s.t.Helper()
	for range cap(of) {
		if _, err := of.take(); err != nil {
			s.t.Fatal(err)
		}
	}
	return func() {
		for range cap(of) {
			<-of
		}
	}
}

func TestSlots_CostlyAnswersAreRefusedWhenThereAreTooMany(t *testing.T) {
	p := newPurses(t, Config{})
	p.move("a", 5, "ann")
	p.until("purses", current)
	costly := []string{
		"/admin/events.csv", "/admin/events.ndjson", "/admin/projections/purses/rows/a", "/admin/streams/purse/a?patience=30s",
		"/admin/streams/purse/a/state?patience=30s", "/admin/streams/purse/a/diff?patience=30s",
	}
	for range 2 * maxCostly { // each gives its slot back
		for _, path := range costly {
			p.wants(path, http.StatusOK, nil)
		}
	}

	free := p.takeAll(p.costly)
	for _, path := range costly {
		w := p.get(path)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" {
			t.Errorf("GET %s: got %d, try again after %q", path, w.Code, w.Header().Get("Retry-After"))
		}
		p.wants(path, http.StatusServiceUnavailable, []string{"Try again in a few seconds"})
	}
	for _, path := range []string{"/admin/streams/purse/a", "/admin/events", "/admin/projections/purses/rows"} {
		p.wants(path, http.StatusOK, nil)
	}
	free()
	p.wants(costly[0], http.StatusOK, nil)
}

func TestSlots_StreamsOfEvents(t *testing.T) {
	p := newPurses(t, Config{})
	p.takeAll(p.streaming)
	w := p.get("/admin/tail/stream")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" {
		t.Errorf("got %d, try again after %q", w.Code, w.Header().Get("Retry-After"))
	}
	p.wants("/admin/rebuilds/purses/stream", http.StatusServiceUnavailable, []string{"Try again in a few seconds"})
	p.wants("/admin/events.csv", http.StatusOK, nil)
}
