package subset_test

import (
	"testing"

	"github.com/ireneo-dev/ireneo/internal/subset"
)

func TestS16_Of(t *testing.T) {
	type object = map[string]any
	whole := `{"a": 1, "b": {"c": "x", "d": [1, {"e": null, "f": 2}]}, "g": 12345678901234567890, "h": false}`
	for _, tt := range []struct {
		part any
		want bool
	}{
		{object{}, true},
		{object{"a": 1}, true},
		{object{"a": 1.0}, true},
		{object{"a": 2}, false},
		{object{"a": "1"}, false},
		{object{"z": nil}, false},
		{object{"b": object{"c": "x"}}, true},
		{object{"b": object{"c": "y"}}, false},
		{object{"b": object{"c": object{}}}, false},
		{object{"b": object{"d": []any{1, object{"f": 2}}}}, true},
		{object{"b": object{"d": []any{1, object{"e": nil}}}}, true},
		{object{"b": object{"d": []any{1}}}, false},
		{object{"b": object{"d": []any{object{}, 1}}}, false},
		{object{"b": []any{}}, false},
		{object{"g": uint64(12345678901234567890)}, true},
		{object{"g": uint64(12345678901234567891)}, false},
		{object{"h": false, "a": 1}, true},
		{object{"h": nil}, false},
	} {
		part, err := subset.Normal(tt.part)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := subset.Of(part, []byte(whole)); got != tt.want || err != nil {
			t.Errorf("%v: got %t, %v", tt.part, got, err)
		}
	}
}

func TestOf_RefusesWhatIsNotJSON(t *testing.T) {
	if _, err := subset.Of(nil, []byte("{")); err == nil {
		t.Error("no error")
	}
	if _, err := subset.Normal(func() {}); err == nil {
		t.Error("no error for a function")
	}
}
