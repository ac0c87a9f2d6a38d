package view

import (
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// Timeline is a stream's page as the bar that travels in time needs it.
type Timeline struct {
	Path     string   // of the page, without query
	Moment   Moment   // when it is looked at
	Versions int64    // how many events the stream has now
	Shown    int64    // the greatest version that is shown
	What     string   // what the event of that version was, in words
	Changes  []Change // what that event changed
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
