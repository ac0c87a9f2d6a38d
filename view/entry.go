package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/validation"
)

// Entry is one event of a history, for people.
type Entry struct {
	Phrase

	Version  int64
	Type     string    // the stored name
	ID       string    // the event's own
	Who      string    // ireneo.ActorKey of its meta; empty: nobody said
	Occurred time.Time // UTC
	Recorded time.Time // UTC
	Late     bool      // recorded after something that happened later
	Facts    []Fact    // what the event says
	Changes  []Change  // what it changed; of a Clash none
	Meta     []Fact    // the context it was recorded in, but for Who
}

// Fact is one field in words.
type Fact struct{ Label, Value string }

func (l Look) entry(ev ireneo.AnyEvent) Entry {
	return Entry{
		Phrase:   phrase(l, ev),
		Version:  ev.Version(),
		Type:     ev.Type(),
		ID:       ev.ID().String(),
		Who:      ev.Meta().Get(ireneo.ActorKey),
		Occurred: ev.OccurredAt(),
		Recorded: ev.RecordedAt(),
		Facts:    l.facts(ev),
		Meta:     metaOf(ev.Meta()),
	}
}

// phrase puts an event into words, by its type where nobody else does.
func phrase(l Look, ev ireneo.AnyEvent) Phrase {
	var p Phrase
	if l.Phrase != nil {
		p = l.Phrase(ev)
	}
	if p.What == "" {
		p.What = validation.Label(ev.Type()[strings.LastIndexByte(ev.Type(), '.')+1:])
	}
	return p
}

// facts are the fields of an event in their order, but for those without a value.
func (l Look) facts(ev ireneo.AnyEvent) []Fact {
	var facts []Fact
	v := reflect.ValueOf(ev).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		if !f.IsExported() || f.Anonymous || f.Tag.Get("json") == "-" {
			continue
		}
		if value := written(l.Value, f, v); value != "" {
			facts = append(facts, Fact{validation.LabelOf(f), value})
		}
	}
	return facts
}

// written is a field of a struct as it is shown, nothing where a pointer is nil.
func written(format func(string, any) string, f reflect.StructField, of reflect.Value) string {
	v, err := of.FieldByIndexErr(f.Index)
	if err != nil { // promoted through a nil pointer
		return ""
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	if format == nil {
		format = Value
	}
	return format(validation.Key(f), v.Interface())
}

// Value writes a field for people where a page does not say otherwise: dates and times
// in words, yes and no, and nothing for ids, for keys that are only there for searching,
// and for dates that are not set.
func Value(key string, value any) string {
	if key == "id" || strings.HasSuffix(key, "_id") || strings.HasSuffix(key, "_key") {
		return ""
	}
	switch v := value.(type) {
	case civil.Date:
		return Day(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(momentWords)
	case bool:
		if v {
			return "Yes"
		}
		return "No"
	default:
		return fmt.Sprint(v)
	}
}

// Day is a date in words, nothing where there is none.
func Day(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.In(time.UTC).Format(dayWords)
}

// How days and moments are written.
const (
	dayWords    = "2 Jan 2006"
	momentWords = "2 Jan 2006, 15:04 MST"
)

// metaOf lists a meta by its keys.
func metaOf(meta ireneo.Meta) []Fact {
	var fields map[string]json.RawMessage
	if meta.Decode(&fields) != nil {
		return nil
	}
	var facts []Fact
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if key != ireneo.ActorKey {
			facts = append(facts, Fact{validation.Label(key), meta.Get(key)})
		}
	}
	return facts
}
