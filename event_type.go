package ireneo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/mask"
	"github.com/ireneo-dev/ireneo/internal/payload"
	"github.com/ireneo-dev/ireneo/internal/text"
	"github.com/ireneo-dev/ireneo/internal/validation"
	"github.com/ireneo-dev/ireneo/store"
)

// EventType describes one type of event. TypeOf makes it.
type EventType struct {
	*eventType
}

// Upcast leads a stored payload from one schema version to the next. It changes the
// decoded JSON object in place and must depend on nothing else; numbers are
// json.Number, so that none loses digits.
type Upcast func(data map[string]any) error

// Upcaster is implemented by events whose schema has changed since the first one
// was stored. The first step leads version 1 to 2, and so on; the schema version of
// the type is one more than it has steps. Steps are never removed.
type Upcaster interface {
	Upcasts() []Upcast
}

// TypeOf describes the event type E, for Config.Events:
//
//	ireneo.TypeOf[debt.Issued]()
//
// Mistakes in the declaration are reported by Open.
func TypeOf[E any, P eventPointer[E]]() EventType {
	return EventType{newEventType(reflect.TypeFor[E](), func() AnyEvent {
		made := new(struct { // one allocation for what lives as long as the other
			event E
			known known
		})
		ev := P(&made.event)
		ev.event().known = &made.known
		return ev
	})}
}

// eventPointer is a pointer to the event struct E.
type eventPointer[E any] interface {
	*E
	AnyEvent
}

type eventType struct {
	name    string
	aliases []string
	version int  // of the schema
	masked  bool // it has sensitive fields
	upcasts []Upcast
	labels  map[string]string // by JSON key
	goType  reflect.Type
	payload *payload.Codec
	empty   func() AnyEvent
	err     error // mistake in the declaration
}

var storedName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)

func newEventType(goType reflect.Type, empty func() AnyEvent) *eventType {
	t := &eventType{
		goType: goType, empty: empty, version: 1, masked: mask.Masks(goType), labels: map[string]string{},
		payload: payload.For(goType),
	}
	for _, f := range reflect.VisibleFields(goType) {
		t.labels[validation.Key(f)] = validation.LabelOf(f)
	}
	if u, ok := empty().(Upcaster); ok {
		t.upcasts = u.Upcasts()
		t.version += len(t.upcasts)
	}
	t.err = t.readTag()
	return t
}

// readTag takes the stored name and the aliases from the embedded Event.
func (t *eventType) readTag() error {
	f, ok := t.goType.FieldByName("Event")
	if !ok || f.Type != reflect.TypeFor[Event]() || !f.Anonymous {
		return fmt.Errorf("event %s: embed ireneo.Event in the struct itself", t.goType)
	}
	t.name = f.Tag.Get("name")
	if aliases := f.Tag.Get("aliases"); aliases != "" {
		t.aliases = strings.Split(aliases, ",")
	}

	for _, name := range t.names() {
		if !storedName.MatchString(name) || len(name) > 255 {
			return fmt.Errorf("event %s: stored name %q: tag the embedded ireneo.Event with a name such as `name:\"debt.issued\"` (lower case, digits, _ and dots)", t.goType, name)
		}
	}
	return nil
}

// names are all stored names that are read as this type.
func (t *eventType) names() []string { return append([]string{t.name}, t.aliases...) }

// encode gives the payload as it is stored. Text that would not come back the same
// is reported as an error on its field.
func (t *eventType) encode(ev AnyEvent) ([]byte, []FieldError) {
	data, err := t.payload.Encode(ev)
	if err != nil {
		return nil, []FieldError{encodingError(err)}
	}
	var errs []FieldError
	for _, bad := range text.Check(data, ev) {
		errs = append(errs, FieldError(bad))
	}
	return data, errs
}

// encodingError says what cannot be stored, such as a float that is not a number.
func encodingError(err error) FieldError {
	var unsupported *json.UnsupportedValueError
	if errors.As(err, &unsupported) {
		return FieldError{Message: "A value cannot be stored: " + unsupported.Str}
	}
	return FieldError{Message: "The event cannot be stored: " + err.Error()}
}

// decode turns a stored record back into the event, through the upcasts where it is
// of an older schema.
func (t *eventType) decode(r store.Record) (AnyEvent, error) {
	data, err := t.upcast(r)
	if err != nil {
		return nil, err
	}

	ev := t.empty()
	if err := t.payload.Decode(data, ev); err != nil {
		return nil, t.unreadable(r, err)
	}
	k := bind(ev, t)
	r.Data = nil
	k.record, k.persisted = r, true
	return ev, nil
}

func (t *eventType) upcast(r store.Record) ([]byte, error) {
	if r.SchemaVersion == t.version {
		return r.Data, nil
	}
	if r.SchemaVersion > t.version || r.SchemaVersion < 1 {
		return nil, decodeError(r, fmt.Errorf("%w: schema version %d is newer than this program's %d", ErrNewerSchema, r.SchemaVersion, t.version))
	}

	var data map[string]any
	dec := json.NewDecoder(bytes.NewReader(r.Data))
	dec.UseNumber()
	if err := dec.Decode(&data); err != nil {
		return nil, t.unreadable(r, err)
	}
	for v := r.SchemaVersion; v < t.version; v++ {
		if err := t.upcasts[v-1](data); err != nil {
			return nil, t.unreadable(r, fmt.Errorf("upcast from schema version %d: %w", v, err))
		}
	}
	return json.Marshal(data)
}

// unreadable says why a payload cannot be read. Errors of decoding quote what does not fit,
// so that of a type with sensitive fields they tell the field alone.
func (t *eventType) unreadable(r store.Record, err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return decodeError(r, fmt.Errorf("%s is stored as something else than %s", wrong.Field, wrong.Type))
	}
	if !t.masked {
		return decodeError(r, err)
	}
	return decodeError(r, errors.New("the stored payload does not fit, and may hold what is sensitive"))
}

func decodeError(r store.Record, err error) error {
	return fmt.Errorf("decode %s at %s/%s version %d: %w", r.Type, r.Stream.Type, r.Stream.ID, r.Version, err)
}

// raw wraps a record of a type that is not registered.
func raw(r store.Record) AnyEvent {
	ev := &RawEvent{Data: r.Data}
	k := bind(ev, &eventType{name: r.Type, goType: reflect.TypeFor[RawEvent]()})
	r.Data = nil
	k.record, k.persisted = r, true
	return ev
}

// NewEvent makes an event of a registered type of its JSON, as forms and scripts have it.
// It is ErrUnknownEvent where no such type is registered, and an error in words where the
// JSON is no object, has fields that the type does not, or values that do not fit. What
// the fields must hold is checked by Append.
func (l *Log) NewEvent(name string, data []byte) (AnyEvent, error) {
	typ := l.types[name]
	if typ == nil {
		return nil, fmt.Errorf("%w: %q", ErrUnknownEvent, name)
	}
	if limit := l.config.MaxEventBytes; len(data) > limit {
		return nil, fmt.Errorf("%w: %s of %d bytes, at most %d are allowed (Config.MaxEventBytes)", ErrTooLarge, name, len(data), limit)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return nil, fmt.Errorf("read %s: an event is a JSON object, such as {}", name)
	}
	ev := typ.empty()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(ev); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, inWords(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("read %s: there is something behind the JSON object", name)
	}
	bind(ev, typ).record.Type = typ.name
	return ev, nil
}

// inWords is an error of encoding/json for whoever has written the JSON.
func inWords(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%s is a %s, and takes a value of type %s", wrong.Field, wrong.Value, wrong.Type)
	case errors.As(err, &syntax):
		return fmt.Errorf("it is no JSON: %w, at byte %d", err, syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is no JSON: it ends too early")
	default:
		return err
	}
}
