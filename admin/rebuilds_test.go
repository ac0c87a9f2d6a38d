package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// rebuilt asks the twin until a rebuild does not go on.
func (p *purseSite) rebuilt(name string) *shownRebuild {
	p.t.Helper()
	tick, limit := time.NewTicker(2*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for {
		r := twinOf[rebuildPage](p.site, "/admin/rebuilds/"+name+".json").Rebuild
		if r != nil && !r.Running {
			return r
		}
		select {
		case <-tick.C:
		case <-limit:
			p.t.Fatalf("the rebuild does not end: %+v", r)
		}
	}
}

func TestRebuilds_ByTheFormToTheEnd(t *testing.T) {
	p := newPurses(t, Config{})
	p.wants("/admin/rebuilds", http.StatusOK, []string{"No projection was ever rebuilt"})
	p.wants("/admin/rebuilds/purses", http.StatusOK, []string{"never rebuilt", "ireneo projections rebuild purses"})
	p.move("a", 5, "ann")
	p.move("b", 6, "bob")
	p.until("purses", current)
	if w := p.do(http.MethodPost, "/admin/projections/purses/undo", confirmed("purses", "")); w.Code != http.StatusConflict {
		t.Errorf("undo where nothing was replaced: got %d\n%s", w.Code, w.Body)
	}

	p.does("/admin/projections/purses/rebuild", confirmed("purses", ""), doneWords["rebuild"])
	r := p.rebuilt("purses")
	if r.Phase != "done" || r.Rows != 2 || r.Events != 2 {
		t.Errorf("got %+v", r)
	}
	p.wants("/admin/rebuilds/purses", http.StatusOK, []string{"100 %", "Undo the rebuild", "<progress"}, "data-live=", "http-equiv")
	p.wants("/admin/rebuilds", http.StatusOK, []string{`href="/admin/rebuilds/purses"`, "done"})
	stream := p.get("/admin/rebuilds/purses/stream").Body.String()
	if !strings.Contains(stream, "event: progress") || !strings.Contains(stream, "100 %") || !strings.HasSuffix(stream, "event: end\ndata:\n\n") {
		t.Errorf("stream: %s", stream)
	}
	p.does("/admin/projections/purses/undo", url.Values{"confirm": {"purses"}, aboutField: {p.about("/admin/rebuilds/purses", "undo")}}, doneWords["undo"])
	if r := p.rebuilt("purses"); r.Phase != "done" || !r.Undo {
		t.Errorf("undone: %+v", r)
	}
}

func TestRebuilds_FailsWithItsReason(t *testing.T) {
	p := newPurses(t, Config{})
	p.move("a", -5, "ann")
	p.do(http.MethodPost, "/admin/projections/purses/rebuild", confirmed("purses", ""))
	if r := p.rebuilt("purses"); r.Phase != "failed" || !strings.Contains(r.Error, "Amount") {
		t.Errorf("got %+v", r)
	}
	p.wants("/admin/rebuilds/purses", http.StatusOK, []string{"failed", "Amount must be 0 or greater", "Rebuild"})
	p.wants("/admin/projections", http.StatusOK, []string{"Its last rebuild failed"})
}

// underWay puts a rebuild on record that a process is at until a moment.
func (p *purseSite) underWay(until time.Time) {
	p.t.Helper()
	r := store.Rebuild{
		Projection: "purses", Program: "other", Filter: "x", Shadow: "purses_new", Phase: store.Filling, Events: 1, Total: 4, Rows: 1, Rate: 1,
		Epoch: 1, Owner: "somebody", LeaseUntil: until, StartedAt: store.Now(), ChangedAt: store.Now(),
	}
	if err := p.log.DB().Create(&r).Error; err != nil {
		p.t.Fatal(err)
	}
}

func TestRebuilds_UnderWayAndCanceled(t *testing.T) {
	p := newPurses(t, Config{})
	p.underWay(store.Now().Add(time.Hour))
	p.wants("/admin/rebuilds/purses", http.StatusOK, []string{
		"25 %", "about 3 seconds left", `data-live="/admin/rebuilds/purses/stream"`, `<noscript><meta http-equiv="refresh"`, "Cancel the rebuild",
	}, "/projections/purses/rebuild")
	p.wants("/admin/projections/purses", http.StatusOK, []string{"rebuilding 25 %"})
	if w := p.do(http.MethodPost, "/admin/projections/purses/rebuild", confirmed("purses", "")); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "being rebuilt") {
		t.Errorf("a second rebuild: got %d\n%s", w.Code, w.Body)
	}
	p.does("/admin/projections/purses/cancel", confirmed("purses", ""), doneWords["cancel"])
	if r := p.rebuilt("purses"); r.Phase != "canceled" {
		t.Errorf("got %+v", r)
	}
	if w := p.do(http.MethodPost, "/admin/projections/purses/cancel", confirmed("purses", "")); w.Code != http.StatusConflict {
		t.Errorf("a second cancel: got %d", w.Code)
	}
}

func TestRebuilds_Interrupted(t *testing.T) {
	p := newPurses(t, Config{})
	p.underWay(store.Now().Add(-time.Hour))
	p.wants("/admin/rebuilds/purses", http.StatusOK, []string{"interrupted", "No process is at it", "Cancel the rebuild", "/projections/purses/rebuild"}, "data-live=")
	p.wants("/admin/projections/purses", http.StatusOK, []string{"ireneo projections rebuild purses --cancel"})
}

var anyRebuild = &ActionRequested{Action: "rebuild", Kind: "projection", Target: "any"}

// A rebuild that fails when its form is answered is on record with who asked for it.
func TestRebuilds_FailAfterTheForm(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"fails":    {errors.New("the disk is full"), "the disk is full"},
		"canceled": {ireneo.ErrCanceled, ""},
	} {
		s := newSite(t, Config{})
		logged := make(logLines, 1)
		s.config.Logger = slog.New(slog.NewTextHandler(logged, nil))
		requested := &ActionRequested{Action: "rebuild", Kind: "projection", Target: "any"}
		if err := Actions.In(s.log).For("projection/any").Append(t.Context(), requested); err != nil {
			t.Fatal(err)
		}
		answered, ended := make(chan struct{}), make(chan struct{})
		err := s.begin(t.Context(), requested, func(_ context.Context, _ string, report func(ireneo.Rebuild)) error {
			defer close(ended)
			report(ireneo.Rebuild{})
			<-answered
			return tt.err
		})
		if err != nil {
			t.Fatal(err)
		}
		close(answered)
		<-ended
		if tt.want != "" {
			if line := <-logged; !strings.Contains(line, tt.want) {
				t.Errorf("%s: logged %s", name, line)
			}
		}
		if got := s.audited(); len(got) != 1 || got[0].Failure != tt.want {
			t.Errorf("%s: audit: %+v", name, got)
		}
	}
}

// Who has seen the rebuild before may not undo the one after it.
func TestRebuilds_UndoIsOfTheOneThatWasSeen(t *testing.T) {
	p := newPurses(t, Config{})
	p.move("a", 5, "ann")
	p.until("purses", current)
	p.does("/admin/projections/purses/rebuild", confirmed("purses", ""), doneWords["rebuild"])
	p.rebuilt("purses")
	seen := p.about("/admin/rebuilds/purses", "undo")
	p.does("/admin/projections/purses/rebuild", confirmed("purses", ""), doneWords["rebuild"])
	again := p.rebuilt("purses")
	before := len(p.audited())

	w := p.do(http.MethodPost, "/admin/projections/purses/undo", url.Values{"confirm": {"purses"}, aboutField: {seen}})
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "things have changed") || !strings.Contains(w.Body.String(), exactly(again.ChangedAt)) {
		t.Errorf("got %d:\n%s", w.Code, w.Body)
	}
	if r := p.rebuilt("purses"); r.Undo || len(p.audited()) != before {
		t.Errorf("it was done, or recorded: %+v, %+v", r, p.audited())
	}
	p.does("/admin/projections/purses/undo", url.Values{"confirm": {"purses"}, aboutField: {p.about("/admin/rebuilds/purses", "undo")}}, doneWords["undo"])
}

func TestRebuilds_OutliveTheFormAndEndWithTheServer(t *testing.T) {
	stopping, outlived, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := newSite(t, Config{Stopping: stopping})
	form, answered := context.WithCancel(t.Context())
	err := s.begin(form, anyRebuild, func(ctx context.Context, _ string, report func(ireneo.Rebuild)) error {
		report(ireneo.Rebuild{})
		answered()
		select {
		case <-ctx.Done():
			t.Error("it ends with the form")
		default:
		}
		close(outlived)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	<-outlived // only then: the server must not stop while the rebuild is still looking
	close(stopping)
	<-ended
}

func TestRebuilds_RefusedBeforeTheyBegin(t *testing.T) {
	s := newSite(t, Config{})
	err := s.begin(t.Context(), anyRebuild, func(context.Context, string, func(ireneo.Rebuild)) error { return ireneo.ErrOtherEvents })
	if !errors.Is(err, ireneo.ErrOtherEvents) {
		t.Errorf("got %v", err)
	}
}
