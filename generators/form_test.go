package generators_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/generators"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/events/sample"
)

// decode posts fields to the generated event that has one of each type.
func decode(t *testing.T, fields url.Values) (*sample.Taken, *form.Form) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	ev := &sample.Taken{}
	f, err := form.Decode(r, ev)
	if err != nil {
		t.Fatal(err)
	}
	return ev, f
}

// What the table of types says of forms is what forms do.
func TestTypes_AreWhatFormsTake(t *testing.T) {
	fields, err := generators.ParseFields(everyType)
	if err != nil {
		t.Fatal(err)
	}
	all := url.Values{}
	for _, f := range fields {
		if f.Posted() != "" {
			all.Set(f.Name.Snake, f.Posted())
		}
	}
	ev, answer := decode(t, all)
	if !answer.Valid() {
		t.Error("the samples are refused")
	}
	text, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.Posted() != "" && string(got[f.Name.Snake]) != f.Wire() {
			t.Errorf("%s: posting %q gives %s, want %s", f.Name.Snake, f.Posted(), got[f.Name.Snake], f.Wire())
		}
	}
}

func TestTypes_AreWhatFormsRefuse(t *testing.T) {
	fields, err := generators.ParseFields(everyType)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		typed, want := f.Mistyped()
		if typed == "" {
			continue
		}
		_, answer := decode(t, url.Values{f.Name.Snake: {typed}})
		if diff := cmp.Diff([]string{want}, answer.Messages(f.Name.Snake)); diff != "" {
			t.Errorf("%s: messages differ (-want +got):\n%s", f.Name.Snake, diff)
		}
	}
	_, answer := decode(t, url.Values{"extra": {"{}"}})
	contains(t, strings.Join(answer.Messages(""), "\n"), "This form has no such field: extra")
}
