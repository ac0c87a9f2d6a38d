package ireneo_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	ledger "github.com/ireneo-dev/ireneo/app/events"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/store"
)

// decoded are all types of events of these tests and of Ledger.
var decoded = slices.Concat(events, sensorTypes, ledger.All, []ireneo.EventType{
	ireneo.TypeOf[Anything](), ireneo.TypeOf[Filled](), ireneo.TypeOf[Born](), ireneo.TypeOf[bornAt](),
	ireneo.TypeOf[PriceV1](), ireneo.TypeOf[PriceV2](), ireneo.TypeOf[PriceV3](), ireneo.TypeOf[Invoiced](),
})

// Invoiced is an event with lines.
type Invoiced struct {
	ireneo.Event `name:"invoice.sent"`

	Number string `json:"number"`
	To     struct {
		Street, City string
	} `json:"to"`
	Lines  []InvoiceLine     `json:"lines"`
	Labels map[string]string `json:"labels,omitempty"`
	Due    *civil.Date       `json:"due"`
	Paid   bool              `json:"paid"`
	Factor float64           `json:"factor"`
	Answer any               `json:"answer"`
}

// InvoiceLine is what is to be paid.
type InvoiceLine struct {
	Text  string           `json:"text"`
	Price decimal.Decimal  `json:"price"`
	Off   *decimal.Decimal `json:"off,omitempty"`
}

// recorded are events whose payloads are what the fuzz test begins with, and what the
// benchmark decodes.
func recorded() []ireneo.AnyEvent {
	day, off := civil.Date{Year: 2026, Month: 3, Day: 4}, decimal.RequireFromString("0.25")
	return []ireneo.AnyEvent{
		&account.Opened{CustomerID: "c-1", Name: "Käse & Brot", On: day},
		&account.Withdrawn{Amount: 500, Note: "two\nlines", ToID: "a-1", On: day},
		&customer.Registered{Name: "Ana \"A\" <ana>", Email: "ana@example.com", Phone: "1", On: day},
		&debt.Issued{CustomerID: "c-1", Amount: 500_000, InterestRate: decimal.RequireFromString("4.5"), RefinancesID: "d-1", On: day},
		&debt.Settled{On: day},
		&Measured{Value: -17, At: noon.Add(time.Microsecond)},
		&PriceV3{Price: decimal.RequireFromString("123456789012345678901234567890.55"), In: "EUR"},
		&Filled{Tags: map[string]int{"a": 1, "b": 2}, Lines: []string{"x", ""}, Fail: true},
		&Invoiced{
			Number: "2026-17", Lines: []InvoiceLine{{"Work", off, &off}, {"Parts", off, nil}}, Labels: map[string]string{"a": "b"},
			Due: &day, Factor: 1.25, Answer: []any{"x", 1.5, nil},
		},
	}
}

// typeOf is the declared type of an event.
func typeOf(ev ireneo.AnyEvent) ireneo.EventType {
	i := slices.IndexFunc(decoded, func(t ireneo.EventType) bool {
		other, _ := ireneo.Empty(t)
		return reflect.TypeOf(other) == reflect.TypeOf(ev)
	})
	return decoded[i]
}

// recordOf is the record of an event as it was appended.
func recordOf(t testing.TB, typ ireneo.EventType, ev ireneo.AnyEvent) store.Record {
	t.Helper()
	data, errs := ireneo.Encode(typ, ev)
	if len(errs) > 0 {
		t.Fatalf("%T: %v", ev, errs)
	}
	_, version := ireneo.Empty(typ)
	return store.Record{Type: "some.thing", Version: 3, SchemaVersion: version, Data: data}
}

// Stored history is read for ever as encoding/json reads it, whatever stands in it, and written
// as encoding/json writes it.
func FuzzDecode(f *testing.F) {
	for _, ev := range recorded() {
		f.Add(recordOf(f, typeOf(ev), ev).Data)
	}
	f.Add([]byte(`{"Amount":1,"ON":"2026-01-01","note":"\ud800","price":1e5,"lines":[]}`))
	f.Add([]byte(`{"amount":1,"amount":2,"on":"2026-01-01","removed":{"a":[1,"\u00e9"]}}`))
	f.Add([]byte("{\"amount\":9223372036854775808,\"note\":\"\xff\"}"))
	f.Add([]byte(`{"tags":{"a":1,"a":null},"lines":null,"to":{"Street":"x"},"answer":{"b":[]}}`))

	f.Fuzz(func(t *testing.T, data []byte) {
		for _, typ := range decoded {
			empty, version := ireneo.Empty(typ)
			got, gotErr := ireneo.Decode(typ, store.Record{SchemaVersion: version, Data: data})
			want := reflect.New(reflect.TypeOf(empty).Elem())
			wantErr := json.Unmarshal(data, want.Interface())
			if (gotErr == nil) != (wantErr == nil) {
				t.Fatalf("%T: %q: got error %v, want %v", empty, data, gotErr, wantErr)
			}
			if gotErr != nil {
				continue
			}
			reflect.ValueOf(got).Elem().FieldByName("Event").SetZero() // which is no part of the payload
			if !reflect.DeepEqual(got, want.Interface()) {
				t.Errorf("%T: %q: got %s, want %s", got, data, asJSON(got), asJSON(want.Interface()))
			}
			if encoded, _ := ireneo.Encode(typ, got); string(encoded) != asJSON(got) {
				t.Errorf("%T: %q: encoded to %s, want %s", got, data, encoded, asJSON(got))
			}
		}
	})
}

func TestDecode_GivesBackWhatWasEncoded(t *testing.T) {
	for _, want := range recorded() {
		r := recordOf(t, typeOf(want), want)
		for _, data := range []string{string(r.Data), `{"removed":{"a":[1]},` + string(r.Data[1:]), ` {` + "\n\t" + string(r.Data[1:])} {
			r.Data = []byte(data)
			got, err := ireneo.Decode(typeOf(want), r)
			must(t, err)
			if !got.Persisted() || got.Version() != 3 || got.Errors() == nil {
				t.Errorf("%T does not know its record", got)
			}
			reflect.ValueOf(got).Elem().FieldByName("Event").SetZero()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%T: %s: got %s, want %s", got, data, asJSON(got), asJSON(want))
			}
		}
	}
}

// asJSON is what encoding/json makes of an event.
func asJSON(ev any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ev); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(b.String(), "\n")
}
