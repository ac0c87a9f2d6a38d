// Package view has what pages over event streams share: the moment a page is looked at,
// the bar that travels in time, and differences between states. Its components are
// templ, work without JavaScript, and leave styling to the application.
package view

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// Moment is when a page is looked at. The zero value is now.
type Moment struct {
	Version int64     // what had been appended then; zero: everything
	At      time.Time // what was true then; zero: everything that happened
	AsOf    time.Time // what was known then; zero: everything that is known
}

// The query parameters of a moment.
const (
	versionParam = "version"
	atParam      = "at"
	asOfParam    = "as_of"
)

// forms are how a moment may be written, in UTC where it does not say. A date means the
// end of that day, so that what happened on it counts.
var forms = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04"}

// MomentOf reads ?version=, ?at= and ?as_of=. They combine. The error says, in words for
// the person who typed the address, what a parameter may be; the server answers it
// with 400.
func MomentOf(query url.Values) (m Moment, err error) {
	if m.Version, err = versionIn(query, versionParam); err != nil {
		return Moment{}, err
	}
	if m.At, err = momentParam(query, atParam); err != nil {
		return Moment{}, err
	}
	m.AsOf, err = momentParam(query, asOfParam)
	return m, err
}

// versionIn reads a version from a query, zero where there is none.
func versionIn(query url.Values, name string) (int64, error) {
	typed := query.Get(name)
	if typed == "" {
		return 0, nil
	}
	version, err := strconv.ParseInt(typed, 10, 64)
	if err != nil || version < 1 {
		return 0, refusal.BadRequest("%s must be a whole number from 1, such as %s=3", name, name)
	}
	return version, nil
}

func momentParam(query url.Values, name string) (time.Time, error) {
	typed := query.Get(name)
	if typed == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, typed); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Microsecond), nil
	}
	for _, form := range forms {
		if t, err := time.Parse(form, strings.ReplaceAll(typed, " ", "+")); err == nil { // a + of a zone, as queries decode it
			return t.UTC(), nil
		}
	}
	return time.Time{}, refusal.BadRequest("%s must be a date such as %s=2026-01-31, or a time such as %s=2026-01-31T14:30", name, name, name)
}

// Past reports whether anything may be missing at this moment. Pages then show no forms.
func (m Moment) Past() bool { return m != Moment{} }

// query is the moment as MomentOf reads it.
func (m Moment) query() url.Values {
	q := url.Values{}
	if m.Version != 0 {
		q.Set(versionParam, strconv.FormatInt(m.Version, 10))
	}
	if !m.At.IsZero() {
		q.Set(atParam, m.At.Format(time.RFC3339Nano))
	}
	if !m.AsOf.IsZero() {
		q.Set(asOfParam, m.AsOf.Format(time.RFC3339Nano))
	}
	return q
}

// Options narrow a read of a stream to the moment.
func (m Moment) Options() []ireneo.ReplayOption {
	var opts []ireneo.ReplayOption
	if m.Version != 0 {
		opts = append(opts, ireneo.AtVersion(m.Version))
	}
	if !m.At.IsZero() {
		opts = append(opts, ireneo.At(m.At))
	}
	if !m.AsOf.IsZero() {
		opts = append(opts, ireneo.AsOf(m.AsOf))
	}
	return opts
}

// Words describe the moment: "version 3", "as known on 31 Jan 2026".
func (m Moment) Words() string {
	var words []string
	if m.Version != 0 {
		words = append(words, fmt.Sprintf("at version %d", m.Version))
	}
	if !m.At.IsZero() {
		words = append(words, "as it was on "+inWords(m.At))
	}
	if !m.AsOf.IsZero() {
		words = append(words, "as known on "+inWords(m.AsOf))
	}
	return strings.Join(words, ", ")
}

// inWords writes a time, and the end of a day as the day.
func inWords(t time.Time) string {
	if end := t.Add(time.Microsecond); end.Equal(end.Truncate(24 * time.Hour)) {
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan 2006, 15:04:05 MST")
}
