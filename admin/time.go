package admin

import "time"

// exactly is a moment with all its digits.
func exactly(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// moment is a moment as tables show it, in UTC.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// span is a step in which people count time.
type span struct {
	length time.Duration
	word   string
}

var spans = []span{
	{365 * 24 * time.Hour, "year"},
	{30 * 24 * time.Hour, "month"},
	{24 * time.Hour, "day"},
	{time.Hour, "hour"},
	{time.Minute, "minute"},
	{time.Second, "second"},
}

// lasting is a duration in words, by its largest part: 3 minutes.
func lasting(d time.Duration) string {
	for _, s := range spans {
		if n := d / s.length; n > 0 {
			return plural(int64(n), s.word)
		}
	}
	return "less than a second"
}

// ago is how far a moment is from now, in words.
func ago(now, t time.Time) string {
	switch d := now.Sub(t); {
	case d < -time.Second:
		return "in " + lasting(-d)
	case d < time.Second:
		return "just now"
	default:
		return lasting(d) + " ago"
	}
}
