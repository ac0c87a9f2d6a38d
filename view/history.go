package view

import "time"

// stored is all that the log holds of an entry.
func (e Entry) stored() []Fact {
	facts := append([]Fact{}, e.Facts...)
	facts = append(facts,
		Fact{"Occurred", e.Occurred.Format(time.RFC3339Nano)},
		Fact{"Recorded", e.Recorded.Format(time.RFC3339Nano)},
		Fact{"Event", e.Type},
		Fact{"Event id", e.ID},
	)
	return append(facts, e.Meta...)
}

// whenOccurred is a day where the event has no time of day, as those of forms.
func whenOccurred(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(dayWords)
	}
	return t.Format(momentWords)
}
