package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/ireneo-dev/ireneo/internal/text"
)

// maxDepth bounds objects and arrays within each other. Events have none that a form
// fills in; this is how deep a mistake may be and still get a message of its own.
const maxDepth = 32

// readJSON gives the members of a JSON object in their order, repeated ones included.
func readJSON(body []byte) ([]sent, error) {
	switch {
	case !utf8.Valid(body):
		return nil, fmt.Errorf("%w: JSON is not UTF-8", ErrMalformed)
	case depth(body) > maxDepth:
		return nil, fmt.Errorf("%w: JSON is nested too deeply", ErrMalformed)
	}

	dec := json.NewDecoder(bytes.NewReader(body))
	if begin, err := dec.Token(); err != nil || begin != json.Delim('{') {
		return nil, fmt.Errorf("%w: no JSON object", errors.Join(ErrMalformed, err))
	}
	var fields []sent
	for dec.More() {
		s, err := readMember(dec)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		fields = append(fields, s)
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the JSON object", ErrMalformed)
	}
	return fields, nil
}

func readMember(dec *json.Decoder) (sent, error) {
	name, err := dec.Token()
	if err != nil {
		return sent{}, err
	}
	var value json.RawMessage
	if err := dec.Decode(&value); err != nil {
		return sent{}, err
	}

	s := sent{name: name.(string), text: string(value)} // the decoder takes only text for a name
	switch value[0] {
	case '"':
		err = json.Unmarshal(value, &s.text)
		s.broken = len(text.Check(value, nil)) > 0 && !bytes.ContainsRune([]byte(s.text), 0)
	case '{', '[':
		s.literal = nested
	case 't', 'f':
		s.literal = boolean
	case 'n':
		s.text = ""
	default:
		s.literal = number
	}
	return s, err
}

// depth is how deep brackets outside of texts go, whether they match or not.
func depth(body []byte) int {
	deepest, now, inText := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
