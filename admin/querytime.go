package admin

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// writtenMoments are the ways to write a moment, in UTC where no zone is written.
var writtenMoments = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05", time.RFC3339Nano}

var errNoMoment = errors.New("this is no time: write a day (2026-01-31), a moment in UTC (2026-01-31T12:00) or how long ago (-15m, -2h, -7d)")

// momentOf reads a moment as people write it: a day, a time of it, or how long ago. A day
// begins at midnight, or ends there if that is asked for.
func momentOf(text string, now time.Time, end bool) (time.Time, error) {
	if ago, found := strings.CutPrefix(text, "-"); found {
		return timeBefore(ago, now)
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		if end {
			day = day.AddDate(0, 0, 1).Add(-time.Microsecond)
		}
		return day, nil
	}
	for _, layout := range writtenMoments {
		if t, err := time.Parse(layout, text); err == nil && t.UTC().Year() > 0 && t.UTC().Year() < 10_000 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errNoMoment
}

// timeBefore is the moment some 15m, 2h or 7d before now.
func timeBefore(text string, now time.Time) (time.Time, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	if text == "" || len(text) > 6 { // up to 99 999, so that no duration overflows
		return time.Time{}, errNoMoment
	}
	last := len(text) - 1
	n, err := strconv.ParseUint(text[:last], 10, 32)
	if err != nil || units[text[last]] == 0 {
		return time.Time{}, errNoMoment
	}
	return now.Add(-time.Duration(n) * units[text[last]]), nil //nolint:gosec // at most 99 999
}

func checkMoment(text string) error {
	_, err := momentOf(text, time.Now(), false)
	return err
}

// The bounds of one query.
const (
	maxQuery = 4000 // bytes of all its parameters
	maxNamed = 20   // types and streams
	maxWhere = 20   // conditions
)

// queryIn is the search that the parameters of a page ask for: all of them together.
// Nothing is made of one that asks for too much.
func queryIn(values url.Values) (query, error) {
	long := 0
	for _, key := range slices.Concat([]string{"q"}, plainWords, metaKeys) {
		for _, value := range values[key] {
			long += len(value)
		}
	}
	if long > maxQuery {
		return query{}, refusal.BadRequest("The search is too long: %d characters, at most %d are looked for.", long, maxQuery)
	}
	q, err := parseQuery(values.Get("q"))
	if err == nil {
		err = q.take(values)
	}
	if err != nil {
		return query{}, err
	}
	return q, nil
}

// take adds the parameters that have a field of their own.
func (q *query) take(values url.Values) error {
	for _, key := range plainWords {
		for _, value := range values[key] {
			if value = strings.TrimSpace(value); value == "" {
				continue
			}
			if err := q.restrict(key, value); err != nil {
				return refusal.BadRequest("%s: %s.", key, err.Error())
			}
		}
	}
	for _, word := range metaKeys {
		if value := values.Get(word); value != "" {
			q.add(ireneo.Condition{Field: metaWords[word], Op: "=", Value: value})
		}
	}
	if len(q.where) > maxWhere {
		return refusal.BadRequest("These are %d conditions, at most %d can be looked for at once. Take some away.", len(q.where), maxWhere)
	}
	return nil
}

// search is what the log is asked.
func (q query) search(now time.Time) (s ireneo.Search, err error) {
	s = ireneo.Search{Types: q.types, Streams: q.streams, Where: q.where, Text: q.text}
	if q.from != "" {
		if s.From, err = momentOf(q.from, now, false); err != nil {
			return s, err
		}
	}
	if q.to != "" {
		s.To, err = momentOf(q.to, now, true)
	}
	return s, err
}

// queryForm is a query as the fields of a form: what has a field of its own, and the rest.
type queryForm struct{ Q, Type, Stream, From, To string }

func (q query) form() queryForm {
	f := queryForm{From: q.from, To: q.to}
	rest := q
	rest.from, rest.to = "", ""
	if len(q.types) == 1 {
		f.Type, rest.types = q.types[0], nil
	}
	if len(q.streams) == 1 {
		f.Stream, rest.streams = q.streams[0], nil
	}
	f.Q = rest.String()
	return f
}

// typedForm is the form as it was sent.
func typedForm(values url.Values) queryForm {
	return queryForm{values.Get("q"), values.Get("type"), values.Get("stream"), values.Get("from"), values.Get("to")}
}

// eventsPath is the list of the events that a query finds; ending is that of a file.
func (v *visit) eventsPath(q query, ending string, pairs ...string) string {
	f := q.form()
	pairs = append([]string{"type", f.Type, "stream", f.Stream, "from", f.From, "to", f.To, "q", f.Q}, pairs...)
	return link(v.path("events")+ending, pairs...)
}

// toggled is the query with a qualifier, or without it if it has it.
func (q query) toggled(key, value string) query {
	next := q
	switch key {
	case "type":
		next.types = toggled(q.types, value)
	case "stream":
		next.streams = toggled(q.streams, value)
	default:
		next.where = toggled(q.where, ireneo.Condition{Field: metaWords[key], Op: "=", Value: value})
	}
	if len(next.types)+len(next.streams) > maxNamed || len(next.where) > maxWhere {
		return q
	}
	return next
}

// toggled is another list with a value, or without it if it is there.
func toggled[T comparable](list []T, value T) []T {
	if i := slices.Index(list, value); i >= 0 {
		return leaving(list, i)
	}
	return append(slices.Clone(list), value)
}

// has reports whether a query has a qualifier.
func (q query) has(key, value string) bool {
	switch key {
	case "type":
		return slices.Contains(q.types, value)
	case "stream":
		return slices.Contains(q.streams, value)
	default:
		return slices.Contains(q.where, ireneo.Condition{Field: metaWords[key], Op: "=", Value: value})
	}
}

func qualifier(key, value string) string { return key + ":" + valueText(value) }

// leads reports whether a text that stands alone is no search, but the id of an event or a
// position to go to.
func leads(text string) bool {
	if len(text) == 36 && uuid.Validate(text) == nil {
		return true
	}
	_, err := ireneo.ParsePoint(text)
	return err == nil && strings.Trim(text, "0123456789.") == ""
}
