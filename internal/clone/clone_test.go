package clone

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

type line struct {
	Name string
	Tags []string
}

type order struct {
	Total   int64
	Rate    decimal.Decimal
	PaidAt  *time.Time
	Lines   []line
	ByName  map[string]*line
	Grid    [2][]int
	Parent  *order
	Nothing []int
}

type ownClone struct {
	seen map[string]bool
}

func (o ownClone) Clone() ownClone {
	seen := map[string]bool{}
	for k, v := range o.seen {
		seen[k] = v
	}
	return ownClone{seen: seen}
}

func TestFor_CopiesDeeply(t *testing.T) {
	now := time.Now()
	original := func() *order {
		at := now
		return &order{
			Total: 5, Rate: decimal.NewFromInt(3), PaidAt: &at,
			Lines:  []line{{Name: "a", Tags: []string{"x"}}},
			ByName: map[string]*line{"a": {Name: "a", Tags: []string{"y"}}},
			Grid:   [2][]int{{1}, {2}},
			Parent: &order{Lines: []line{{Name: "p"}}},
		}
	}
	copyOrder, err := For(reflect.TypeFor[order]())
	if err != nil {
		t.Fatal(err)
	}

	src := original()
	got := copyOrder(src).(*order)
	if diff := cmp.Diff(original(), got); diff != "" {
		t.Fatalf("copy differs (-want +got):\n%s", diff)
	}
	if got.Nothing != nil {
		t.Errorf("a nil slice became %#v", got.Nothing)
	}

	*got.PaidAt = now.Add(time.Hour)
	got.Lines[0].Tags[0] = "changed"
	got.ByName["a"].Tags[0] = "changed"
	got.ByName["b"] = nil
	got.Grid[1][0] = 99
	got.Parent.Lines[0].Name = "changed"
	if diff := cmp.Diff(original(), src); diff != "" {
		t.Errorf("changing the copy changed the original (-want +got):\n%s", diff)
	}
}

func TestFor_UsesTheTypesOwnClone(t *testing.T) {
	type state struct{ Seen ownClone }
	copyState, err := For(reflect.TypeFor[state]())
	if err != nil {
		t.Fatal(err)
	}

	src := &state{Seen: ownClone{seen: map[string]bool{"a": true}}}
	got := copyState(src).(*state)
	got.Seen.seen["b"] = true
	if src.Seen.seen["b"] || !got.Seen.seen["a"] {
		t.Errorf("got %v from %v", got.Seen.seen, src.Seen.seen)
	}
}

func TestFor_RefusesWhatItCannotCopy(t *testing.T) {
	type hidden struct {
		seen map[string]bool //nolint:unused // it is there to be refused
	}
	type open struct{ Anything any }
	for _, typ := range []reflect.Type{reflect.TypeFor[hidden](), reflect.TypeFor[open]()} {
		_, err := For(typ)
		if err == nil || !strings.Contains(err.Error(), "give "+typ.Name()+" a method Clone()") {
			t.Errorf("%s: got error %v", typ, err)
		}
	}
}

func BenchmarkFlat(b *testing.B) {
	type flat struct {
		A, B int64
		S    string
		At   time.Time
	}
	copyFlat, err := For(reflect.TypeFor[flat]())
	if err != nil {
		b.Fatal(err)
	}
	src := &flat{A: 1, S: "x"}
	b.ReportAllocs()
	for b.Loop() {
		copyFlat(src)
	}
}
