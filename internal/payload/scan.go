package payload

import (
	"encoding/json"
	"unicode/utf8"
)

// Positions in the data are passed on and returned, rather than kept in something that
// would have to be allocated. This one says that the data is not what was looked for.
const unlike = -1

// space is the position behind white space.
func space(data []byte, at int) int {
	for at < len(data) && (data[at] == ' ' || data[at] == '\n' || data[at] == '\t' || data[at] == '\r') {
		at++
	}
	return at
}

// char is the byte at a position; zero, which no JSON has outside of a string, at the end.
func char(data []byte, at int) byte {
	if at < len(data) {
		return data[at]
	}
	return 0
}

// word is the position behind a literal.
func word(data []byte, at int, literal string) int {
	end := at + len(literal)
	if end > len(data) || string(data[at:end]) != literal {
		return unlike
	}
	return end
}

// text is the position behind a string that stands for itself: without escapes, and
// UTF-8.
func text(data []byte, at int) int {
	if char(data, at) != '"' {
		return unlike
	}
	ascii := true
	for end := at + 1; end < len(data); end++ {
		switch c := data[end]; {
		case c == '"':
			if !ascii && !utf8.Valid(data[at:end]) {
				return unlike
			}
			return end + 1
		case c == '\\' || c < ' ':
			return unlike
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return unlike
}

// number is the position behind a number, and whether it is a whole one without exponent.
func number(data []byte, at int) (end int, whole bool) {
	if char(data, at) == '-' {
		at++
	}
	end = digits(data, at)
	if end == at || data[at] == '0' && end > at+1 {
		return unlike, false
	}
	whole = true
	if char(data, end) == '.' {
		at, whole = end+1, false
		if end = digits(data, at); end == at {
			return unlike, false
		}
	}
	if c := char(data, end); c == 'e' || c == 'E' {
		at, whole = end+1, false
		if c := char(data, at); c == '+' || c == '-' {
			at++
		}
		if end = digits(data, at); end == at {
			return unlike, false
		}
	}
	return end, whole
}

// digits is the position behind digits.
func digits(data []byte, at int) int {
	for at < len(data) && '0' <= data[at] && data[at] <= '9' {
		at++
	}
	return at
}

// open is the position of the first thing between brackets; where there is none, or null
// in their place, it is done, and this is the position behind it.
func open(data []byte, at int, opening, closing byte) (next int, done bool) {
	if char(data, at) != opening {
		return word(data, at, "null"), true
	}
	if at = space(data, at+1); char(data, at) == closing {
		return at + 1, true
	}
	return at, false
}

// further is the position of the next thing between brackets, or that behind the closing
// one, where it is done.
func further(data []byte, at int, closing byte) (next int, done bool) {
	if at == unlike {
		return unlike, true
	}
	switch at = space(data, at); char(data, at) {
	case ',':
		return space(data, at+1), false
	case closing:
		return at + 1, true
	default:
		return unlike, true
	}
}

// member is the name of an object's member, and the position of its value.
func member(data []byte, at int) (name []byte, value int) {
	end := text(data, at)
	if end == unlike {
		return nil, unlike
	}
	name = data[at+1 : end-1]
	if at = space(data, end); char(data, at) != ':' {
		return nil, unlike
	}
	return name, space(data, at+1)
}

// value is the position behind any value, and whether it certainly is JSON. Where it is
// not certain, it is JSON or not.
func value(data []byte, at int) (end int, certain bool) {
	switch c := char(data, at); c {
	case '"':
		if end = text(data, at); end != unlike {
			return end, true
		}
		return quoted(data, at), false
	case 't':
		return word(data, at, "true"), true
	case 'f':
		return word(data, at, "false"), true
	case 'n':
		return word(data, at, "null"), true
	case '{', '[':
		return nested(data, at), false
	default:
		end, _ = number(data, at)
		return end, true
	}
}

// valid is the position behind any value that is JSON.
func valid(data []byte, at int) int {
	end, certain := value(data, at)
	if end != unlike && !certain && !json.Valid(data[at:end]) {
		return unlike
	}
	return end
}

// quoted is the position behind whatever stands between quotes.
func quoted(data []byte, at int) int {
	for at++; at < len(data); at++ {
		switch data[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return unlike
}

// deepest is how deep a value may be nested here. encoding/json goes deeper, to a depth
// that must be counted from the outermost value.
const deepest = 1000

// nested is the position behind the bracket that closes the one here.
func nested(data []byte, at int) int {
	for depth := 0; at < len(data); at++ {
		switch data[at] {
		case '{', '[':
			if depth++; depth > deepest {
				return unlike
			}
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		case '"':
			if at = quoted(data, at); at == unlike {
				return unlike
			}
			at-- // the loop counts on
		}
	}
	return unlike
}
