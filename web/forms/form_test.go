package forms_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/web/forms"
)

func read(t *testing.T, fields url.Values) *forms.Form {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/?amount=666", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	f, err := forms.Read("test", r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestForm_Values(t *testing.T) {
	f := read(t, url.Values{"amount": {" 1,234.56 "}, "rate": {"4.250"}, "on": {"2026-01-31"}, "note": {"  hi  "}, "version": {"7"}})
	if got := f.Money("amount", "Amount"); got != 123456 {
		t.Errorf("amount: got %d", got)
	}
	if got := f.Decimal("rate", "Rate"); got.String() != "4.25" {
		t.Errorf("rate: got %s", got)
	}
	if got := f.Date("on", "Date"); got != (civil.Date{Year: 2026, Month: 1, Day: 31}) {
		t.Errorf("date: got %s", got)
	}
	if got := f.Text("note", "Note"); got != "hi" {
		t.Errorf("note: got %q", got)
	}
	if got, err := f.Version(); got != 7 || err != nil {
		t.Errorf("version: got %d, %v", got, err)
	}
	if !f.Valid() || f.Value("amount") != " 1,234.56 " {
		t.Errorf("valid %v, amount is kept as %q", f.Valid(), f.Value("amount"))
	}
}

func TestForm_Messages(t *testing.T) {
	for typed, want := range map[string][3]string{
		"":           {"Amount is required", "Rate is required", "Date is required"},
		"x":          {"Amount must be an amount such as 1,234.56", "Rate must be a number such as 4.25", "Date must be a date such as 2026-01-31"},
		"1e9":        {"Amount must be an amount such as 1,234.56", "Rate must be a number such as 4.25", "Date must be a date such as 2026-01-31"},
		"2026-02-30": {"Amount must be an amount such as 1,234.56", "Rate must be a number such as 4.25", "Date must be a date such as 2026-01-31"},
		"1899-12-31": {"Amount must be an amount such as 1,234.56", "Rate must be a number such as 4.25", "Date must be between the years 1900 and 2199"},
	} {
		f := read(t, url.Values{"amount": {typed}, "rate": {typed}, "on": {typed}})
		f.Money("amount", "Amount")
		f.Decimal("rate", "Rate")
		f.Date("on", "Date")
		got := [3][]string{f.Messages("amount"), f.Messages("rate"), f.Messages("on")}
		if diff := cmp.Diff([3][]string{{want[0]}, {want[1]}, {want[2]}}, got); diff != "" {
			t.Errorf("%q: messages differ (-want +got):\n%s", typed, diff)
		}
	}
}

func TestForm_AddPutsMessagesWhereTheyBelong(t *testing.T) {
	f := forms.New("test", nil)
	f.Text("note", "Note")
	f.Add("note", "is rude")
	f.Add("note", "is long")
	f.Add("note", "is rude")
	f.Add("elsewhere", "Something else is wrong")
	if diff := cmp.Diff([]string{"Note is rude", "Note is long"}, f.Messages("note")); diff != "" {
		t.Errorf("note (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Something else is wrong"}, f.Messages("")); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestForm_KeyIsAlwaysOne(t *testing.T) {
	f := read(t, url.Values{"key": {"../../etc/passwd"}})
	if len(f.Key()) != 36 || strings.Contains(f.Key(), "/") {
		t.Errorf("got key %q", f.Key())
	}
	before := f.Key()
	if f.Renew(); f.Key() == before {
		t.Error("the key is not renewed")
	}
}
