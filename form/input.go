package form

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// FieldOption varies how one field is shown: Hint, Placeholder, Words, Choices.
type FieldOption func(*input)

// Hint is a sentence below the field, read out with it.
func Hint(text string) FieldOption { return func(in *input) { in.hint = text } }

// Placeholder is an example within the empty field. Money has one of its own.
func Placeholder(text string) FieldOption { return func(in *input) { in.placeholder = text } }

// Words are what the choices of a field are called. Defaults to the values in words:
// written_off is shown as Written off.
func Words(byValue map[string]string) FieldOption {
	return func(in *input) { in.words = byValue }
}

// Choice is one of a field's choices: its value, and the word that is shown.
type Choice struct{ Value, Word string }

// Choices makes a field of one line a choice, of what only the page knows, such as the
// customers there are. The form takes any value that the event takes: whether a value was
// among the choices is for the handler to look up, which can Add a message.
func Choices(choices ...Choice) FieldOption {
	return func(in *input) { in.choices = choices }
}

// Field shows one field with its label, its messages and its hint. The input is chosen
// by the field's type and tags. A name that the form does not have is an error when the
// page is rendered.
func (f *Form) Field(name string, options ...FieldOption) templ.Component {
	fl := f.table.find(name)
	if fl == nil {
		return failing(f.table.err, name)
	}
	in := input{f: f, field: fl}
	if _, ok := fl.kind.(amount); ok {
		in.placeholder = "1,234.56"
	}
	for _, option := range options {
		option(&in)
	}
	return in.component()
}

// failing is a component that cannot be shown.
func failing(err error, name string) templ.Component {
	return templ.ComponentFunc(func(context.Context, io.Writer) error {
		if err != nil {
			return err
		}
		return fmt.Errorf("form has no field %s", name)
	})
}

// input is one field as it is shown.
type input struct {
	f                 *Form
	field             *field
	hint, placeholder string
	words             map[string]string
	choices           []Choice
}

func (in input) component() templ.Component {
	switch k := in.field.kind.(type) {
	case many:
		return textarea(in)
	case box:
		if in.field.pointer {
			return choices(in)
		}
		return checkbox(in)
	default:
		if in.field.rules.choices != nil || in.choices != nil {
			return choices(in)
		}
		return one(in, k)
	}
}

// id is unique in the page.
func (in input) id() string { return in.f.id(in.field) }

func (f *Form) id(fl *field) string { return f.Name + "-" + fl.key }

func (in input) value() string      { return in.f.Value(in.field.key) }
func (in input) messages() []string { return in.f.messages[in.field.key] }

// checked reports whether a box is.
func (in input) checked() bool {
	return slices.Contains([]string{yes, "on", "true", "1"}, strings.TrimSpace(in.value()))
}

// describedBy lists what a screen reader reads with the field.
func (in input) describedBy() string {
	var ids []string
	if len(in.messages()) > 0 {
		ids = append(ids, in.id()+"-error")
	}
	if in.hint != "" {
		ids = append(ids, in.id()+"-hint")
	}
	return strings.Join(ids, " ")
}

// attributes are those of every input, whatever its element.
func (in input) attributes() templ.Attributes {
	a := templ.Attributes{"id": in.id(), "name": in.field.key}
	if in.field.required {
		a["required"] = true
	}
	if len(in.messages()) > 0 {
		a["aria-invalid"] = "true"
		a["autofocus"] = in.f.first() == in.field
	}
	set(a, "aria-describedby", in.describedBy())
	return a
}

// limits are the attributes of an input of one line. Browsers show inputs of some types
// empty where they cannot read their value; those become text, so that what was typed
// stays on the screen.
func (in input) limits(k kind) templ.Attributes {
	a := in.attributes()
	a["autocomplete"], a["type"] = "off", "text"
	set(a, "placeholder", in.placeholder)
	switch k.(type) {
	case line:
		set(a, "type", in.field.rules.input)
		in.lengths(a)
	case whole, natural:
		a["inputmode"] = "numeric"
		if in.reads(digits.MatchString) {
			a["type"] = "number"
			set(a, "min", in.field.rules.minimum)
			set(a, "max", in.field.rules.maximum)
		}
	case amount, exact, float:
		a["inputmode"] = "decimal"
	case day:
		if in.reads(isDay) {
			a["type"], a["min"], a["max"] = "date", strconv.Itoa(firstYear)+"-01-01", strconv.Itoa(lastYear)+"-12-31"
		}
	case moment:
		if in.reads(isMoment) {
			a["type"], a["min"], a["max"] = "datetime-local", strconv.Itoa(firstYear)+"-01-01T00:00", strconv.Itoa(lastYear)+"-12-31T23:59"
		}
	}
	return a
}

// reads reports whether a browser's own input can show what is in the field.
func (in input) reads(can func(string) bool) bool { return in.value() == "" || can(in.value()) }

func (in input) lengths(a templ.Attributes) {
	set(a, "minlength", in.field.rules.minLength)
	set(a, "maxlength", in.field.rules.maxLength)
}

// area are the attributes of an input of many lines.
func (in input) area() templ.Attributes {
	a := in.attributes()
	set(a, "placeholder", in.placeholder)
	in.lengths(a)
	return a
}

func set(a templ.Attributes, name, value string) {
	if value != "" {
		a[name] = value
	}
}

// options are the choices. One that is not among them is none of ours: it is not shown,
// and choosing starts again.
func (in input) options() []Choice {
	if in.choices != nil {
		return in.choices
	}
	values := in.field.rules.choices
	if _, ok := in.field.kind.(box); ok {
		values = []string{yes, no}
	}
	options := make([]Choice, len(values))
	for i, value := range values {
		word, ok := in.words[value]
		if !ok {
			word = validation.Label(value)
		}
		options[i] = Choice{value, word}
	}
	return options
}

// class is what style sheets know the field by: amount stands for everything that is
// read digit by digit.
func (in input) class() string {
	if in.field.rules.choices != nil || in.choices != nil {
		return "field"
	}
	switch in.field.kind.(type) {
	case amount, exact, float, whole, natural:
		return "field amount"
	default:
		return "field"
	}
}

// zone says of moments what their clock is.
func (in input) zone() string {
	if _, ok := in.field.kind.(moment); ok {
		return "UTC"
	}
	return ""
}

// optional reports whether the field is marked as one that may stay empty. A box always
// may.
func (in input) optional() bool {
	_, isBox := in.field.kind.(box)
	return !in.field.required && (!isBox || in.field.pointer)
}

// first is the first field with a message, nil where there is none.
func (f *Form) first() *field {
	for _, fl := range f.table.fields {
		if len(f.messages[fl.key]) > 0 {
			return fl
		}
	}
	return nil
}
