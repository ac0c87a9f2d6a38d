package admin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestSwimlane(t *testing.T) {
	o := newOffice(t)
	o.shows("/admin/swimlane", []string{"No stream is chosen yet"})
	o.lend()
	o.add(persons, "ann", &Settled{})
	o.shows("/admin/swimlane?stream=loan/41&stream=", []string{"have no events in this part of the log"})
	body := o.shows("/admin/swimlane?stream=loan/42&stream=person/ann&stream=loan/42", []string{
		`<th scope="col"><bdi>loan/42</bdi></th>`, `<th scope="col"><bdi>person/ann</bdi></th>`, `name="stream" value="person/ann"`,
		`href="/admin/swimlane?stream=person%2Fann"`, "loan.settled",
	}, "4929-8000")
	if strings.Index(body, "loan.lent") > strings.Index(body, "loan.settled") {
		t.Error("time does not run down")
	}
	if n := strings.Count(body, "<th scope=\"col\">"); n != 3 {
		t.Errorf("there are %d columns, want 3", n)
	}
}

func TestSwimlane_Refused(t *testing.T) {
	o := newOffice(t)
	var nine []string
	for i := range 9 {
		nine = append(nine, fmt.Sprintf("stream=loan/%d", i))
	}
	for query, want := range map[string]string{
		"stream=loan": "is no stream", "stream=loan/*": "is no stream", "stream=/42": "is no stream", strings.Join(nine, "&"): "at most 8",
		"stream=loan/1&before=x": "is no place in the log",
	} {
		o.answers("/admin/swimlane?"+query, http.StatusBadRequest, []string{want})
	}
	o.shows("/admin/swimlane?"+strings.Join(nine[:8], "&"), nil, "Add a stream")
}

func TestSwimlane_Pages(t *testing.T) {
	o := newOffice(t)
	o.repay("1", 40)
	o.repay("2", 40)
	path, seen := "/admin/swimlane.json?stream=loan/1&stream=loan/2", 0
	for range 3 {
		var p swimlanePage
		o.twin(path, &p)
		seen += len(p.Events)
		if path = p.Pages.Older; path == "" {
			break
		}
	}
	if seen != 80 {
		t.Errorf("%d events on the pages, want 80", seen)
	}
}
