package admin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

func TestStream_Timeline(t *testing.T) {
	o := newOffice(t)
	o.lend()
	o.shows("/admin/streams/loan/42", []string{
		"closed", "by <bdi>grace</bdi>", "Still owed", "<del><bdi>100</bdi></del>", "<ins><bdi>70</bdi></ins>", "retroactive", "true from",
		`href="/admin/streams/loan/42/state?projection=loan_positions"`, `/diff?from=1&amp;projection=loan_positions&amp;to=2"`, "[masked]",
	}, "4929-8000")

	got := streamPage{subject: &subject{}}
	o.twin("/admin/streams/loan/42.json", &got)
	if len(got.Events) != 4 || got.Events[0].Version != 4 || !got.Events[1].Retroactive || got.Events[2].Retroactive {
		t.Fatalf("the events are %+v", got.Events)
	}
	want := []change{{"outstanding", "Still owed", "changed", "100", "70"}, {"payments[0]", "Payments [0]", "added", "", "30"}}
	if diff := cmp.Diff(want, got.Events[2].Changes); diff != "" {
		t.Errorf("version 2 changed (-want +got)\n%s", diff)
	}
}

func TestStream_Projection(t *testing.T) {
	o := newOffice(t)
	o.lend()
	o.shows("/admin/streams/loan/42?projection=loan_notes", []string{"<ins><bdi>cash</bdi></ins>"}, "<del><bdi>100")
	o.answers("/admin/streams/loan/42?projection=nothing", http.StatusBadRequest, []string{"No projection", "loan_positions, loan_notes, slow_loans"})
}

func TestStream_Undeclared(t *testing.T) {
	o := newOffice(t)
	o.add(ghosts, "1", &Lent{Amount: 3})
	o.shows("/admin/streams/ghost/1", []string{"loan.lent", "knows no states"}, "What it changed")
	o.answers("/admin/streams/ghost/1/state", http.StatusBadRequest, []string{"Declare it in Config.Streams"})
	o.answers("/admin/streams/ghost/1/diff", http.StatusBadRequest, []string{"Declare it in Config.Streams"})
}

func TestStream_Nothing(t *testing.T) {
	o := newOffice(t)
	o.lend()
	for _, page := range []string{"", "/state", "/diff"} {
		o.answers("/admin/streams/loan/4"+page, http.StatusNotFound, []string{"Nothing has been recorded in this stream"})
		o.answers("/admin/streams/loan/2026-042"+page, http.StatusNotFound, []string{`href="/admin/streams/loan?prefix=202"`})
		o.answers("/admin/streams/nothing/42"+page, http.StatusNotFound, []string{"declares no such stream"})
	}
}

// Each version is met once on the way down, and on the way up; a page's link leads to the
// same events later.
func TestStream_Pages(t *testing.T) {
	o := newOffice(t)
	o.repay("7", 60)
	o.add(loans, "other", &Lent{Amount: 1})
	o.repay("8", 30) // what lies in between
	for range 60 {
		o.add(loans, "7", &Repaid{Amount: 1})
	}
	walk := func(path string, next func(pager) string) (versions []int64) {
		for range 5 {
			p := streamPage{subject: &subject{}}
			o.twin(path, &p)
			for _, e := range p.Events {
				versions = append(versions, e.Version)
				if len(e.Changes) == 0 || p.Unfolded != nil {
					t.Errorf("GET %s: version %d changed nothing, %v", path, e.Version, p.Unfolded)
				}
			}
			if path = next(p.Pages); path == "" {
				break
			}
		}
		return versions
	}
	down := walk("/admin/streams/loan/7.json", func(p pager) string { return p.Older })
	up := walk("/admin/streams/loan/7.json?after=0", func(p pager) string { return p.Newer })
	if len(down) != 120 || down[0] != 120 || down[119] != 1 || len(up) != 120 || up[0] != 50 || up[119] != 101 {
		t.Errorf("down %v\nup %v", down, up)
	}
	for query, want := range map[string]string{
		"before=x": "before=x is no version", "before=0": "from 1 on", "after=-1": "from 0 on", "patience=1h": "up to 60s",
		"patience=soon": "up to 60s",
	} {
		o.answers("/admin/streams/loan/7?"+query, http.StatusBadRequest, []string{want})
	}
	o.shows("/admin/streams/loan/7?after=500", []string{"the stream has versions 1 to 120"})
}

func TestStream_TooLong(t *testing.T) {
	o := newOffice(t)
	o.repay("7", 10)
	o.shows("/admin/streams/loan/7?projection=slow_loans&patience=50ms", []string{"were not computed in time", "loan.repaid", "not known", "patience=30s"})
	o.shows("/admin/streams/loan/7?projection=slow_loans&patience=20s", []string{"loan.repaid", "nothing"}, "not computed in time")
	o.shows("/admin/streams/loan/7/state?projection=slow_loans&patience=1ms", []string{"not computed in time", "Choose an earlier version"})
	o.shows("/admin/streams/loan/7/diff?projection=slow_loans&from=1&patience=1ms", []string{"not computed in time", "loan.repaid"})
}

func TestStream_Belonging(t *testing.T) {
	o := newOffice(t)
	o.lend()
	o.add(persons, "42", &Settled{})
	ctx := ireneo.WithMeta(t.Context(), map[string]string{ireneo.CorrelationKey: "c1"})
	for id, s := range map[string]*ireneo.Stream{"50": loans, "x": persons} {
		if err := s.In(o.log).For(id).Append(ctx, &Lent{Amount: 5}); err != nil {
			t.Fatal(err)
		}
	}
	o.shows("/admin/streams/loan/42", []string{`href="/admin/streams/person/42"`})
	o.shows("/admin/streams/loan/50", []string{`href="/admin/streams/person/x"`}, `href="/admin/streams/person/42"`)
}

// Nothing that is stored is taken for HTML, and every id has its pages.
func TestStream_HostileValues(t *testing.T) {
	o := newOffice(t)
	evil := `<script>alert("x")</script>'` + "\u202eesrever\u202c" + strings.Repeat("<b>long ", 1500)
	for _, id := range []string{"a/b", "..", ".", "~x", "a.json", `%2F"><script>`, "a#c&d=e", "ä ö", "\u202ertl"} {
		o.add(loans, id, &Lent{Amount: 1, To: evil, Card: "4929-8000"})
		o.add(loans, id, &Repaid{Amount: 2, Note: evil})
		base := "/admin/streams/loan/" + escape(id)
		for _, path := range []string{base, base + "?projection=loan_notes", base + "/state?projection=loan_notes", base + "/diff?projection=loan_notes", "/admin/swimlane?stream=" + url.QueryEscape("loan/"+id)} {
			o.shows(path, []string{"loan.repaid"}, "<script>", "<b>", "4929-8000")
		}
		o.shows(base+"/state?projection=loan_notes", []string{`class="long"`})
		got := streamPage{subject: &subject{}}
		o.twin(base+".json", &got)
		if got.Name != "loan/"+id {
			t.Errorf("GET %s.json is of %q", base, got.Name)
		}
	}
	o.shows("/admin/streams/loan", nil, "<script>")
}

// Wherever in the log a version is, it is found in a few looks.
func TestEventAt(t *testing.T) {
	o := newOffice(t)
	o.repay("far", 3)
	o.repay("between", 400)
	many := make([]ireneo.AnyEvent, 100)
	for i := range many {
		many[i] = &Repaid{Amount: 1}
	}
	if err := loans.In(o.log).For("far").AppendAll(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		o.add(loans, "far", &Repaid{Amount: 1})
	}
	s := &subject{Name: "loan/far"}
	for _, version := range []int64{1, 2, 3, 4, 35, 36, 50, 90, 103, 104, 150, 202, 203} {
		got, err := o.eventAt(t.Context(), s, version)
		if err != nil || got.Version != version || got.Stream != "loan/far" {
			t.Fatalf("version %d: got %+v, %v", version, got, err)
		}
	}
	for _, version := range []int64{0, 204} {
		if got, err := o.eventAt(t.Context(), s, version); err == nil {
			t.Errorf("version %d: got %+v", version, got)
		}
	}
}

// Appends may be large: their middle is found as soon as anything else.
func TestSeek_LargeAppends(t *testing.T) {
	o := newOffice(t)
	o.add(loans, "far", &Lent{Amount: 1})
	for range 3 {
		many := make([]ireneo.AnyEvent, 10_000)
		for i := range many {
			many[i] = &Repaid{Amount: 1}
		}
		if err := loans.In(o.log).For("far").AppendAll(t.Context(), many); err != nil {
			t.Fatal(err)
		}
	}
	s := &subject{Name: "loan/far"}
	last, err := o.edge(t.Context(), s, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []int64{1, 33, 5000, 9999, 10_000, 10_001, 15_000, 20_000, 20_001, 27_777, 30_001} {
		looks := 0
		got, err := seek(version, last, func(after, before ireneo.Point) ([]ireneo.StoredEvent, error) {
			looks++
			found, err := o.log.Search(t.Context(), ireneo.Search{Streams: []string{s.Name}, After: after, Before: before, Oldest: true, Limit: 32})
			if err != nil {
				return nil, err
			}
			return found.Events, nil
		})
		if err != nil || got.Version != version || looks > 8 {
			t.Fatalf("version %d: got %+v after %d looks, %v", version, got, looks, err)
		}
	}
}

func TestGuess_ComesToAnEnd(t *testing.T) {
	below, above := bound{}, bound{1000, ireneo.Point{Position: 1 << 60}}
	for look := 0; look < 200; look++ { // at worst there is nothing below the guess
		at := guess(below, above, 999, look)
		if at == below.at {
			return
		}
		above.at = at
	}
	t.Error("200 looks were not enough")
}
