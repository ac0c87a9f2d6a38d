package payload

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// issued is what most events look like.
type issued struct {
	Unseen

	CustomerID string          `json:"customer_id"`
	Amount     int64           `json:"amount"`
	Rate       decimal.Decimal `json:"rate"`
	Fee        *decimal.Decimal
	On         civil.Date `json:"on,omitzero"`
	At         time.Time  `json:"at"`
	Note       string     `json:"note,omitempty"`
	ID         uuid.UUID  `json:"id"`
	Signed     bool       `json:"signed"`
	Größe      float64    `json:"größe"`
	Skipped    string     `json:"-"`
}

// Unseen is embedded as ireneo.Event is.
type Unseen struct{ known *int } //nolint:unused // JSON must not see it

// invoiced is what events look like that have lines.
type invoiced struct {
	Common

	Address struct{ Street, City string } `json:"address"`
	Lines   []line                        `json:"lines"`
	Labels  map[kind]string               `json:"labels"`
	Shares  map[string]*line              `json:"shares"`
	Small   int8                          `json:"small"`
	Count   uint16                        `json:"count"`
	Ratio   float32                       `json:"ratio"`
	Maybe   *bool                         `json:"maybe"`
	Names   [][]string                    `json:"names"`
	Parent  *invoiced                     `json:"parent"`
	For     time.Duration                 `json:"for"`
}

// Common is embedded in other structs.
type Common struct {
	By   string `json:"by"`
	Kind kind   `json:"kind"`
}

type kind string

type line struct {
	Text  string `json:"text"`
	Price int    `json:"price,omitempty"`
}

// odd has what is left to encoding/json, value by value.
type odd struct {
	Bytes  []byte          `json:"bytes"`
	Array  [2]int          `json:"array"`
	Any    any             `json:"any"`
	Raw    json.RawMessage `json:"raw"`
	Number json.Number     `json:"number"`
	Twice  **int           `json:"twice"`
	Places map[int]string  `json:"places"`
	Dates  map[civil.Date]int
	Loud   loud  `json:"loud"`
	Louder *loud `json:"louder"`
	Hooks  []loud
	Error  error `json:"error"`
}

// loud shows what it was called with.
type loud struct{ heard string }

// MarshalJSON writes what was heard, JSON or not.
func (l *loud) MarshalJSON() ([]byte, error) {
	if l.heard == "no" {
		return nil, errors.New("heard no")
	}
	return []byte(cmp.Or(l.heard, "[ ]")), nil
}

func (l *loud) UnmarshalJSON(data []byte) error {
	l.heard += string(data)
	if strings.Contains(l.heard, "no") {
		return fmt.Errorf("heard %s", l.heard)
	}
	return nil
}

// quoted numbers, names of two fields, odd names and streams are left to encoding/json, type by type.
type (
	quotes struct {
		A int `json:"a,string"`
	}
	twins struct {
		A int
		B int `json:"A"`
	}
	strange struct {
		A int `json:"a b"`
	}
	pointing struct{ *Common }
	unnamed  struct {
		A struct{ loud } `json:"a"`
	}
)

var types = []reflect.Type{
	reflect.TypeFor[issued](), reflect.TypeFor[invoiced](), reflect.TypeFor[odd](), reflect.TypeFor[quotes](),
	reflect.TypeFor[twins](), reflect.TypeFor[strange](), reflect.TypeFor[pointing](), reflect.TypeFor[unnamed](),
	reflect.TypeFor[loud](), reflect.TypeFor[map[string]any](), reflect.TypeFor[wide](),
}

var codecs = func() map[reflect.Type]*Codec {
	m := map[reflect.Type]*Codec{}
	for _, t := range types {
		m[t] = For(t)
	}
	return m
}()

// wide has more fields than an object here may have.
type wide struct {
	A00, A01, A02, A03, A04, A05, A06, A07, A08, A09, A10, A11, A12, A13, A14, A15, A16, A17, A18, A19, A20, A21 int
	B00, B01, B02, B03, B04, B05, B06, B07, B08, B09, B10, B11, B12, B13, B14, B15, B16, B17, B18, B19, B20, B21 int
	C00, C01, C02, C03, C04, C05, C06, C07, C08, C09, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20, C21 int
}

// documents are payloads, and what is nearly one.
var documents = []string{
	`{"customer_id":"c-1","amount":12500,"rate":"0.0375","Fee":"-1","on":"2026-03-04","at":"2026-03-04T12:30:00.5+02:00","note":"Käse <&> Brot","id":"0197a1b2-0000-7000-8000-000000000001","signed":true,"größe":1.25e2}`,
	`{"by":"ana","kind":"x","address":{"Street":"Hauptstr. 1","City":"Wien"},"lines":[{"text":"Work","price":1},{"text":""}],"labels":{"a":"b","c":"d"},"shares":{"a":{"text":"t"},"b":null},"small":-128,"count":65535,"ratio":0.1,"maybe":false,"names":[["a"],[],null],"parent":{"by":"bo","parent":null},"for":5}`,
	`{"bytes":"AQI=","array":[1,2],"any":{"a":[1,null,"x"]},"raw":{"b" : [true]},"number":12.50,"twice":1,"places":{"1":"a"},"Dates":{"2026-01-01":1},"loud":[1, 2],"louder":"a\n","Hooks":[null,1,"x"],"error":null}`,
	` { "amount" : 1 ,` + "\n\t\r" + ` "removed" : { "a" : [ "\u00e9}" , 1.5e-3 ] } , "note" : "two\nlines" } `,
	`{}`, `null`, ` null `, `[]`, `""`, `1`, ``, ` `, `{`, `{"`, `{"amount"`, `{"amount":`, `{"amount":1`, `{"amount":1,`, `{"amount":1,}`, `{,}`, `{"amount":1}}`, `{"amount":1} x`, "\ufeff{}",
	`{"Amount":1}`, `{"AMOUNT":1,"amount":2}`, `{"amount":1,"amount":2}`, `{"\u0061mount":1}`, `{"ſigned":true}`, `{"größe":1}`, `{"GRÖSSE":1}`, `{"GRÖẞE":1}`, "{\"gr\xffe\":1}",
	`{"amount":1.0}`, `{"amount":1e2}`, `{"amount":01}`, `{"amount":-0}`, `{"amount":-}`, `{"amount":+1}`, `{"amount":9223372036854775807}`, `{"amount":9223372036854775808}`, `{"amount":-9223372036854775808}`, `{"amount":"1"}`, `{"amount":true}`, `{"amount":[]}`, `{"amount":{}}`,
	`{"amount":null,"note":null,"signed":null,"größe":null,"rate":null,"Fee":null,"on":null,"at":null,"id":null}`,
	`{"address":null,"lines":null,"labels":null,"maybe":null,"small":null,"count":null,"ratio":null,"names":null,"kind":null}`,
	`{"lines":[]}`, `{"lines":[],"lines":[{"text":"a"}]}`, `{"lines":[null,{}]}`, `{"lines":[{"text":"a"},]}`, `{"lines":{}}`, `{"lines":[1]}`, `{"lines":[{"text":"a","text":"b"}]}`, `{"lines":"x"}`, `{"lines":nul}`, `{"lines":null1}`,
	`{"labels":{}}`, `{"labels":{"a":"b","a":"c"}}`, `{"labels":{"a":1}}`, `{"labels":{"\u0061":"x","b":"\n"}}`, `{"labels":{"a":"b"},"labels":{"c":"d"}}`, `{"labels":[]}`, `{"shares":{"a":{"text":"x"},"b":{"price":1}}}`, `{"labels":null}`,
	`{"small":128}`, `{"small":-129}`, `{"count":-1}`, `{"count":65536}`, `{"count":1.0}`, `{"ratio":1e39}`, `{"ratio":1e-60}`, `{"größe":1e400}`, `{"größe":-0}`, `{"größe":.5}`, `{"größe":5.}`, `{"größe":1e}`, `{"größe":1e+}`, `{"größe":1E+2}`, `{"größe":"NaN"}`,
	`{"signed":tru}`, `{"signed":truex}`, `{"signed":0}`, `{"note":"a` + "\x00" + `"}`, `{"note":"a` + "\t" + `"}`, "{\"note\":\"\xff\"}", "{\"note\":\"\u2028\ufffd\"}", `{"note":"\ud800"}`, `{"note":"\ud83d\ude00"}`, `{"note":"\u0000"}`, `{"note":"\x"}`, `{"note":"\"}`, `{"note":"\\\""}`, `{"note":"\u00zz"}`,
	`{"removed":"\x"}`, `{"removed":[1,}`, `{"removed":[1,]}`, `{"removed":{"a"}}`, `{"removed":"a"b}`, `{"removed":01}`, `{"removed":nope}`, "{\"removed\":\"\xff\"}", `{"removed":[[[]]]}`, `{"removed":"}"}`, `{"removed":"\"}"}`,
	`{"removed":` + strings.Repeat("[", 1001) + strings.Repeat("]", 1001) + `}`, `{"removed":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`,
	`{"rate":"x"}`, `{"rate":0.1}`, `{"rate":"\u0031"}`, `{"rate":1e5}`, `{"rate":[1]}`, `{"rate":""}`, `{"on":"2026-02-30"}`, `{"on":1}`, `{"on":"\u0032026-01-01"}`, `{"at":"yesterday"}`, `{"at":1}`, `{"id":"x"}`, `{"Fee":"0.10"}`, `{"fee":"1"}`,
	`{"bytes":"!"}`, `{"bytes":[1,2]}`, `{"bytes":null}`, `{"array":[1,2,3]}`, `{"array":[1]}`, `{"any":1e400}`, `{"any":[1,}`, `{"raw":[1,}`, `{"raw":null}`, `{"number":"x"}`, `{"number":"1"}`, `{"twice":null}`, `{"places":{"x":"a"}}`, `{"loud":"no"}`, `{"loud":nope}`, `{"louder":null,"loud":null}`, `{"error":1}`, `{"loud":{"a":[}}`, `{"loud":1,"loud":2}`,
	`{"a":"1"}`, `{"A":1}`, `{"a":1}`, `{"a b":1}`, `{"a":{"x":1}}`, `{"by":1}`, `{"parent":{"parent":{"small":1}}}`, `{"parent":{"parent":{"small":1000}}}`, `{"parent":[]}`, `{"C21":5}`,
}

// FuzzDecode is the promise: whatever is decoded, the value and the error are those of
// encoding/json. And so is what the value is encoded to.
func FuzzDecode(f *testing.F) {
	for _, d := range documents {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, typ := range types {
			got, want := reflect.New(typ).Interface(), reflect.New(typ).Interface()
			given := bytes.Clone(data)
			gotErr, wantErr := codecs[typ].Decode(given, got), json.Unmarshal(data, want)
			if !reflect.DeepEqual(gotErr, wantErr) {
				t.Errorf("%s: %q: got error %v, want %v", typ, data, gotErr, wantErr)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q:\ngot  %+v\nwant %+v", typ, data, got, want)
			}
			if !bytes.Equal(given, data) {
				t.Errorf("%s: %q was changed to %q", typ, data, given)
			}
			wantEncoded(t, want)
		}
	})
}

// FuzzEncode is the same promise for what no JSON is decoded to.
func FuzzEncode(f *testing.F) {
	f.Add("Käse <&> \"Brot\"\n", int64(-12500), 0.1, uint16(1))
	f.Add("\x00\x1f\x7f\t\r\b\f\\/", int64(math.MinInt64), 1e21, uint16(0))
	f.Add("\xff\u2028\u2029\ufffd😀", int64(253402300800), 1e-7, uint16(65535))
	f.Add("no", int64(0), math.Inf(-1), uint16(2))
	f.Add("", int64(2026), 1.0, uint16(10))
	f.Add("", int64(-62135596801), math.Copysign(0, -1), uint16(3))
	f.Fuzz(func(t *testing.T, text string, n int64, float float64, small uint16) {
		fee, yes, one := decimal.New(n, int32(small%20)-10), n%2 == 0, loud{text}
		at := time.Unix(n, int64(small)).In(time.FixedZone("", int(small)*3))
		for _, v := range []any{
			&issued{CustomerID: text, Amount: n, Rate: fee, At: at, Note: text, Größe: float, On: civil.DateOf(at)},
			&issued{On: civil.Date{Year: int(n), Month: time.Month(small % 20), Day: int(small%40) - 2}},
			&issued{Fee: &fee, Signed: yes, ID: uuid.UUID{byte(small)}},
			&invoiced{
				Common: Common{By: text, Kind: kind(text)}, Lines: []line{{text, int(n)}, {}}, Labels: map[kind]string{kind(text): text, "b": ""},
				Shares: map[string]*line{text: {text, 1}, "b": nil}, Small: int8(small), Count: small, Ratio: float32(float), Maybe: &yes,
				Names: [][]string{{text}, {}, nil}, Parent: &invoiced{Common: Common{By: text}}, For: time.Duration(n),
			},
			&odd{
				Bytes: []byte(text), Any: []any{float, text}, Raw: json.RawMessage(text), Number: json.Number(text), Places: map[int]string{int(n): text},
				Loud: one, Louder: &one, Hooks: []loud{{text}, {}}, Error: fmt.Errorf("%s", text),
			},
			&quotes{int(n)}, &twins{int(n), 2}, &strange{int(n)}, &pointing{&Common{By: text}}, &pointing{},
			&unnamed{struct{ loud }{one}}, &map[string]any{text: text}, &wide{A01: int(n)},
		} {
			wantEncoded(t, v)
		}
	})
}

func wantEncoded(t *testing.T, v any) {
	t.Helper()
	got, gotErr := codecs[reflect.TypeOf(v).Elem()].Encode(v)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	wantErr := enc.Encode(v)
	if want := bytes.TrimSuffix(b.Bytes(), []byte("\n")); fmt.Sprint(gotErr) != fmt.Sprint(wantErr) || !bytes.Equal(got, want) {
		t.Errorf("%T: got %s (%v), want %s (%v)", v, got, gotErr, want, wantErr)
	}
}

// What is stored most is not done twice.
func TestCodec_TakesPlainPayloads(t *testing.T) {
	yes, fee := true, decimal.New(-5, -1)
	for _, v := range []any{
		&issued{
			CustomerID: "c-1", Amount: -12500, Rate: decimal.New(375, -4), Fee: &fee, On: civil.Date{Year: 2026, Month: 3, Day: 4},
			At: time.Date(2026, 3, 4, 12, 30, 0, 5000, time.UTC), Note: "Käse <&> Brot, \"gut\"\n", ID: uuid.New(), Signed: true, Größe: 1.5,
		},
		&invoiced{
			Common: Common{By: "ana", Kind: "x"}, Lines: []line{{"Work", 1}, {"", 2}}, Labels: map[kind]string{"a": "b"},
			Shares: map[string]*line{"a": {"x", 1}, "b": nil}, Small: -1, Count: 1, Ratio: 0.1, Maybe: &yes, Names: [][]string{{"a", "b"}, {}},
			Parent: &invoiced{}, For: time.Second,
		},
		&odd{Bytes: []byte("x"), Any: []any{1.5}, Raw: json.RawMessage(`{"a":[1]}`), Number: "1.50", Places: map[int]string{1: "a"}},
	} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		c := For(reflect.TypeOf(v).Elem())
		if c.way.decode == nil {
			t.Errorf("%T is left to encoding/json", v)
			continue
		}
		if end := c.way.decode(data, 0, reflect.New(reflect.TypeOf(v).Elem()).Elem()); end != len(data) {
			t.Errorf("%T: to decode %s is left to encoding/json", v, data)
		}
		if c.way.encode == nil {
			continue // where some field is left to it
		}
		if _, err := c.way.encode(nil, reflect.ValueOf(v).Elem()); err != nil {
			t.Errorf("%T: to encode %s is left to encoding/json", v, data)
		}
	}
}

func TestCodec_EncodesDatesAtTheirEdges(t *testing.T) {
	for _, year := range []int{-1, 0, 9, 99, 999, 1000, 9999, 10000} {
		for _, day := range []int{-1, 0, 1, 9, 10, 31, 99, 100} {
			wantEncoded(t, &issued{On: civil.Date{Year: year, Month: time.Month(day), Day: day}})
		}
	}
}

func TestFor_LeavesToEncodingJSONWhatHasRulesOfItsOwn(t *testing.T) {
	for _, v := range []any{quotes{}, twins{}, strange{}, pointing{}, unnamed{}, wide{}} {
		if For(reflect.TypeOf(v)).way.decode != nil {
			t.Errorf("%T is not left to encoding/json", v)
		}
	}
}
