package form_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
)

func TestDecode_Accepts(t *testing.T) {
	noon := time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		field, typed string
		get          func(*Everything) any
		want         any
	}{
		{"name", "  Ana Sousa ", func(e *Everything) any { return e.Name }, "Ana Sousa"},
		{"email", "ana@example.com", func(e *Everything) any { return e.Email }, "ana@example.com"},
		{"story", "  one\r\n two\n", func(e *Everything) any { return e.Story }, "  one\n two\n"},
		{"story", " \r\n ", func(e *Everything) any { return e.Story }, ""},
		{"site", "", func(e *Everything) any { return e.Site }, ""},
		{"color", "deep blue", func(e *Everything) any { return e.Color }, "deep blue"},
		{"level", "2", func(e *Everything) any { return e.Level }, 2},
		{"count", " -42 ", func(e *Everything) any { return e.Count }, int64(-42)}, // gt is the event's business
		{"count", "9223372036854775807", func(e *Everything) any { return e.Count }, int64(math.MaxInt64)},
		{"small", "-128", func(e *Everything) any { return e.Small }, int8(-128)},
		{"natural", "65535", func(e *Everything) any { return e.Natural }, uint16(65535)},
		{"natural", "-0", func(e *Everything) any { return e.Natural }, uint16(0)},
		{"share", "0.5", func(e *Everything) any { return e.Share }, 0.5},
		{"amount", " 1,234.56 ", func(e *Everything) any { return e.Amount }, int64(123456)},
		{"amount", "92,233,720,368,547,758.07", func(e *Everything) any { return e.Amount }, int64(math.MaxInt64)},
		{"rate", "4.250", func(e *Everything) any { return e.Rate }, decimal.RequireFromString("4.25")},
		{"agreed", "yes", func(e *Everything) any { return e.Agreed }, true},
		{"agreed", "on", func(e *Everything) any { return e.Agreed }, true},
		{"agreed", "false", func(e *Everything) any { return e.Agreed }, false},
		{"on", "2026-01-31", func(e *Everything) any { return e.On }, civil.Date{Year: 2026, Month: 1, Day: 31}},
		{"at", "2026-01-31T14:30", func(e *Everything) any { return e.At }, noon},
		{"at", "2026-01-31 14:30:00", func(e *Everything) any { return e.At }, noon},
		{"at", "2026-01-31T15:30:00+01:00", func(e *Everything) any { return e.At }, noon},
		{"ref", "0190163d-8694-739b-aea5-966c26f8ad91", func(e *Everything) any { return e.Ref }, uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")},
		{"nick", " ", func(e *Everything) any { return e.Nick }, (*string)(nil)},
		{"nick", "Bo", func(e *Everything) any { return e.Nick }, ptr("Bo")},
		{"maybe_int", "", func(e *Everything) any { return e.MaybeInt }, (*int)(nil)},
		{"maybe_int", "0", func(e *Everything) any { return e.MaybeInt }, ptr(0)},
		{"maybe_pay", "", func(e *Everything) any { return e.MaybePay }, (*int64)(nil)},
		{"maybe_pay", "0.01", func(e *Everything) any { return e.MaybePay }, ptr(int64(1))},
		{"maybe_dec", "", func(e *Everything) any { return e.MaybeDec }, (*decimal.Decimal)(nil)},
		{"maybe_dec", "1.5", func(e *Everything) any { return e.MaybeDec }, ptr(decimal.RequireFromString("1.5"))},
		{"maybe_yes", "", func(e *Everything) any { return e.MaybeYes }, (*bool)(nil)},
		{"maybe_yes", "no", func(e *Everything) any { return e.MaybeYes }, ptr(false)},
		{"maybe_on", "", func(e *Everything) any { return e.MaybeOn }, (*civil.Date)(nil)},
		{"maybe_on", "2026-01-31", func(e *Everything) any { return e.MaybeOn }, ptr(civil.Date{Year: 2026, Month: 1, Day: 31})},
		{"maybe_at", "", func(e *Everything) any { return e.MaybeAt }, (*time.Time)(nil)},
		{"maybe_at", "2026-01-31T14:30", func(e *Everything) any { return e.MaybeAt }, &noon},
	} {
		t.Run(tt.field+"/"+tt.typed, func(t *testing.T) {
			ev, f := post(t, with(tt.field, tt.typed))
			if diff := cmp.Diff(tt.want, tt.get(ev)); diff != "" {
				t.Errorf("value differs (-want +got):\n%s", diff)
			}
			if !f.Valid() || f.Value(tt.field) != tt.typed {
				t.Errorf("got messages %v, value %q, want none and %q", f.Messages(tt.field), f.Value(tt.field), tt.typed)
			}
			if diff := cmp.Diff(ev, f.Event(), cmpopts.IgnoreTypes(ireneo.Event{}), cmpopts.IgnoreUnexported(Everything{})); diff != "" {
				t.Errorf("Event makes another (-decoded +event):\n%s", diff)
			}
		})
	}
}

// refused is what is said of each field, by what was typed.
var refused = map[string]map[string]string{
	"name":      {"a\x00b": "Name must not contain the character U+0000", "a\xffb": "Name is not valid text (UTF-8)"},
	"story":     {"\x00": "Story must not contain the character U+0000"},
	"color":     {"": "Colour is required", "mauve": "Colour must be one of red, dark_green, deep blue"},
	"level":     {"4": "Level must be one of 1, 2, 3"},
	"count":     {"": "Count is required", "ten": "Count must be a whole number such as 42", "1e3": "Count must be a whole number such as 42", "1.0": "Count must be a whole number such as 42", "٤": "Count must be a whole number such as 42", "9223372036854775808": "Count is too large", "-9223372036854775809": "Count is too small"},
	"small":     {"128": "Small is too large", "-129": "Small is too small"},
	"natural":   {"-1": "Natural must not be negative", "65536": "Natural is too large", "x": "Natural must be a whole number such as 42"},
	"share":     {"NaN": "Share must be a number such as 4.25", strings.Repeat("9", 400): "Share is too large"},
	"amount":    {"": "Amount is required", "ten": "Amount must be an amount such as 1,234.56", "92,233,720,368,547,758.08": "Amount is too large"},
	"rate":      {"": "Rate is required", "1e999999999": "Rate must be a number such as 4.25", "1.123456789": "Rate must have at most 12 digits before the point and 8 after it"},
	"agreed":    {"maybe": "Agreed must be yes or no"},
	"on":        {"": "Date is required", "31.1.2026": "Date must be a date such as 2026-01-31", "2026-02-30": "Date must be a date such as 2026-01-31", "1899-12-31": "Date must be between the years 1900 and 2199"},
	"at":        {"": "Moment is required", "noon": "Moment must be a date and time such as 2026-01-31 14:30", "2200-01-01T00:00": "Moment must be between the years 1900 and 2199"},
	"ref":       {"x": "Ref must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91"},
	"maybe_int": {"x": "Maybe int must be a whole number such as 42"},
	"maybe_pay": {"x": "Maybe pay must be an amount such as 1,234.56"},
	"maybe_yes": {"x": "Maybe yes must be yes or no"},
	"maybe_on":  {"x": "Maybe on must be a date such as 2026-01-31"},
}

func TestDecode_Refuses(t *testing.T) {
	for field, cases := range refused {
		for typed, want := range cases {
			t.Run(field+"/"+typed, func(t *testing.T) {
				_, f := post(t, with(field, typed))
				if diff := cmp.Diff([]string{want}, f.Messages(field)); diff != "" {
					t.Errorf("messages differ (-want +got):\n%s", diff)
				}
				kept := strings.NewReplacer("\x00", "\uFFFD", "\xff", "\uFFFD").Replace(typed)
				if f.Valid() || len(f.Messages("")) > 0 || f.Value(field) != kept {
					t.Errorf("valid %v, form says %v, value %q, want %q kept", f.Valid(), f.Messages(""), f.Value(field), kept)
				}
			})
		}
	}
}

func TestDecode_SetsNothingElse(t *testing.T) {
	ev := &Everything{Source: "import", Place: 7, Actor: "us", Natural: 3}
	f, err := form.Decode(request(urlencoded, complete().Encode()), ev)
	if err != nil || !f.Valid() {
		t.Fatal(f, err)
	}
	if ev.Source != "import" || ev.Place != 7 || ev.Actor != "us" {
		t.Errorf("fields that are not the form's have changed: %q, %d, %q", ev.Source, ev.Place, ev.Actor)
	}
	if ev.Name != "Ana" || ev.Amount != 100 || ev.Natural != 0 {
		t.Errorf("got %q, %d, %d, want the body's values, and zero for what was not sent", ev.Name, ev.Amount, ev.Natural)
	}
}

func TestDecode_FieldsThatDoNotBelong(t *testing.T) {
	long := strings.Repeat("a", 100)
	for name, want := range map[string]string{
		"unknown": "This form has no such field: unknown",
		"Name":    "This form has no such field: Name",
		"Secret":  "This form has no such field: Secret",
		"source":  "This form has no such field: source",
		"private": "This form has no such field: private",
		"lines":   "This form has no such field: lines",
		"Event":   "This form has no such field: Event",
		"who":     "This form has no such field: who",
		long:      "This form has no such field: " + long[:40] + "…",

		"position": "This cannot be set by a form: position", "version": "This cannot be set by a form: version",
		"actor": "This cannot be set by a form: actor", "stream_id": "This cannot be set by a form: stream_id",
		"occurred_at": "This cannot be set by a form: occurred_at", "recorded_at": "This cannot be set by a form: recorded_at",
		"meta": "This cannot be set by a form: meta", "_method": "This cannot be set by a form: _method",
	} {
		ev, f := post(t, with(name, "1"))
		if diff := cmp.Diff([]string{want}, f.Messages("")); diff != "" || f.Valid() {
			t.Errorf("%s: messages differ (-want +got):\n%s", name, diff)
		}
		if ev.Place != 0 || ev.Actor != "" || ev.Source != "" {
			t.Errorf("%s: it was bound", name)
		}
	}
}

func TestDecode_RepeatedFields(t *testing.T) {
	for _, name := range []string{"name", "_version", "_key", "unknown"} {
		_, f := post(t, with(name, "1", "2"))
		want := "This field was sent more than once: " + name
		if f.Valid() || !strings.Contains(strings.Join(f.Messages(""), " "), want) {
			t.Errorf("%s: got %v, want %q", name, f.Messages(""), want)
		}
	}
}

func TestDecode_Bounds_Messages(t *testing.T) {
	body := complete()
	for _, c := range "abcdefghijklmnop" {
		body.Set(string(c), "")
	}
	if _, f := post(t, body); len(f.Messages("")) != 5 {
		t.Errorf("got %d messages, want 5", len(f.Messages("")))
	}
}

type wrongTag struct {
	ireneo.Event `name:"test.wrong"`
	On           civil.Date `json:"on" form:"money"`
}

type sameKey struct {
	ireneo.Event `name:"test.same"`
	A            string
	B            string `json:"a"`
}

func TestDecode_MistakesInTags(t *testing.T) {
	for want, ev := range map[string]ireneo.AnyEvent{
		`field On: tag form:"money" does not fit a civil.Date`: &wrongTag{},
		"two fields have the JSON key a":                       &sameKey{},
	} {
		if _, err := form.Decode(request(urlencoded, ""), ev); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if err := form.New(ev).Field("b").Render(t.Context(), &strings.Builder{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("shown: got %v, want %q", err, want)
		}
	}
}

// The event says itself that a text is missing, and the form where it is not asked.
func TestDecode_MissingText(t *testing.T) {
	if _, f := post(t, with("name", " ")); !f.Valid() {
		t.Errorf("got %v, want it left to the event", f.Messages("name"))
	}
	body := with("name")
	body.Set("amount", "ten")
	_, f := post(t, body)
	if diff := cmp.Diff([]string{"Name is required"}, f.Messages("name")); diff != "" {
		t.Errorf("messages differ (-want +got):\n%s", diff)
	}
}

func TestDecode_LeavesTheServersTokenAlone(t *testing.T) {
	if _, f := post(t, with("_token", "abc")); !f.Valid() {
		t.Errorf("got messages %v", f.Messages(""))
	}
}
