// Package forms reads posted forms, keeps what was typed, and puts messages beside
// the fields they are about.
package forms

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form/money"
)

// Form is one form of a page: what is in its fields, and what is wrong with that. It
// belongs to one request.
type Form struct {
	ID string // unique in the page; goes before the ids of its fields

	values   url.Values
	labels   map[string]string // by field, set by the readers
	messages map[string][]string
}

// New is a form that nobody has sent yet, with what its fields begin with. It gets a
// key of its own.
func New(id string, values map[string]string) *Form {
	f := &Form{ID: id, values: url.Values{}, labels: map[string]string{}, messages: map[string][]string{}}
	for name, value := range values {
		f.values.Set(name, value)
	}
	f.Renew()
	return f
}

// Read is the form in the body of a request; the query is left alone. It fails where
// the body cannot be read, or is no form.
func Read(id string, r *http.Request) (*Form, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	f := New(id, nil)
	fresh := f.Key()
	f.values = r.PostForm
	if key, err := uuid.Parse(f.Key()); err == nil {
		f.values.Set(keyField, key.String()) // in one of the ways to write it
	} else {
		f.values.Set(keyField, fresh)
	}
	return f, nil
}

// Set puts a value into a field.
func (f *Form) Set(name, value string) { f.values.Set(name, value) }

// Value is what was typed, made fit to be shown.
func (f *Form) Value(name string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(f.values.Get(name), "\uFFFD"), "\x00", "\uFFFD")
}

// Valid reports whether there are no messages.
func (f *Form) Valid() bool { return len(f.messages) == 0 }

// Messages are the sentences about one field, or with "" about the form.
func (f *Form) Messages(name string) []string { return f.messages[name] }

// Sent reports whether the form comes back with something to say.
func (f *Form) Sent() bool { return !f.Valid() }

// Add puts a message beside a field. It reads on from the field's label: "is too
// large" becomes "Amount is too large". With a name the form does not have it is a
// sentence of its own, about the form as a whole.
func (f *Form) Add(name, message string) {
	if label, known := f.labels[name]; known {
		message = label + " " + message
	}
	f.put(name, message)
}

// Take adds all messages of an event that was refused. Those about fields the form
// does not have, and about the state, go to the form as a whole.
func (f *Form) Take(errs *ireneo.Errors) {
	for _, fe := range errs.Own() {
		f.put(fe.Field, fe.Message)
	}
	for _, fe := range errs.State() {
		f.put("", fe.Message)
	}
}

func (f *Form) put(name, sentence string) {
	if _, known := f.labels[name]; !known {
		name = ""
	}
	if !slices.Contains(f.messages[name], sentence) {
		f.messages[name] = append(f.messages[name], sentence)
	}
}

// Text reads a line of text without the space around it.
func (f *Form) Text(name, label string) string {
	f.labels[name] = label
	return strings.TrimSpace(f.values.Get(name))
}

// Money reads an amount into cents.
func (f *Form) Money(name, label string) int64 {
	f.labels[name] = label
	cents, err := money.Parse(f.values.Get(name))
	if err != nil {
		f.Add(name, err.Error())
	}
	return cents
}

// number bounds the digits, because a decimal such as 1e999999999 is cheap to type
// and dear to compare.
var number = regexp.MustCompile(`^-?\d{1,12}(\.\d{1,8})?$`)

// Decimal reads a number exactly.
func (f *Form) Decimal(name, label string) decimal.Decimal {
	f.labels[name] = label
	typed := strings.TrimSpace(f.values.Get(name))
	switch {
	case typed == "":
		f.Add(name, "is required")
	case !number.MatchString(typed):
		f.Add(name, "must be a number such as 4.25")
	default:
		return decimal.RequireFromString(typed)
	}
	return decimal.Decimal{}
}

// The first and last year a date may be in: outside of it somebody mistyped.
const (
	firstYear = 1900
	lastYear  = 2199
)

// Date reads a day.
func (f *Form) Date(name, label string) civil.Date {
	f.labels[name] = label
	typed := strings.TrimSpace(f.values.Get(name))
	date, err := civil.ParseDate(typed)
	switch {
	case typed == "":
		f.Add(name, "is required")
	case err != nil:
		f.Add(name, "must be a date such as 2026-01-31")
	case date.Year < firstYear || date.Year > lastYear:
		f.Add(name, fmt.Sprintf("must be between the years %d and %d", firstYear, lastYear))
	default:
		return date
	}
	return civil.Date{}
}

// ErrIncomplete says that a hidden field is missing: the form is not one of our pages.
var ErrIncomplete = errors.New("form is incomplete")

// Version reads the hidden field that says which version of a stream the page showed.
func (f *Form) Version() (int64, error) {
	version, err := strconv.ParseInt(f.values.Get("version"), 10, 64)
	if err != nil || version < 0 {
		return 0, fmt.Errorf("%w: version is no number", ErrIncomplete)
	}
	return version, nil
}

const keyField = "key"

// Key is different for every form that is shown, so that one sent twice is known.
func (f *Form) Key() string { return f.values.Get(keyField) }

// Renew gives the form a new key: sent again it is another form.
func (f *Form) Renew() { f.values.Set(keyField, uuid.NewString()) }
