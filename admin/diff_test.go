package admin

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStreamDiff(t *testing.T) {
	o := newOffice(t)
	o.lend()
	for query, want := range map[string][]string{
		"":                                  {"at version 4, compared with version 3", "Settled", "changed", `rel="prev"`, `href="/admin/streams/loan/42/diff?from=4&amp;to=3"`},
		"from=1&to=3":                       {"Still owed", "100", "50", "added", "payments[1]", "loan.repaid", `href="/admin/streams/loan/42/diff?from=2&amp;to=4"`},
		"from=3&to=1":                       {"removed", "loan.repaid"},
		"from=0&to=1":                       {"Still owed", "added"},
		"from=2&to=2":                       {"Both are version 2"},
		"from=3&to=4&projection=loan_notes": {"the same state at both versions"},
	} {
		o.shows("/admin/streams/loan/42/diff?"+query, want, "4929-8000")
	}
	for query, want := range map[string]string{
		"from=9": "There is no version 9 yet", "to=9": "There is no version 9 yet", "from=x": "from=x is no version", "to=-1": "from 0 on",
	} {
		o.answers("/admin/streams/loan/42/diff?"+query, http.StatusBadRequest, []string{want})
	}
}

func TestStreamDiff_Twin(t *testing.T) {
	o := newOffice(t)
	o.lend()
	got := diffPage{subject: &subject{}}
	o.twin("/admin/streams/loan/42/diff.json?from=2&to=4", &got)
	want := []change{
		{"outstanding", "Still owed", "changed", "70", "50"},
		{"payments[0]", "Payments [0]", "changed", "30", "20"},
		{"payments[1]", "Payments [1]", "added", "", "30"},
		{"settled", "Settled", "changed", "false", "true"},
	}
	if diff := cmp.Diff(want, got.Changes); diff != "" || len(got.Events) != 2 {
		t.Errorf("%d events; (-want +got)\n%s", len(got.Events), diff)
	}
}

func TestStreamDiff_ManyEvents(t *testing.T) {
	o := newOffice(t)
	o.repay("7", 130)
	o.shows("/admin/streams/loan/7/diff?from=1", []string{"These are the newest 50", "to=81\""}, "to=80\"")
}
