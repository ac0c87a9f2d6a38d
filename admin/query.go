package admin

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ireneo-dev/ireneo"
	compare "github.com/ireneo-dev/ireneo/internal/condition"
)

// query is a search of the log as people write it:
//
//	type:debt.issued stream:debt/42 actor:ana amount:>1000 -note:x from:-7d "free text"
//
// A word before a colon says what is compared, in quotes always a field of the payload.
// After it may stand one of != > >= < <= and ~; a dash before it is the same as !=. Quotes
// keep spaces, and within them a backslash keeps quotes. All else is one text with spaces.
type query struct {
	types, streams []string
	from, to       string // as written; see momentOf
	where          []ireneo.Condition
	text           string
}

// metaWords are short names of what is in the meta.
var metaWords = map[string]string{
	"actor":       "meta." + ireneo.ActorKey,
	"correlation": "meta." + ireneo.CorrelationKey,
	"causation":   "meta." + ireneo.CausationKey,
}

// metaKeys are these names in the order of the address.
var metaKeys = []string{"actor", "correlation", "causation"}

// plainWords are the qualifiers that are no fields.
var plainWords = []string{"type", "stream", "from", "to"}

// queryError says where a query cannot be understood, and what would be right.
type queryError struct {
	at   int // in characters, from 1
	text string
}

func (e *queryError) Error() string { return fmt.Sprintf("Character %d: %s", e.at, e.text) }

// parseQuery reads a query.
func parseQuery(text string) (query, error) {
	r := &queryReader{text: strings.ToValidUTF8(text, "\uFFFD")}
	var words []string
	for r.skip(); r.at < len(r.text); r.skip() {
		word, qualifier, err := r.term()
		if err != nil {
			return query{}, err
		}
		if !qualifier {
			words = append(words, word)
		}
	}
	r.query.text = strings.TrimSpace(strings.Join(words, " "))
	return r.query, nil
}

// queryReader reads a query from left to right.
type queryReader struct {
	text  string
	at    int // in bytes
	query query
}

func (r *queryReader) skip() {
	r.at = len(r.text) - len(strings.TrimLeftFunc(r.text[r.at:], unicode.IsSpace))
}

func (r *queryReader) wrong(at int, format string, args ...any) error {
	return &queryError{utf8.RuneCountInString(r.text[:at]) + 1, fmt.Sprintf(format, args...)}
}

// term reads the next word; what qualifies goes into the query.
func (r *queryReader) term() (word string, qualifier bool, err error) {
	begin := r.at
	excluded := r.text[r.at] == '-'
	if excluded {
		r.at++
	}
	word, quoted, err := r.piece(":")
	if err != nil {
		return "", false, err
	}
	if r.at == len(r.text) || r.text[r.at] != ':' {
		if excluded {
			return "", false, r.wrong(begin, "only fields can be left out, as in -note:x. To look for a dash put it in quotes.")
		}
		return word, false, nil
	}
	r.at++
	if word == "" {
		return "", false, r.wrong(begin, "there is no field before the colon. Write amount:5, or put the colon in quotes.")
	}
	return "", true, r.qualify(begin, word, quoted, excluded)
}

// qualify reads what stands after the colon.
func (r *queryReader) qualify(begin int, key string, quoted, excluded bool) error {
	op := "="
	for _, o := range []string{"!=", ">=", "<=", "=", ">", "<", "~"} {
		if strings.HasPrefix(r.text[r.at:], o) {
			op, r.at = o, r.at+len(o)
			break
		}
	}
	before := r.at
	value, _, err := r.piece("")
	switch {
	case err != nil:
		return err
	case r.at == before:
		return r.wrong(begin, "%s has no value. Write %s:x, or %s:\"\" where it is empty.", key, key, key)
	case excluded && op != "=":
		return r.wrong(begin, "a dash and %s do not go together. Write -%s:x or %s:%sx.", op, key, key, op)
	case excluded:
		op = "!="
	}
	if !quoted && slices.Contains(plainWords, key) {
		return r.bound(begin, key, op, value)
	}
	if field := metaWords[key]; field != "" && !quoted {
		key = field
	}
	if _, err := compare.New(strings.TrimPrefix(key, "meta."), op, value); err != nil {
		return r.wrong(begin, "%s.", err.Error())
	}
	r.query.add(ireneo.Condition{Field: key, Op: op, Value: value})
	return nil
}

// bound takes a qualifier that is no field.
func (r *queryReader) bound(begin int, key, op, value string) error {
	if op != "=" || value == "" {
		return r.wrong(begin, "%s is not compared and cannot be left out. Write %s:x.", key, key)
	}
	if err := r.query.restrict(key, value); err != nil {
		return r.wrong(begin, "%s.", err.Error())
	}
	return nil
}

// piece reads up to a space, or one of the characters that stop it, outside of quotes.
func (r *queryReader) piece(stop string) (text string, quoted bool, err error) {
	var b strings.Builder
	open := -1 // where the quotes began
	for r.at < len(r.text) {
		char, size := utf8.DecodeRuneInString(r.text[r.at:])
		switch {
		case char == '"' && open < 0:
			open, quoted = r.at, true
		case char == '"':
			open = -1
		case open >= 0 && char == '\\' && r.at+1 < len(r.text):
			r.at++
			char, size = utf8.DecodeRuneInString(r.text[r.at:])
			b.WriteRune(char)
		case open < 0 && (unicode.IsSpace(char) || strings.ContainsRune(stop, char)):
			return b.String(), quoted, nil
		default:
			b.WriteRune(char)
		}
		r.at += size
	}
	if open >= 0 {
		return "", false, r.wrong(open, "these quotes are not closed.")
	}
	return b.String(), quoted, nil
}

// restrict adds a qualifier that is no field.
func (q *query) restrict(key, value string) error {
	switch key {
	case "type":
		q.types = including(q.types, value)
	case "stream":
		q.streams = including(q.streams, value)
	default:
		return q.restrictTime(key, value)
	}
	if len(q.types)+len(q.streams) > maxNamed {
		return fmt.Errorf("these are more than %d types and streams: take some away, or end a name in * to search for all that begin like it", maxNamed)
	}
	return nil
}

// restrictTime bounds when events were recorded.
func (q *query) restrictTime(key, value string) error {
	bound := &q.from
	if key == "to" {
		bound = &q.to
	}
	if *bound != "" && *bound != value {
		return fmt.Errorf("%s is there twice, as %s and as %s: keep one of them", key, *bound, value)
	}
	*bound = value
	return checkMoment(value)
}

// add adds a condition that is not there yet.
func (q *query) add(c ireneo.Condition) {
	q.where = including(q.where, c)
}

func including[T comparable](list []T, value T) []T {
	if slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}

// queryPart is one term of a query, and the query without it.
type queryPart struct {
	text    string
	without query
}

// parts are the terms of a query in the order in which it is written.
func (q query) parts() []queryPart {
	var all []queryPart
	add := func(text string, without func(rest *query)) {
		rest := q
		without(&rest)
		all = append(all, queryPart{text, rest})
	}
	for i, t := range q.types {
		add(qualifier("type", t), func(rest *query) { rest.types = leaving(q.types, i) })
	}
	for i, s := range q.streams {
		add(qualifier("stream", s), func(rest *query) { rest.streams = leaving(q.streams, i) })
	}
	if q.from != "" {
		add(qualifier("from", q.from), func(rest *query) { rest.from = "" })
	}
	if q.to != "" {
		add(qualifier("to", q.to), func(rest *query) { rest.to = "" })
	}
	for i, c := range q.where {
		add(conditionText(c), func(rest *query) { rest.where = leaving(q.where, i) })
	}
	if q.text != "" {
		add(wordsText(q.text), func(rest *query) { rest.text = "" })
	}
	return all
}

// leaving is a list without one of its elements.
func leaving[T any](list []T, i int) []T { return slices.Delete(slices.Clone(list), i, i+1) }

// String is the query as parseQuery reads it.
func (q query) String() string {
	var words []string
	for _, t := range q.types {
		words = append(words, qualifier("type", t))
	}
	for _, s := range q.streams {
		words = append(words, qualifier("stream", s))
	}
	if q.from != "" {
		words = append(words, qualifier("from", q.from))
	}
	if q.to != "" {
		words = append(words, qualifier("to", q.to))
	}
	for _, c := range q.where {
		words = append(words, conditionText(c))
	}
	if q.text != "" {
		words = append(words, wordsText(q.text))
	}
	return strings.Join(words, " ")
}

// conditionText is a condition as parseQuery reads it.
func conditionText(c ireneo.Condition) string {
	key, dash, op := c.Field, "", c.Op
	for word, field := range metaWords {
		if field == c.Field {
			key = word
		}
	}
	if key == c.Field && (metaWords[key] != "" || slices.Contains(plainWords, key) || strings.HasPrefix(key, "-") || strings.Contains(key, ":") || valueText(key) != key) {
		key = inQuotes(key)
	}
	switch op {
	case "=":
		op = ""
	case "!=":
		dash, op = "-", ""
	}
	return dash + key + ":" + op + valueText(c.Value)
}

// wordsText is a text as parseQuery reads it: words as they are, if they can be.
func wordsText(text string) string {
	plain := strings.Join(strings.Fields(text), " ") == text && !leads(text)
	for word := range strings.FieldsSeq(text) {
		plain = plain && !strings.HasPrefix(word, "-") && !strings.ContainsAny(word, `:"`)
	}
	if plain {
		return text
	}
	return inQuotes(text)
}

// valueText is a value with quotes where it needs them.
func valueText(value string) string {
	if value == "" || strings.ContainsFunc(value, unicode.IsSpace) || strings.Contains(value, `"`) || strings.ContainsAny(value[:1], "!=<>~") {
		return inQuotes(value)
	}
	return value
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func inQuotes(text string) string { return `"` + escapes.Replace(text) + `"` }
