package form_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func TestNew_ShowsWhatTheEventHas(t *testing.T) {
	f := form.New(&Everything{
		Who:  Who{Email: "ana@example.com"},
		Name: "Ana", Story: "a\nb", Color: "red", Level: 2, Count: 3, Natural: 4, Share: 0.25, Amount: -123456,
		Rate: decimal.RequireFromString("4.250"), Agreed: true, On: civil.Date{Year: 2026, Month: 1, Day: 31},
		At: time.Date(2026, 1, 31, 14, 30, 0, 0, time.FixedZone("", 3600)), Ref: uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"),
		Nick: ptr(""), MaybeInt: ptr(0), MaybePay: ptr(int64(0)), MaybeYes: ptr(false),
		MaybeAt: ptr(time.Date(2026, 1, 31, 14, 30, 5, 120_000_000, time.UTC)),
		Source:  "hidden", Place: 7,
	})
	for name, want := range map[string]string{
		"email": "ana@example.com", "name": "Ana", "story": "a\nb", "color": "red", "level": "2", "count": "3", "small": "",
		"natural": "4", "share": "0.25", "amount": "-1,234.56", "rate": "4.25", "agreed": "yes", "on": "2026-01-31",
		"at": "2026-01-31T13:30", "ref": "0190163d-8694-739b-aea5-966c26f8ad91", "nick": "", "maybe_int": "0", "maybe_pay": "0.00",
		"maybe_yes": "no", "maybe_on": "", "maybe_at": "2026-01-31T14:30:05.12", "source": "", "position": "", "nothing": "",
	} {
		if got := f.Value(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if f.Name != "test-everything_happened" || !f.Valid() {
		t.Errorf("got name %q, valid %v", f.Name, f.Valid())
	}
	if got := form.New(&Everything{}).Value("count"); got != "" {
		t.Errorf("an empty event shows %q", got)
	}
}

func TestForm_Version(t *testing.T) {
	for typed, want := range map[string]int64{"0": 0, "7": 7, "9223372036854775807": 1<<63 - 1} {
		_, f := post(t, with("_version", typed))
		if got, err := f.Version(); got != want || err != nil {
			t.Errorf("%s: got %d, %v", typed, got, err)
		}
	}
	for _, body := range []url.Values{complete(), with("_version", ""), with("_version", "-1"), with("_version", "x"), with("_version", "9223372036854775808")} {
		if _, f := post(t, body); !f.Valid() {
			t.Errorf("%v: got %v", body["_version"], f.Messages(""))
		} else if _, err := f.Version(); !errors.Is(err, form.ErrMalformed) {
			t.Errorf("%v: got %v, want ErrMalformed", body["_version"], err)
		}
	}
	f := form.New(&Everything{})
	f.SetVersion(3)
	if got, err := f.Version(); got != 3 || err != nil {
		t.Errorf("set: got %d, %v", got, err)
	}
}

func TestForm_KeyIsAlwaysAUUID(t *testing.T) {
	const key = "0190163d-8694-739b-aea5-966c26f8ad91"
	if _, f := post(t, with("_key", strings.ToUpper(key))); f.Key() != key {
		t.Errorf("got %q, want %q", f.Key(), key)
	}
	for _, typed := range []string{"", "../../etc/passwd", "x"} {
		_, f := post(t, with("_key", typed))
		if _, err := uuid.Parse(f.Key()); err != nil {
			t.Errorf("%q: got key %q", typed, f.Key())
		}
		before := f.Key()
		if f.Renew(); f.Key() == before {
			t.Error("the key is not renewed")
		}
	}
}

func TestForm_AddPutsMessagesWhereTheyBelong(t *testing.T) {
	f := form.New(&Everything{})
	f.Add("color", "is rude")
	f.Add("color", "is loud")
	f.Add("color", "is rude")
	f.Add("elsewhere", "Something else is wrong")
	if diff := cmp.Diff([]string{"Colour is rude", "Colour is loud"}, f.Messages("color")); diff != "" {
		t.Errorf("color (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Something else is wrong"}, f.Messages("")); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

// sum is a state that can be invalid.
type sum struct {
	Total int64 `json:"total" validate:"lte=50"`
}

var sums = ireneo.NewProjection("sums", ireneo.On(func(s *sum, e *Everything, _ time.Time) {
	s.Total += e.Count
	if e.Count == 13 {
		e.Errors().Add("count", "is unlucky")
		e.Errors().Add("lines[0]", "is missing")
	}
}))

var guarded = &ireneo.Stream{Type: "guarded", Purpose: "What may be too much", Consistency: sums}

func TestForm_Take(t *testing.T) {
	log := ireneotest.SQLite(t, ireneo.Config{Streams: []*ireneo.Stream{guarded}})
	for count, want := range map[string]map[string][]string{
		"0":  {"count": {"Count must be greater than 0"}},
		"13": {"count": {"Count is unlucky"}, "": {"Lines[0] is missing"}},
		"60": {"": {"Led to invalid state: Total must be 50 or less"}},
	} {
		ev, f := post(t, with("count", count))
		if err := guarded.In(log).For("1").Append(t.Context(), ev); !errors.Is(err, ireneo.ErrInvalid) {
			t.Fatalf("%s: got %v, want ErrInvalid", count, err)
		}
		f.Take(ev)
		got := map[string][]string{}
		for _, field := range []string{"", "count"} {
			if messages := f.Messages(field); messages != nil {
				got[field] = messages
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || f.Valid() || f.Value("count") != count {
			t.Errorf("%s: messages differ (-want +got):\n%s", count, diff)
		}
	}
	if n, err := guarded.In(log).For("1").Version(t.Context()); n != 0 || err != nil {
		t.Errorf("the stream is at %d, %v: want nothing appended", n, err)
	}
}
