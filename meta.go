package ireneo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

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
	raw    []byte // the fields as they are stored
	err    error
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

	merged := contextMeta{fields: maps.Clone(above.fields)}
	if merged.fields == nil {
		merged.fields = map[string]json.RawMessage{}
	}
	raw, err := json.Marshal(meta)
	if err == nil {
		err = json.Unmarshal(raw, &merged.fields)
	}
	if err != nil || merged.fields == nil {
		merged.err = fmt.Errorf("%w: %T does not encode to a JSON object", ErrInvalidMeta, meta)
	} else {
		merged.raw, merged.err = encodeFields(merged.fields)
	}
	return context.WithValue(ctx, metaKey{}, merged)
}

func encodeFields(fields map[string]json.RawMessage) ([]byte, error) {
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidMeta, err)
	}
	if bad := text.Check(raw, nil); len(bad) > 0 {
		return nil, &MetaError{Errors: []FieldError{FieldError(bad[0])}}
	}
	return raw, nil
}

// encodeMeta gives the JSON object that is stored with the events of one append.
func (l *Log) encodeMeta(ctx context.Context, caused map[string]string) ([]byte, error) {
	set, _ := ctx.Value(metaKey{}).(contextMeta)
	if set.err == nil && len(caused) > 0 {
		set = withCause(set, caused)
	}
	if set.err != nil {
		return nil, set.err
	}
	if set.raw == nil {
		set.raw = []byte("{}")
	}
	return set.raw, l.checkMeta(set.raw)
}

// withCause adds the ids of CausedBy, which are UUIDs or what the application gave.
func withCause(set contextMeta, caused map[string]string) contextMeta {
	fields := maps.Clone(set.fields)
	if fields == nil {
		fields = map[string]json.RawMessage{}
	}
	for key, id := range caused {
		quoted, err := json.Marshal(id)
		if err != nil {
			return contextMeta{err: fmt.Errorf("%w: %w", ErrInvalidMeta, err)}
		}
		fields[key] = quoted
	}
	raw, err := encodeFields(fields)
	return contextMeta{fields: fields, raw: raw, err: err}
}

// checkMeta decodes the meta into the application's own struct and validates it.
func (l *Log) checkMeta(raw []byte) error {
	if l.config.Meta == nil {
		return nil
	}
	typed := reflect.New(reflect.TypeOf(l.config.Meta)).Interface()
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(typed); err != nil {
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
