package lossless

import (
	"encoding/json"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

type tree struct {
	Left, Right *tree
	Names       []string `json:"names,omitzero"`
}

type hiddenButSpoken struct{ n int }

func (h hiddenButSpoken) MarshalJSON() ([]byte, error)     { return json.Marshal(h.n) }
func (h *hiddenButSpoken) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &h.n) }

type mute struct{ N int }

func (mute) MarshalJSON() ([]byte, error) { return []byte("0"), nil }

type base struct {
	ID    string
	Count int `json:"count,omitempty"`
}

type good struct {
	base

	A      bool
	B      int64   `json:"b,string"`
	C      float32 `json:"c"`
	D      [2]byte
	E      []byte
	F      map[string][]tree
	G      map[int8]*base
	H      map[civil.Date]string
	At     time.Time
	Paid   *time.Time `json:",omitempty"`
	Amount decimal.Decimal
	Key    uuid.UUID
	Raw    json.RawMessage
	Huge   *big.Int
	Own    hiddenButSpoken
	_      int
}

func TestCheck_TakesWhatJSONGivesBack(t *testing.T) {
	if err := Check(reflect.TypeFor[good]()); err != nil {
		t.Error(err)
	}
}

func TestCheck_RefusesWhatItDoesNot(t *testing.T) {
	type unexported struct{ n int } //nolint:unused // it is there to be refused
	type nested struct{ Lines []unexported }
	type leftOut struct {
		N int `json:"-"`
	}
	type anything struct{ V any }
	type marshaler struct{ V json.Marshaler }
	type calls struct{ F func() }
	type sends struct{ C chan int }
	type imaginary struct{ N complex128 }
	type half struct{ M mute }
	type moment struct {
		time.Time
		N int
	}
	type twice struct {
		base
		ID string
	}
	type alike struct {
		A int `json:"B"`
		B int
	}
	type emptied struct {
		L map[string]int `json:"l,omitempty"`
	}
	type pointed struct{ L *[]int }
	type embedded struct{ *tree }
	type keyed struct{ M map[float64]int }
	for typ, want := range map[reflect.Type]string{
		reflect.TypeFor[unexported](): "unexported.n is unexported",
		reflect.TypeFor[nested]():     "nested.Lines[].n is unexported, which JSON leaves out: export it, or give nested methods",
		reflect.TypeFor[leftOut]():    `leftOut.N is tagged json:"-"`,
		reflect.TypeFor[anything]():   "anything.V is of kind interface",
		reflect.TypeFor[marshaler]():  "marshaler.V is of kind interface",
		reflect.TypeFor[calls]():      "calls.F is of kind func",
		reflect.TypeFor[sends]():      "sends.C is of kind chan",
		reflect.TypeFor[imaginary]():  "imaginary.N is of kind complex128",
		reflect.TypeFor[half]():       "half.M has only one of MarshalJSON and UnmarshalJSON",
		reflect.TypeFor[moment]():     "moment embeds time.Time",
		reflect.TypeFor[twice]():      `twice.base.ID and twice.ID are both called "ID"`,
		reflect.TypeFor[alike]():      `alike.A and alike.B are both called "B"`,
		reflect.TypeFor[emptied]():    "emptied.L is a map with omitempty",
		reflect.TypeFor[pointed]():    "pointed.L is a pointer to a slice",
		reflect.TypeFor[embedded]():   "embedded.tree is an embedded pointer",
		reflect.TypeFor[keyed]():      "keyed.M has keys of type float64",
	} {
		if err := Check(typ); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", typ, err, want)
		}
	}
}
