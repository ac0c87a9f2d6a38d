package ireneo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/ireneo-dev/ireneo/internal/text"
)

// Meta is the context an event was recorded in: who, from where, because of what.
// The zero value is empty. It is read-only.
type Meta struct {
	raw []byte // a JSON object
}

// Keys that the framework itself writes or shows.
const (
	// ActorKey holds who did it, in the application's words. Histories show it.
	ActorKey = "actor"
	// CausationKey holds the id of the event that caused this one.
	CausationKey = "causation_id"
	// CommandKey holds the stored name of the command that appended it.
	CommandKey = "command"
	// ExecutionKey holds the id of the execution of that command, under which it is on record.
	ExecutionKey = "execution_id"
	// CorrelationKey holds the id shared by all that one request set off.
	CorrelationKey = "correlation_id"
)

// Get returns the value under key as text, empty where there is none.
func (m Meta) Get(key string) string {
	var fields map[string]json.RawMessage
	if m.Decode(&fields) != nil || fields[key] == nil {
		return ""
	}
	var s string
	if json.Unmarshal(fields[key], &s) == nil {
		return s
	}
	return string(fields[key])
}

// Decode fills a struct or a map with the meta.
func (m Meta) Decode(into any) error {
	if len(m.raw) == 0 {
		return nil
	}
	return json.Unmarshal(m.raw, into)
}

type metaKey struct{}

// contextMeta is what WithMeta put on a context. It is never changed afterwards.
type contextMeta struct {
	fields map[string]json.RawMessage
	encode func() (storedMeta, error) // the fields as they are stored, once somebody appends; nil: there are none
	err    error
}

func newContextMeta(fields map[string]json.RawMessage) contextMeta {
	return contextMeta{fields: fields, encode: sync.OnceValues(func() (storedMeta, error) { return encodeFields(fields) })}
}

// storedMeta is a meta as records have it, with the texts that they are looked up by.
type storedMeta struct {
	raw                    []byte
	correlation, causation string // empty: it has none
}

// WithMeta returns a context whose appends store meta, a struct or a map that
// encodes to a JSON object, with every event. Fields set here are added to those set
// further up, and replace them where the names are the same. A value that does not
// encode to an object makes the appends fail with ErrInvalidMeta.
func WithMeta(ctx context.Context, meta any) context.Context {
	above, _ := ctx.Value(metaKey{}).(contextMeta)
	if above.err != nil {
		return ctx
	}

	merged := maps.Clone(above.fields)
	if merged == nil {
		merged = map[string]json.RawMessage{}
	}
	if err := mergeMeta(merged, meta); err != nil {
		return context.WithValue(ctx, metaKey{}, contextMeta{err: err})
	}
	return context.WithValue(ctx, metaKey{}, newContextMeta(merged))
}

// mergeMeta adds the fields of meta to those there are.
func mergeMeta(fields map[string]json.RawMessage, meta any) error {
	if texts, ok := meta.(map[string]string); ok && texts != nil { // as every request has them
		for key, text := range texts {
			raw, err := json.Marshal(text)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrInvalidMeta, err)
			}
			fields[key] = raw
		}
		return nil
	}
	raw, err := json.Marshal(meta)
	if err == nil && string(raw) != "null" {
		err = json.Unmarshal(raw, &fields)
	}
	if err != nil || string(raw) == "null" {
		return fmt.Errorf("%w: %T does not encode to a JSON object", ErrInvalidMeta, meta)
	}
	return nil
}

// encodeFields writes the fields, each of which is JSON already, as one object.
func encodeFields(fields map[string]json.RawMessage) (storedMeta, error) {
	raw := []byte{'{'}
	for i, key := range slices.Sorted(maps.Keys(fields)) {
		quoted, err := json.Marshal(key)
		if err != nil {
			return storedMeta{}, fmt.Errorf("%w: %w", ErrInvalidMeta, err)
		}
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(append(append(raw, quoted...), ':'), fields[key]...)
	}
	raw = append(raw, '}')
	if bad := text.Check(raw, nil); len(bad) > 0 {
		return storedMeta{}, &MetaError{Errors: []FieldError{FieldError(bad[0])}}
	}
	return storedMeta{raw: raw, correlation: fieldText(fields, CorrelationKey), causation: fieldText(fields, CausationKey)}, nil
}

// fieldText is a text among fields, empty where there is none under this key.
func fieldText(fields map[string]json.RawMessage, key string) (text string) {
	if fields[key] == nil || json.Unmarshal(fields[key], &text) != nil {
		return ""
	}
	return text
}

// metaText is a text of the context's meta, empty where there is none under this key.
func metaText(ctx context.Context, key string) string {
	set, _ := ctx.Value(metaKey{}).(contextMeta)
	return fieldText(set.fields, key)
}

// encodeMeta gives the JSON object that is stored with the events of one append.
func encodeMeta(ctx context.Context, caused map[string]string) (storedMeta, error) {
	set, _ := ctx.Value(metaKey{}).(contextMeta)
	if set.err == nil && len(caused) > 0 {
		set = withCause(set, caused)
	}
	if set.encode == nil {
		return storedMeta{raw: []byte("{}")}, set.err
	}
	return set.encode()
}

// withCause adds the ids of CausedBy, which are UUIDs or what the application gave.
func withCause(set contextMeta, caused map[string]string) contextMeta {
	fields := maps.Clone(set.fields)
	if fields == nil {
		fields = map[string]json.RawMessage{}
	}
	if err := mergeMeta(fields, caused); err != nil {
		return contextMeta{err: err}
	}
	return newContextMeta(fields)
}

// checkMeta decodes the meta into the application's own struct and validates it.
func (l *Log) checkMeta(meta storedMeta) error {
	if l.config.Meta == nil {
		return nil
	}
	typed := reflect.New(reflect.TypeOf(l.config.Meta)).Interface()
	if err := json.NewDecoder(bytes.NewReader(meta.raw)).Decode(typed); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidMeta, err)
	}
	if problems := l.validator.Struct(typed); len(problems) > 0 {
		return &MetaError{Errors: fieldErrors(problems)}
	}
	return nil
}

// MetaError says what the context's meta lacks. Nothing was written.
type MetaError struct {
	Errors []FieldError
}

func (e *MetaError) Error() string {
	return fmt.Sprintf("%v: %s", ErrInvalidMeta, sentence(e.Errors))
}

// Is makes errors.Is(err, ErrInvalidMeta) hold.
func (e *MetaError) Is(target error) bool { return target == ErrInvalidMeta }
