package mask_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"

	"github.com/ireneo-dev/ireneo/internal/mask"
)

type card struct {
	Number string `json:"number" sensitive:"true"`
	Name   string
	Pin    *int `sensitive:"true"`
}

type base struct {
	Secret string `json:"secret,omitempty" sensitive:"true"`
}

// A struct may be secret as a whole, stand behind several pointers, or under keys that are no text.
func TestJSON_Nested(t *testing.T) {
	type hidden struct {
		*base `sensitive:"true"`
		Plain string
	}
	one := &card{Number: "1"}
	got, err := mask.JSON(&struct {
		Hidden hidden
		Deep   **card
		Keys   map[int]card
		Mixed  map[netip.Addr]any
		Short  [1]card
	}{hidden{&base{"x"}, "p"}, &one, map[int]card{7: {Number: "2"}}, map[netip.Addr]any{netip.MustParseAddr("::1"): []any{card{Number: "3"}, 4}}, [1]card{{Number: "5"}}})
	const masked = `{"Name":"","Pin":"[masked]","number":"[masked]"}`
	want := `{"Deep":` + masked + `,"Hidden":{"Plain":"p","secret":"[masked]"},"Keys":{"7":` + masked + `},"Mixed":{"::1":[` + masked + `,4]},"Short":[` + masked + `]}`
	if string(got) != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

func TestJSON(t *testing.T) {
	pin := 1234
	got, err := mask.JSON(&struct {
		base
		Base   base
		Amount int64 `json:"amount"`
		Card   *card
		Cards  []card
		ByName map[string]card `json:"by_name,omitempty"`
		Any    any
	}{Base: base{"x"}, Amount: 9007199254740993, Card: &card{Number: "1", Name: "me"}, Cards: []card{{Pin: &pin}}, ByName: map[string]card{"a": {Number: "2"}}, Any: card{Number: "3"}})
	want := `{"Any":{"Name":"","Pin":"[masked]","number":"[masked]"},"Base":{"secret":"[masked]"},"Card":{"Name":"me","Pin":"[masked]","number":"[masked]"},` +
		`"Cards":[{"Name":"","Pin":"[masked]","number":"[masked]"}],"amount":9007199254740993,"by_name":{"a":{"Name":"","Pin":"[masked]","number":"[masked]"}}}`
	if string(got) != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if _, err := mask.JSON(struct{ F func() }{}); err == nil {
		t.Error("no error for what has no JSON")
	}
}

// tree has itself as a field, and nothing sensitive.
type tree struct {
	Name     string
	Children []*tree
}

// grove has a secret behind such a one.
type grove struct {
	Tree  tree
	Other map[string][2]card
}

func TestMasks(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  bool
	}{
		{card{}, true},
		{&card{}, true},
		{base{}, true},
		{struct{ base }{}, true},
		{struct{ Cards []*card }{}, true},
		{struct{ ByName map[string][]card }{}, true},
		{struct{ Two [2]card }{}, true},
		{struct {
			Name string `sensitive:"false"`
		}{}, false},
		{struct {
			hidden string `sensitive:"true"`
		}{}, false},
		{struct{ Any any }{}, false},
		{tree{}, false},
		{grove{}, true},
		{struct {
			Trees []tree
			Card  card
		}{}, true},
		{"text", false},
	} {
		if got := mask.Masks(reflect.TypeOf(tt.value)); got != tt.want {
			t.Errorf("%T: got %t", tt.value, got)
		}
	}
}

func TestKnown(t *testing.T) {
	type inner struct {
		Kept int `json:"kept"`
	}
	type outer struct {
		Name   string           `json:"name"`
		Inner  *inner           `json:"inner"`
		List   []inner          `json:"list"`
		Byname map[string]inner `json:"by_name"`
		Free   map[string]any   `json:"free"`
		Off    int              `json:"-"`
		Plain  string
	}
	const text = `{"NAME":"n","plain":"p","Off":1,"pin":"4711","inner":{"kept":1,"pin":2},"list":[{"kept":1,"pin":2}],
		"by_name":{"a":{"pin":2}},"free":{"pin":2}}`
	decode := func() (doc any) {
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		return doc
	}
	for instead, want := range map[any]string{
		nil: `{"NAME":"n","by_name":{"a":{}},"free":{"pin":2},"inner":{"kept":1},"list":[{"kept":1}],"plain":"p"}`,
		"x": `{"NAME":"n","Off":"x","by_name":{"a":{"pin":"x"}},"free":{"pin":2},"inner":{"kept":1,"pin":"x"},"list":[{"kept":1,"pin":"x"}],"pin":"x","plain":"p"}`,
	} {
		got, err := json.Marshal(mask.Known(decode(), reflect.TypeFor[*outer](), instead))
		if string(got) != want || err != nil {
			t.Errorf("instead %v: got  %s, %v\nwant %s", instead, got, err, want)
		}
	}
}
