package condition_test

import (
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo/internal/condition"
)

const document = `{
	"amount": 1000, "great": 9007199254740993, "price": "12.50", "name": "Ana Ärger", "on": "2026-03-01", "paid": true,
	"none": null, "customer": {"name": "Bo"}, "lines": [{"amount": 3}, {"amount": 7}], "tags": ["red", "Blue"], "much": 1e400
}`

func TestCondition_Holds(t *testing.T) {
	doc := condition.Decode([]byte(document))
	for _, tt := range []struct {
		path, op, value string
		want            bool
	}{
		{"amount", "=", "1000", true},
		{"amount", "=", "1000.00", true},
		{"amount", "=", "1001", false},
		{"amount", ">", "999", true},
		{"amount", ">", "1000", false},
		{"amount", ">=", "1000", true},
		{"amount", "<", "9999", true}, // as text it would not be
		{"amount", "<=", "999", false},
		{"amount", "<=", "1000", true},
		{"amount", "!=", "1000", false},
		{"amount", "!=", "7", true},
		{"amount", "~", "00", true},
		{"great", "=", "9007199254740993", true},
		{"great", "=", "9007199254740992", false},
		{"price", ">", "9", true},
		{"price", "=", "12.5", true},
		{"name", "=", "Ana Ärger", true},
		{"name", "=", "ana ärger", false},
		{"name", "~", "ärg", true},
		{"name", "~", "ÄRG", true},
		{"name", ">", "999", true}, // text, since it is no number
		{"on", ">=", "2026-03", true},
		{"on", "<", "2026-03", false},
		{"paid", "=", "true", true},
		{"none", "=", "null", true},
		{"customer.name", "=", "Bo", true},
		{"customer", "=", "Bo", false},
		{"customer", "!=", "Bo", true},
		{"name.first", "=", "Ana", false},
		{"lines.amount", "=", "7", true},
		{"lines.amount", ">", "7", false},
		{"lines.amount", "!=", "7", false},
		{"lines.0.amount", "=", "7", false},
		{"lines.1.amount", "=", "7", true},
		{"lines.2.amount", "=", "7", false},
		{"lines.-1.amount", "=", "7", false},
		{"tags", "=", "red", true},
		{"tags", "~", "blue", true},
		{"missing", "=", "", false},
		{"missing", "!=", "x", true},
		{"missing", "<", "x", false},
		{"much", ">", "2", false}, // such a number is compared as text
		{"much", "=", "1e400", true},
	} {
		c, err := condition.New(tt.path, tt.op, tt.value)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Holds(doc); got != tt.want {
			t.Errorf("%s %s %s: got %t, want %t", tt.path, tt.op, tt.value, got, tt.want)
		}
	}
}

func TestNew_Refuses(t *testing.T) {
	for _, path := range []string{"", ".", "a.", ".a", "a..b"} {
		if _, err := condition.New(path, "=", "1"); err == nil {
			t.Errorf("%q is taken for a path", path)
		}
	}
	if _, err := condition.New("a", "==", "1"); err == nil || !strings.Contains(err.Error(), ">=") {
		t.Errorf("got %v", err)
	}
}

func TestContains(t *testing.T) {
	doc := condition.Decode([]byte(document))
	for text, want := range map[string]bool{"ärger": true, "bo": true, "blue": true, "1000": true, "customer": false, "null": true, "purple": false} {
		if got := condition.Contains(doc, text); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, text := range []string{"", "{", "nonsense"} {
		if doc := condition.Decode([]byte(text)); doc != nil {
			t.Errorf("%s: got %v", text, doc)
		}
	}
}
