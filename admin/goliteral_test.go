package admin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
)

// colour is made by nobody else.
type colour struct{ name string }

func (c colour) MarshalText() ([]byte, error) { return []byte(c.name), nil }

type currency string

type item struct {
	Sku    string
	Secret int `sensitive:"true"`
}

// Everything has a field of each kind.
type Everything struct {
	ireneo.Event `name:"test.everything"`

	Text    string
	Empty   string
	Number  int64
	Small   uint8
	Ratio   float64
	Yes     bool
	Money   currency
	At      time.Time
	Price   decimal.Decimal
	UID     uuid.UUID
	Raw     json.RawMessage
	Maybe   *int64
	Word    *string
	When    *time.Time
	Line    *item
	Lines   []item
	Tags    []string
	By      map[string]int
	Any     any
	Colour  colour
	Pin     string `sensitive:"true"`
	private int
}

func TestGoLiteral(t *testing.T) {
	n, word, at := int64(5), "w", time.Date(2026, 3, 1, 12, 0, 0, 5000, time.FixedZone("x", 3600))
	got := goLiteral(&Everything{
		Text: "a \"b\"\n`", Number: -7, Small: 3, Ratio: 0.1, Yes: true, Money: "EUR", At: at, Price: decimal.RequireFromString("1.50"),
		UID: uuid.MustParse("c1b1a1d0-0000-4000-8000-000000000000"), Raw: json.RawMessage(`{}`), Maybe: &n, Word: &word, When: &at,
		Line: &item{Sku: "x", Secret: 3}, Lines: []item{{Sku: "a"}, {}}, Tags: []string{"t"}, By: map[string]int{"b": 2, "a": 1},
		Any: map[string]any{"k": 1.5}, Colour: colour{"red */"}, Pin: "1234", private: 1,
	})
	want := "&admin.Everything{\n" +
		"\tText:   \"a \\\"b\\\"\\n`\",\n" +
		"\tNumber: -7,\n\tSmall:  3,\n\tRatio:  0.1,\n\tYes:    true,\n\tMoney:  \"EUR\",\n" +
		"\tAt:     time.Date(2026, time.March, 1, 11, 0, 0, 5000, time.UTC),\n" +
		"\tPrice:  decimal.RequireFromString(\"1.5\"),\n" +
		"\tUID:    uuid.MustParse(\"c1b1a1d0-0000-4000-8000-000000000000\"),\n" +
		"\tRaw:    json.RawMessage(\"{}\"),\n\tMaybe:  new(int64(5)),\n\tWord:   new(\"w\"),\n" +
		"\tWhen:   new(time.Date(2026, time.March, 1, 11, 0, 0, 5000, time.UTC)),\n" +
		"\tLine: &admin.item{\n\t\tSku: \"x\",\n\t\t// Secret is masked\n\t},\n" +
		"\tLines:  []admin.item{admin.item{Sku: \"a\"}, admin.item{}},\n" +
		"\tTags:   []string{\"t\"},\n\tBy:     map[string]int{\"a\": 1, \"b\": 2},\n\tAny:    map[string]interface{}{\"k\": float64(1.5)},\n" +
		"\tColour: admin.colour{\n\t\t// \"red */\"\n\t},\n\t// Pin is masked\n}"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := goLiteral(&Everything{}); got != "&admin.Everything{}" {
		t.Errorf("got %s", got)
	}
	if got := goLiteral(&Everything{Text: strings.Repeat("x", maxLiteral+1)}); got != "" {
		t.Errorf("%d bytes of Go", len(got))
	}
	if got := goLiteral(&Everything{Any: nested(50)}); got != "" {
		t.Errorf("got %s", got)
	}
}

// nested is a list in a list in a list.
func nested(depth int) any {
	if depth == 0 {
		return "x"
	}
	return []any{nested(depth - 1)}
}
