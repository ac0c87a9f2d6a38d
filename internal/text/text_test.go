package text

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

type doc struct {
	Text string          `json:"text"`
	Raw  json.RawMessage `json:"raw,omitempty"`
}

func TestCheck_TellsEscapesFromTextThatLooksLikeOne(t *testing.T) {
	for name, tt := range map[string]struct {
		data string
		want bool
	}{
		"plain":                   {`{"a":"b"}`, false},
		"escaped backslash":       {`{"a":"\\u0000"}`, false},
		"escaped NUL":             {`{"a":"\\\u0000"}`, true},
		"surrogate pair":          {`{"a":"\ud83d\ude00"}`, false},
		"two pairs":               {`{"a":"\ud83d\ude00\uD83D\uDE00"}`, false},
		"lone high":               {`{"a":"\ud83d x"}`, true},
		"lone high at the end":    {`{"a":"\ud83d"}`, true},
		"lone low":                {`{"a":"\ude00"}`, true},
		"replacement, as written": {"{\"a\":\"\ufffd\\ud83d\\ude00\"}", false},
		"replacement, escaped":    {`{"a":"\ufffd"}`, true},
		"invalid bytes":           {"{\"a\":\"\xff\"}", true},
	} {
		if got := len(Check([]byte(tt.data), nil)) > 0; got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

// code encodes itself as text.
type code struct{ bytes string }

func (c *code) MarshalText() ([]byte, error) { return []byte(c.bytes), nil }

func TestCheck_NamesTheField(t *testing.T) {
	type order struct {
		Code  code            `json:"code"`
		Codes map[string]code `json:"codes"`
		Maybe *code           `json:"maybe"`
		Any   any             `json:"any"`
		Note  string          `json:"note"`
	}
	for name, tt := range map[string]struct {
		v    order
		want string
	}{
		"clean":                          {order{Code: code{"a"}, Note: "b"}, ""},
		"replacement character, given":   {order{Code: code{"\ufffd"}, Note: "\ufffd"}, ""},
		"invalid bytes":                  {order{Note: "\xff"}, "note"},
		"invalid bytes of a type's own":  {order{Code: code{"\xff"}}, "code"},
		"invalid bytes behind a pointer": {order{Maybe: &code{"\xff"}}, "maybe"},
		"invalid bytes in an interface":  {order{Any: &code{"\xff"}}, "any"},
	} {
		data, err := json.Marshal(&tt.v)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range Check(data, &tt.v) {
			got += p.Field
		}
		if got != tt.want {
			t.Errorf("%s: %s: got a problem with %q, want %q", name, data, got, tt.want)
		}
	}
}

// FuzzCheck holds the promise: what is accepted comes back the same.
func FuzzCheck(f *testing.F) {
	f.Add("plain", `"x"`)
	f.Add("\xff", `{}`)
	f.Add("\ufffd", `"\ufffd"`)
	f.Add("a\x00", `{"k":"\ud800"}`)
	f.Add("\xff\\u0000", `["\\\u0000"]`)
	f.Fuzz(func(t *testing.T, text, raw string) {
		in := doc{Text: text}
		if json.Valid([]byte(raw)) {
			in.Raw = json.RawMessage(raw)
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(in); err != nil {
			t.Skip()
		}
		if len(Check(bytes.TrimSpace(b.Bytes()), &in)) > 0 {
			if utf8.ValidString(text) && !strings.ContainsRune(text, 0) && in.Raw == nil {
				t.Errorf("%q is refused", text)
			}
			return
		}
		var out doc
		if err := json.Unmarshal(b.Bytes(), &out); err != nil || out.Text != in.Text {
			t.Errorf("%q came back as %q (%v)", in.Text, out.Text, err)
		}
		if strings.ContainsRune(out.Text, 0) {
			t.Errorf("%q was accepted", in.Text)
		}
	})
}
