package form_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// bill is what has been paid of at most 10.00.
type bill struct {
	Paid int64 `validate:"lte=1000"`
}

var bills = &ireneo.Stream{
	Type: "bill", Purpose: "One bill",
	Consistency: ireneo.NewProjection("bill", ireneo.On(func(b *bill, e *Paid, _ time.Time) { b.Paid += e.Amount })),
}

// sending posts a form with a version and a key, and appends it.
func sending(t *testing.T, log *ireneo.Log, version, key, amount string) (*Paid, *form.Form, error) {
	t.Helper()
	ev := &Paid{}
	body := url.Values{"_version": {version}, "_key": {key}, "amount": {amount}, "on": {"2026-01-31"}}
	f, err := form.Decode(request(urlencoded, body.Encode()), ev)
	if err != nil {
		t.Fatal(err)
	}
	return ev, f, f.Append(t.Context(), bills.In(log).For("1"), ev)
}

const (
	keyOne = "0c0ffee0-0000-4000-8000-000000000001"
	keyTwo = "0c0ffee0-0000-4000-8000-000000000002"
)

func TestForm_Append(t *testing.T) {
	ireneotest.Each(t, ireneo.Config{Streams: []*ireneo.Stream{bills}}, func(t *testing.T, log *ireneo.Log) {
		for _, step := range []struct {
			name, version, key, amount string
			err                        error
			message                    string
			of                         int64 // the version of the event afterwards
			renewed                    bool
		}{
			{"first", "0", keyOne, "4.00", nil, "", 1, false},
			{"sent twice", "0", keyOne, "4.00", nil, "", 1, false},
			{"used, changed and sent again", "0", keyOne, "5.00", ireneo.ErrConflict, "", 0, true},
			{"used, changed and sent again from the page of now", "1", keyOne, "5.00", nil, "", 2, true},
			{"too late", "1", keyTwo, "1.00", ireneo.ErrConflict, "", 0, false},
			{"too much", "2", keyTwo, "1.01", ireneo.ErrInvalid, "Led to invalid state: Paid must be 1,000 or less", 0, false},
			{"without a version", "", keyTwo, "1.00", form.ErrMalformed, "", 0, false},
			{"the rest", "2", keyTwo, "1.00", nil, "", 3, false},
		} {
			ev, f, err := sending(t, log, step.version, step.key, step.amount)
			if !errors.Is(err, step.err) || (err == nil) != (step.err == nil) {
				t.Errorf("%s: got error %v, want %v", step.name, err, step.err)
			}
			if ev.Version() != step.of || (f.Key() != step.key) != step.renewed {
				t.Errorf("%s: version %d, key %s", step.name, ev.Version(), f.Key())
			}
			if messages := f.Messages(""); (len(messages) == 1) != (step.message != "") || len(messages) == 1 && messages[0] != step.message {
				t.Errorf("%s: messages are %q", step.name, messages)
			}
			if typed := f.Value("amount"); typed != step.amount {
				t.Errorf("%s: the form has %s", step.name, typed)
			}
		}
	})
}

// What a refused form leaves behind is an event that still says what was typed.
func TestForm_AppendKeepsTheEvent(t *testing.T) {
	log := ireneotest.SQLite(t, ireneo.Config{Streams: []*ireneo.Stream{bills}})
	if _, _, err := sending(t, log, "0", keyOne, "4.00"); err != nil {
		t.Fatal(err)
	}
	ev, _, err := sending(t, log, "0", keyOne, "5.00")
	if !errors.Is(err, ireneo.ErrConflict) || ev.Amount != 500 || ev.Persisted() {
		t.Errorf("got %v, persisted %v, error %v", ev.Amount, ev.Persisted(), err)
	}
}
