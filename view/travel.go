package view

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Timeline is what the components of this package need of a stream's page.
type Timeline struct {
	Path     string // of the page, without its query
	Moment   Moment // when it is looked at
	Versions int64  // how many events the stream has now
	Shown    int64  // the greatest version that is shown

	What    string   // in words, the event of the version one travelled to
	Changes []Change // what that event changed

	Entries []Entry // in the order in which they happened, newest first
	Newest  bool    // Entries begin with the newest
	Older   int64   // the version of the last of Entries where older ones follow, else zero
}

// olderParam is the query parameter that pages through a history.
const olderParam = "older"

// olderEntries is the page with the entries that follow.
func (t Timeline) olderEntries() templ.SafeURL {
	query := t.Moment.query()
	query.Set(olderParam, strconv.FormatInt(t.Older, 10))
	return templ.SafeURL(t.Path + "?" + query.Encode())
}

// newestEntries is the page at the same moment, with its newest entries.
func (t Timeline) newestEntries() templ.SafeURL {
	return templ.SafeURL(strings.TrimSuffix(t.Path+"?"+t.Moment.query().Encode(), "?"))
}

// at is the page at a version; the last one is now.
func (t Timeline) at(version int64) templ.SafeURL {
	if version >= t.Versions {
		return t.now()
	}
	return templ.SafeURL(t.Path + "?" + url.Values{versionParam: {strconv.FormatInt(version, 10)}}.Encode())
}

func (t Timeline) now() templ.SafeURL { return templ.SafeURL(t.Path) }

// shown is the version the slider stands at.
func (t Timeline) shown() string { return strconv.FormatInt(max(t.Shown, 1), 10) }

func (t Timeline) last() string { return strconv.FormatInt(t.Versions, 10) }

// dateOf is the day of a moment, as a date field has it.
func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
