package admin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const askLoan = "/admin/streams/loan/42/what-if"

// asks sends the form, and expects words on the page that comes back.
func (o *office) asks(status int, form url.Values, want []string, not ...string) {
	o.t.Helper()
	w := o.do(http.MethodPost, askLoan, form)
	body := w.Body.String()
	if w.Code != status {
		o.t.Fatalf("%v: got %d\n%s", form, w.Code, body)
	}
	for _, text := range want {
		if !strings.Contains(body, text) {
			o.t.Errorf("%v: %q is missing in\n%s", form, text, body)
		}
	}
	for _, text := range not {
		if strings.Contains(body, text) {
			o.t.Errorf("%v: %q is in\n%s", form, text, body)
		}
	}
}

// The office is for readers only, and nothing can be done in it: they may ask all the same.
func TestWhatIf_Asks(t *testing.T) {
	o := newOffice(t)
	o.shows(askLoan, []string{"loan.lent", `aria-current="true">loan.lent`, "&#34;amount&#34;: 0", "&#34;card&#34;: &#34;&#34;"}, "Verdict")
	o.asks(http.StatusOK, url.Values{"type": {"loan.lent"}, "data": {`{"amount": 70, "card": "4929-8000"}`}}, []string{
		"accepted", "What it would change in loan_positions", "Still owed", "<ins", "70",
	}, "refused", `<bdi class="value">4929`)
	o.asks(http.StatusOK, url.Values{"type": {"loan.repaid"}, "data": {`{"amount": 7}`}}, []string{"refused", "loan.lent", "-7"}, "accepted")
	if w := o.get("/admin/streams/loan/42"); w.Code != http.StatusNotFound {
		t.Errorf("something was recorded: %d", w.Code)
	}

	o.lend()
	before := o.get("/admin/events.json").Body.String()
	o.shows("/admin/streams/loan/42", []string{`href="` + askLoan + `"`})
	o.shows(askLoan+"?type=loan.settled", []string{">{}</textarea>"})
	o.asks(http.StatusOK, url.Values{"type": {"loan.repaid"}, "data": {`{"amount": 7}`}}, []string{"refused", "closed"})
	for form, want := range map[string]string{
		`{"amount": "x"}`: "amount is a string", `{"sum": 1}`: "unknown field &#34;sum&#34;", `{"amount": 1} <b>`: "behind the JSON object", ``: "a JSON object",
	} {
		o.asks(http.StatusUnprocessableEntity, url.Values{"type": {"loan.repaid"}, "data": {form}}, []string{want, `aria-invalid="true"`}, "Verdict", "<b>")
	}
	o.asks(http.StatusUnprocessableEntity, url.Values{"type": {"loan.repaid"}, "data": {`{}`}, "at": {"soon"}}, []string{"at-wrong"}, "Verdict")
	o.asks(http.StatusBadRequest, url.Values{"type": {"debt.issued"}, "data": {`{}`}}, []string{"loan.repaid"})
	o.asks(http.StatusRequestEntityTooLarge, url.Values{"type": {"loan.repaid"}, "data": {strings.Repeat("x", maxForm)}}, []string{"too large"})
	if after := o.get("/admin/events.json").Body.String(); after != before {
		t.Errorf("asking has changed the log:\n%s", after)
	}
	o.answers("/admin/streams/ghost/1/what-if", http.StatusNotFound, nil)
}

func TestWhatIf_Twin(t *testing.T) {
	o := newOffice(t)
	w := o.do(http.MethodPost, askLoan+".json", url.Values{"type": {"loan.lent"}, "data": {`{"amount": 70, "card": "4929-8000"}`}, "at": {"2026-03-01T10:00"}})
	got := whatIfPage{subject: &subject{}}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Verdict == nil || !got.Verdict.Accepted || len(got.Verdict.States) != 1 {
		t.Fatalf("%v: got %s", err, w.Body)
	}
	if s := got.Verdict.States[0]; string(s.Before) != "null" || strings.Contains(string(s.After), "4929") || len(s.Changes) == 0 {
		t.Errorf("got %+v", s)
	}
}

func TestWhatIf_FromAnotherSite(t *testing.T) {
	o := newOffice(t)
	w := o.do(http.MethodPost, askLoan, url.Values{"type": {"loan.lent"}, "data": {`{}`}}, func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	})
	if w.Code != http.StatusForbidden {
		t.Errorf("got %d", w.Code)
	}
}
