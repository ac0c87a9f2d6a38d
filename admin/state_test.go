package admin

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

func TestStreamState(t *testing.T) {
	o := newOffice(t)
	o.lend()
	for query, want := range map[string][]string{
		"":                       {"After all 4 events.", "<bdi class=\"value\">50</bdi>", "from 4 events", "Since version 3", "loan.settled"},
		"version=1":              {"After version 1 of 4.", "<bdi class=\"value\">100</bdi>", "Since there was nothing", `rel="next"`, "[masked]"},
		"version=3":              {"payments[1]", "Since version 2", `rel="prev" href="/admin/streams/loan/42/state?version=2"`, `rel="next"`},
		"as_of=2026-04-01T11:00": {"as known on 2026-04-01 11:00:00 UTC", "<bdi class=\"value\">70</bdi>", "from 2 events"},
		"at=2026-04-01T10:45:00": {"of what was true on 2026-04-01 10:45:00 UTC", "<bdi class=\"value\">80</bdi>", "from 2 events"},
		"as_of=2026-04-01T13:30:00%2B02:00&at=2026-04-01": {"as known on 2026-04-01 11:30:00 UTC, of what was true on 2026-04-01 23:59:59 UTC", ">70<"},
		"as_of=2026-03-31":                                   {"Nothing had happened by then: the first event is of 2026-04-01 10:00:00 UTC"},
		"projection=loan_notes&version=2":                    {"loan_notes", "cash", `href="/admin/streams/loan/42/state?projection=loan_positions&amp;version=2"`},
		"projection=loan_notes&version=4":                    {"Nothing, since version 3"},
		"projection=loan_positions&at=2026-04-01T10:45:00.5": {`value="2026-04-01T10:45:00.5"`},
	} {
		o.shows("/admin/streams/loan/42/state?"+query, want, "4929-8000")
	}
}

func TestStreamState_Refused(t *testing.T) {
	o := newOffice(t)
	o.lend()
	for query, want := range map[string]string{
		"version=0": "from 1 on", "version=x": "is no version", "version=5": "loan/42 is at version 4", "at=yesterday": "at=yesterday: this is no time",
		"as_of=2026-13-01": "this is no time", "projection=x": "Choose one of these",
	} {
		o.answers("/admin/streams/loan/42/state?"+query, http.StatusBadRequest, []string{want})
	}
}

func TestStreamState_Twin(t *testing.T) {
	o := newOffice(t)
	o.lend()
	got := statePage{subject: &subject{}}
	o.twin("/admin/streams/loan/42/state.json?version=2", &got)
	if got.Name != "loan/42" || got.Version != 2 || got.Events != 2 || len(got.Changes) != 2 || !strings.Contains(string(got.State), `"Outstanding": 70`) || strings.Contains(string(got.State), "4929-8000") {
		t.Errorf("got %+v", got)
	}
}

// Broken has no JSON where its share is infinite.
type Broken struct{ Share float64 }

// A projection that cannot be shown, and events that it cannot be told of, leave the rest
// of the page as it is.
func TestStreamState_Unshown(t *testing.T) {
	o := newOffice(t)
	o.config.Projections = append(o.config.Projections,
		ireneo.NewProjection("broken", ireneo.On(func(b *Broken, _ *Repaid, _ time.Time) { b.Share = math.Inf(1) })),
		ireneo.NewProjection("strict", ireneo.On(func(*Broken, *Lent, time.Time) {})).Strict(),
	)
	o.lend()
	o.shows("/admin/streams/loan/42/state?projection=broken", []string{"+Inf", "null"})
	o.shows("/admin/streams/loan/42/state?projection=strict", []string{"The states cannot be computed", "strict projection strict has no interpretation of loan.repaid"})
	o.shows("/admin/streams/loan/42?projection=strict", []string{"The states cannot be computed", "loan.settled"})
	o.shows("/admin/streams/loan/42/diff?projection=strict&from=1", []string{"The states cannot be computed", "loan.settled"})
}

func TestStreams_NoDatabase(t *testing.T) {
	o := newOffice(t)
	o.lend()
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/streams", "/streams/loan", "/streams/loan/42", "/streams/loan/42/state", "/streams/loan/42/diff", "/swimlane?stream=loan/42"} {
		if w := o.get("/admin" + path); w.Code < 500 || strings.Contains(w.Body.String(), "closed") {
			t.Errorf("GET %s: %d without a database\n%s", path, w.Code, w.Body)
		}
	}
}
