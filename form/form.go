// Package form reads posted forms into events and commands, and shows them with what is
// wrong.
//
//	ev := &debt.Issued{}
//	f, err := form.Decode(r, ev)   // the body, and nothing but the body
//	switch {
//	case err != nil:               // no form at all: 400, 413 or 415
//	case !f.Valid():               // show f again with its messages: 422
//	default:                       // append ev; where it is refused: f.Take(ev), 422
//	}
//
// A command is read the same way, and executed where an event is appended.
//
// The fields are those of the event or command, found by reflection: what has a JSON key can be
// typed, all else is refused. Tags say the rest:
//
//	Amount int64  `json:"amount" form:"money" validate:"gt=0"`   // 1,234.56, held as cents
//	Reason string `json:"reason" form:"text" validate:"required"` // many lines, kept as typed
//	Source string `json:"source" form:"-"`                        // never from a form
//	Paid   *civil.Date `json:"paid" label:"Paid on"`              // optional: empty is nil
//
// Fields can be strings, whole numbers, floats, decimal.Decimal, bool, civil.Date,
// time.Time, uuid.UUID, and pointers to these; the validator's oneof makes a choice of
// strings and whole numbers. Fields of other types are not the form's business.
//
// In templ the form shows itself:
//
//	<form method="post" action="/debts" novalidate>
//		@f.Problems()
//		@f.Hidden()
//		@f.Field("amount")
//		@f.Field("on", form.Hint("The day the money was paid out"))
//	</form>
package form

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
)

// Fillable is what a form is read into: a pointer to a struct that embeds ireneo.Event or
// ireneo.Command.
type Fillable interface {
	// Errors are the messages of what was refused. It is never nil.
	Errors() *ireneo.Errors
}

// The hidden fields of every form. No event field can have these names. The token is the
// server's, which has looked at it before a handler reads the form.
const (
	versionField = "_version"
	keyField     = "_key"
	tokenField   = "_token"
)

// Form is one form of a page: what is in its fields, and what is wrong with that. It
// belongs to one request and is not safe for concurrent use.
type Form struct {
	// Name goes before the ids of the fields, so that two forms fit on one page.
	// Defaults to the stored name of the event or command: debt-issued.
	Name string

	table    *table
	sent     map[string]sent
	messages map[string][]string // by field; "": about the form
	key      string              // empty until it is sent or asked for
	version  string              // as it was sent
}

// New is a form that nobody has sent yet. Its fields begin with the values of the event or
// command; those that are zero begin empty. A mistake in the tags is the error of whatever
// shows the form.
func New(of Fillable) *Form {
	f := newForm(tableOf(reflect.TypeOf(of)))
	for _, fl := range f.table.fields {
		f.sent[fl.key] = sent{text: fl.show(reflect.ValueOf(of))}
	}
	return f
}

func newForm(t *table) *Form {
	return &Form{Name: t.name, table: t, sent: make(map[string]sent, len(t.fields)), messages: map[string][]string{}}
}

// Set puts a text into a field, as if it had been typed.
func (f *Form) Set(name, text string) { f.sent[name] = sent{text: text} }

// Value is what was typed into a field, whether it could be read or not, made fit to be
// shown: what is no text is replaced by U+FFFD.
func (f *Form) Value(name string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(f.sent[name].text, "\uFFFD"), "\x00", "\uFFFD")
}

// Event makes a new event, or command, of what was typed, as Decode filled in the first
// one; it has none of what was added to that since.
func (f *Form) Event() Fillable {
	v := reflect.New(f.table.goType)
	for _, fl := range f.table.fields {
		fl.fill(v.Elem(), f.sent[fl.key])
	}
	return v.Interface().(Fillable)
}

// Valid reports whether there are no messages.
func (f *Form) Valid() bool { return len(f.messages) == 0 }

// Messages are the sentences about one field, or with "" about the form as a whole.
func (f *Form) Messages(name string) []string { return slices.Clone(f.messages[name]) }

// Add puts a message beside a field. It reads on from the field's label: "is too
// large" becomes "Amount is too large". With a name the form does not have it is a
// sentence of its own, about the form as a whole.
func (f *Form) Add(name, message string) {
	if fl := f.table.find(name); fl != nil {
		message = fl.label + " " + message
	}
	f.put(name, message)
}

// Take adds all messages of an event or command that was refused. Those about the state,
// and about fields the form does not have, go to the form as a whole.
func (f *Form) Take(refused Fillable) {
	for _, fe := range refused.Errors().Own() {
		f.put(fe.Field, fe.Message)
	}
	for _, fe := range refused.Errors().State() {
		f.put("", fe.Message)
	}
}

func (f *Form) put(name, sentence string) {
	if f.table.find(name) == nil {
		name = ""
	}
	if !slices.Contains(f.messages[name], sentence) {
		f.messages[name] = append(f.messages[name], sentence)
	}
}

// Version is the version of the stream that the page showed, from the hidden field. It
// is ErrMalformed where the form has none, or no number in it.
func (f *Form) Version() (int64, error) {
	version, err := strconv.ParseInt(f.version, 10, 64)
	if err != nil || version < 0 {
		return 0, fmt.Errorf("%w: %s is no version", ErrMalformed, versionField)
	}
	return version, nil
}

// SetVersion says which version of the stream the page shows.
func (f *Form) SetVersion(version int64) { f.version = strconv.FormatInt(version, 10) }

// Key is a UUID of this form, so that one sent twice is known. It is a new one where the
// form came without.
func (f *Form) Key() string {
	if f.key == "" {
		f.Renew()
	}
	return f.key
}

// Renew gives the form a new key: sent again it is another form.
func (f *Form) Renew() { f.key = uuid.NewString() }
