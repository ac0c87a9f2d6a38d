package validation

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

type line struct {
	Amount int64 `json:"amount" validate:"gt=0"`
}

type loan struct {
	Customer     string           `json:"customer" validate:"required,max=5"`
	Amount       int64            `json:"amount" validate:"gt=0"`
	InterestRate decimal.Decimal  `json:"interest_rate" validate:"gte=0,lte=0.3"`
	Discount     *decimal.Decimal `json:"discount" validate:"omitempty,lt=1"`
	Lines        []line           `json:"lines" validate:"dive"`
	Color        string           `validate:"omitempty,hexcolor"`
	Odd          string           `validate:"omitempty,mongodb"`
	Due          string           `json:"due_on" label:"Due date, please" validate:"omitempty,len=3"`
}

func ok() loan { return loan{Customer: "Ana", Amount: 1, Color: "#fff"} }

func TestStruct_SaysWhatIsWrong(t *testing.T) {
	half := decimal.RequireFromString("1.5")
	for name, tt := range map[string]struct {
		change func(*loan)
		want   []Problem
	}{
		"nothing":          {func(*loan) {}, nil},
		"missing":          {func(l *loan) { l.Customer = "" }, []Problem{{"customer", "Customer is required"}}},
		"too long":         {func(l *loan) { l.Customer = "Anastasia" }, []Problem{{"customer", "Customer must be a maximum of 5 characters in length"}}},
		"money":            {func(l *loan) { l.Amount = 0 }, []Problem{{"amount", "Amount must be greater than 0"}}},
		"decimal":          {func(l *loan) { l.InterestRate = decimal.NewFromInt(-1) }, []Problem{{"interest_rate", "Interest rate must be 0 or greater"}}},
		"optional decimal": {func(l *loan) { l.Discount = &half }, []Problem{{"discount", "Discount must be less than 1"}}},
		"nested":           {func(l *loan) { l.Lines = []line{{1}, {0}} }, []Problem{{"lines[1].amount", "Amount must be greater than 0"}}},
		"no json key":      {func(l *loan) { l.Color = "red" }, []Problem{{"color", "Color must be a valid HEX color"}}},
		"own label":        {func(l *loan) { l.Due = "x" }, []Problem{{"due_on", "Due date, please must be 3 characters in length"}}},
		"no translation":   {func(l *loan) { l.Odd = "x" }, []Problem{{"odd", "Odd does not satisfy mongodb"}}},
	} {
		t.Run(name, func(t *testing.T) {
			l := ok()
			tt.change(&l)
			if diff := cmp.Diff(tt.want, Default().Struct(&l)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStruct_ComparesDecimalsExactly(t *testing.T) {
	l := ok()
	l.InterestRate = decimal.RequireFromString("0.3")
	if got := Default().Struct(&l); got != nil {
		t.Errorf("0.3 is refused: %v", got)
	}
	l.InterestRate = decimal.RequireFromString("0.3000000000000000000001") // equal to 0.3 as a float
	if got := Default().Struct(&l); len(got) != 1 {
		t.Errorf("a decimal just over the limit passes: %v", got)
	}
}

func TestSnakeAndLabel(t *testing.T) {
	for name, want := range map[string][2]string{
		"LastPaidAt": {"last_paid_at", "Last paid at"},
		"OrderID":    {"order_id", "Order id"},
		"URLPath":    {"url_path", "Url path"},
		"A":          {"a", "A"},
	} {
		got := [2]string{Snake(name), Label(Snake(name))}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := Key(reflect.StructField{Name: "Skipped", Tag: `json:"-"`}); got != "skipped" {
		t.Errorf("key of a field kept out of JSON: got %q", got)
	}
}

func BenchmarkStruct(b *testing.B) {
	l := ok()
	l.InterestRate = decimal.RequireFromString("0.05")
	b.ReportAllocs()
	for b.Loop() {
		Default().Struct(&l)
	}
}
