package form

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Decode reads the body of a request, a form or a JSON object, into the fields of an event
// or command, and never the query. Every field it has for forms is set: to what was typed,
// or to zero where nothing was sent or it cannot be read; the others stay as they are. The
// form keeps what was typed, and has a message for whatever is wrong; then the event is not
// to be appended, the command not to be executed.
//
// A field that it does not have, one that the log sets, and one sent twice are
// messages about the form as a whole. In JSON every value may be the text a person would
// type; numbers and booleans may be JSON's own, money may not, lest cents be taken for
// whole units.
//
// It fails with ErrMalformed, ErrMediaType or an *http.MaxBytesError where the body is no
// form at all, and with another error where the tags are wrong. Bodies over
// 10 MiB are never read, whatever the server allows.
func Decode(r *http.Request, into Fillable) (*Form, error) {
	t := tableOf(reflect.TypeOf(into))
	if t.err != nil {
		return nil, t.err
	}
	fields, err := read(r)
	if err != nil {
		return nil, err
	}

	f := newForm(t)
	f.receive(fields)
	f.fill(reflect.ValueOf(into).Elem())
	return f, nil
}

// fill sets the fields of the event or command and says what is wrong with them. A text that
// is missing is known to that itself, which says so together with all else it checks:
// here it is said only where the event is not going to be asked.
func (f *Form) fill(ev reflect.Value) {
	var absent []*field
	for _, fl := range f.table.fields {
		switch problem := fl.fill(ev, f.sent[fl.key]); {
		case problem == missing && fl.isText():
			absent = append(absent, fl)
		case problem != "":
			f.Add(fl.key, problem)
		}
	}
	if f.Valid() {
		return
	}
	for _, fl := range absent {
		f.Add(fl.key, missing)
	}
}

// sent is one field as it came in.
type sent struct {
	name, text string
	literal    literal
	broken     bool // JSON text with characters that do not exist
}

// literal is what kind of value a field came as.
type literal int

const (
	typed   literal = iota // text
	number                 // a JSON number
	boolean                // true or false in JSON
	nested                 // an object or an array
	file
)

// receive puts the fields where they belong and says which do not.
func (f *Form) receive(fields []sent) {
	seen := make(map[string]bool, len(fields))
	var repeated, reserved, unknown []string
	for _, s := range fields {
		switch {
		case s.literal == file:
			f.put("", "Files cannot be sent with this form")
		case seen[s.name]:
			repeated = append(repeated, s.name)
		case s.name == versionField:
			f.version = s.text
		case s.name == keyField:
			f.keep(s.text)
		case s.name == tokenField:
		case f.table.find(s.name) != nil:
			f.sent[s.name] = s
		case slices.Contains(reservedKeys, s.name) || strings.HasPrefix(s.name, "_"):
			reserved = append(reserved, s.name)
		default:
			unknown = append(unknown, s.name)
		}
		seen[s.name] = true
	}
	f.complain(repeated, "This field was sent more than once: %s")
	f.complain(reserved, "This cannot be set by a form: %s")
	f.complain(unknown, "This form has no such field: %s")
}

// keep takes a key that was sent, in one of the ways to write it.
func (f *Form) keep(key string) {
	if id, err := uuid.Parse(key); err == nil {
		f.key = id.String()
	}
}

// What is said of fields that do not belong to the form is bounded: the names are
// whatever somebody sent.
const (
	maxNames = 5
	maxName  = 40 // runes
)

func (f *Form) complain(names []string, format string) {
	for _, name := range names[:min(len(names), maxNames)] {
		runes := []rune(strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", "\uFFFD"))
		if len(runes) > maxName {
			runes = append(runes[:maxName], '…')
		}
		f.put("", fmt.Sprintf(format, string(runes)))
	}
}
