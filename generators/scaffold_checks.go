package generators

import (
	"slices"
	"strconv"
	"strings"
)

// Posts are the names and values, in turn and in quotes, that a form is filled in with.
func (e scaffoldEvent) Posts() []string {
	var pairs []string
	for _, f := range e.Inputs() {
		pairs = append(pairs, strconv.Quote(f.Name.Snake), strconv.Quote(f.Posted()))
	}
	return pairs
}

// mistakes is a form filled in wrongly, and what its page says then.
type mistakes struct{ Posts, Wants []string }

// Mistakes are values that the form refuses, nil where it has no fields: those that are
// mistyped, or else one that is missing, or that no database could store.
func (e scaffoldEvent) Mistakes() *mistakes {
	inputs := e.Inputs()
	if inputs == nil {
		return nil
	}
	readAll := !slices.ContainsFunc(inputs, func(f Field) bool { return f.typ.mistyped != "" })
	spoilt := max(0, slices.IndexFunc(inputs, func(f Field) bool { return !f.Null }))
	m := &mistakes{}
	for i, f := range inputs {
		typed, message := f.Mistyped()
		shown := f.typ.name != "bool" && f.typ.name != "enum" // of these a browser has no others
		if readAll && i == spoilt {
			typed, message = f.spoilt()
			shown = false
		}
		switch {
		case message == "":
			m.add(f, f.Posted(), f.shown())
		case shown:
			m.add(f, typed, message, `value="`+typed+`"`)
		default:
			m.add(f, typed, message)
		}
	}
	return m
}

func (m *mistakes) add(f Field, typed string, wants ...string) {
	m.Posts = append(m.Posts, strconv.Quote(f.Name.Snake), strconv.Quote(typed))
	for _, want := range wants {
		quoted := strconv.Quote(want)
		if strings.Contains(want, `"`) {
			quoted = "`" + want + "`" // no sample has one of these in it
		}
		m.Wants = append(m.Wants, quoted)
	}
}

// spoilt is what is refused of a field that takes every text.
func (f Field) spoilt() (typed, message string) {
	if f.Null {
		return "\x00", f.Label() + " must not contain the character U+0000"
	}
	return "", f.Label() + " " + required
}

// shown is how a page has a field of text that was typed well.
func (f Field) shown() string {
	if f.typ.name == "text" {
		return f.Posted() + "</textarea>"
	}
	return `value="` + f.Posted() + `"`
}

// Markup is the first field of the event that takes any text, nil where there is none.
func (e scaffoldEvent) Markup() *Field {
	for _, f := range e.Inputs() {
		if slices.Contains([]string{"string", "text", "ref"}, f.typ.name) {
			return &f
		}
	}
	return nil
}

// PostsMarkup are Posts with markup in that field.
func (e scaffoldEvent) PostsMarkup() []string {
	pairs := e.Posts()
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == strconv.Quote(e.Markup().Name.Snake) {
			pairs[i+1] = "markup"
		}
	}
	return pairs
}

// Values are the fields of the event with their samples, as a literal writes them.
func (e scaffoldEvent) Values() string {
	var values []string
	for _, f := range e.Fields {
		values = append(values, f.Name.Go+": "+f.Sample())
	}
	return literal(values)
}

// Row is the row that an event makes of an empty one, as a literal writes it.
func (d *scaffoldData) Row(e scaffoldEvent) string {
	var values []string
	for _, s := range e.Sets {
		sample := s.Sample()
		if d.Title != nil && s.Name == d.Key.Name {
			sample = `strings.ToLower(` + d.Title.Sample() + `)`
		}
		values = append(values, s.Name.Go+": "+sample)
	}
	return literal(append(values, "Status: projections."+e.State))
}

// Called is the row's name on the pages, where its values are the samples.
func (d *scaffoldData) Called(id string) string {
	if d.Title == nil {
		return d.Name.Label() + " " + id[:8]
	}
	return d.Title.Posted()
}

// EarlyMessage is what is said of an event dated before the first, in quotes.
func (d *scaffoldData) EarlyMessage() string {
	i := slices.IndexFunc(d.Columns, func(c column) bool { return c.Name.Snake == d.ActualTime })
	return strconv.Quote(d.Columns[i].Label() + " is before the " + d.Name.Words() + " began")
}

// Local begins the names of what the tests of the pages share.
func (d *scaffoldData) Local() string { return d.Name.Local() }

// Key1 is the id of what these tests create.
func (d *scaffoldData) Key1() string { return "0c0ffee0-0000-4000-8000-000000000001" }

// SearchSample is what finds it.
func (d *scaffoldData) SearchSample() string {
	if d.Title == nil {
		return d.Key1()[:8]
	}
	return strings.ToUpper(d.Title.Posted()[:3])
}

// Versions are those of the stream in the course of its life, and Last is the last.
func (d *scaffoldData) Versions() []int {
	var versions []int
	for i := range d.Events {
		versions = append(versions, i+1)
	}
	return versions
}

// Last is the version after all events.
func (d *scaffoldData) Last() int { return len(d.Events) }

// Inc is the next of two numbers.
func (d *scaffoldData) Inc(i int) int { return i + 1 }

// Wire is the file with how the log has the event.
func (e scaffoldEvent) Wire() string { return e.Event.File("event") + ".v1.json" }
