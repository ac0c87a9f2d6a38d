package form

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"cloud.google.com/go/civil"
)

// The first and last year a date may be in: outside of it somebody mistyped.
const (
	firstYear = 1900
	lastYear  = 2199
)

func checkYear(year int) (problem string) {
	if year < firstYear || year > lastYear {
		return fmt.Sprintf("must be between the years %d and %d", firstYear, lastYear)
	}
	return ""
}

// day is a date without a time.
type day struct{ trimmed }

const notDay = "must be a date such as 2026-01-31"

func (day) show(v reflect.Value) string { return v.Interface().(civil.Date).String() }
func (day) wrong(literal) string        { return notDay }

func (day) parse(typed string, into reflect.Value) string {
	date, err := civil.ParseDate(typed)
	if err != nil {
		return notDay
	}
	if problem := checkYear(date.Year); problem != "" {
		return problem
	}
	into.Set(reflect.ValueOf(date))
	return ""
}

// moment is a date with a time. Without an offset from UTC it is UTC: a browser does
// not say where it is.
type moment struct{ trimmed }

const (
	notMoment = "must be a date and time such as 2026-01-31 14:30"
	inputTime = "2006-01-02T15:04" // what an input of the type datetime-local shows
)

func (moment) wrong(literal) string { return notMoment }

func (moment) show(v reflect.Value) string {
	t := v.Interface().(time.Time).UTC()
	if t.Second() == 0 && t.Nanosecond() == 0 {
		return t.Format(inputTime)
	}
	return t.Format(inputTime + ":05.999") // an input knows no more digits
}

func (moment) parse(typed string, into reflect.Value) string {
	typed = strings.Replace(typed, " ", "T", 1)
	for _, layout := range []string{inputTime, inputTime + ":05", time.RFC3339} {
		t, err := time.Parse(layout, typed)
		if err != nil {
			continue
		}
		if problem := checkYear(t.UTC().Year()); problem != "" {
			return problem
		}
		into.Set(reflect.ValueOf(t.UTC()))
		return ""
	}
	return notMoment
}

// isDay and isMoment report whether an input of a browser can show a text.
func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isMoment(s string) bool {
	for _, layout := range []string{inputTime, inputTime + ":05"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
