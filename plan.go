package ireneo

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"gorm.io/gorm/schema"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// plan is what a log made of a stream's declaration when it was opened.
type plan struct {
	stream        *Stream
	consistency   *projection   // nil without one
	transactional []*readModel  // in declared order
	folds         []*projection // consistency first, then transactional
	actual        map[reflect.Type]actualTime
	creating      map[string]bool         // stored names and aliases of the creating event
	closing       map[string]bool         // and of the closing one
	keepers       map[*projection]*keeper // of the folds that keep snapshots
}

// actualTime takes the actual time out of an event struct; zero where it has none.
type actualTime func(event reflect.Value) time.Time

// projections are all projections the stream names.
func (s *Stream) projections() []*projection {
	all := s.folds()
	for _, p := range s.Async {
		all = append(all, p.untyped())
	}
	return all
}

// folds are those that an append folds.
func (s *Stream) folds() []*projection {
	var all []*projection
	if s.Consistency != nil {
		all = append(all, s.Consistency.untyped())
	}
	for _, p := range s.Transactional {
		all = append(all, p.untyped())
	}
	return all
}

func (l *Log) planFor(s *Stream) (*plan, error) {
	p := &plan{stream: s, folds: s.folds(), actual: map[reflect.Type]actualTime{}}
	var mistakes []error
	for _, e := range []struct {
		field, name string
		names       *map[string]bool
	}{{"CreatedBy", s.CreatedBy, &p.creating}, {"ClosedBy", s.ClosedBy, &p.closing}} {
		var err error
		if *e.names, err = l.namesOf(e.name); err != nil {
			mistakes = append(mistakes, fmt.Errorf("stream %s: %s %w", s.Type, e.field, err))
		}
	}
	if s.Consistency != nil {
		p.consistency = s.Consistency.untyped()
	}
	mistakes = append(mistakes, l.checkRetention(s), checkPattern(s))
	var err error
	if p.keepers, err = l.keepersFor(s); err != nil {
		mistakes = append(mistakes, err)
	}
	for _, f := range s.projections() {
		if f.keyed() {
			mistakes = append(mistakes, fmt.Errorf("stream %s: projection %s has OnBy, and so rows by key over many streams: move it to Config.Projections", s.Type, f.name))
		}
	}
	for _, t := range s.Transactional {
		m, err := l.readModelFor(t.untyped())
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("stream %s: %w", s.Type, err))
		}
		p.transactional = append(p.transactional, m)
		l.readModels[t.Name()] = m
	}
	if s.ActualTime != "" {
		for goType := range l.goTypes {
			if at := actualTimeOf(goType, s.ActualTime); at != nil {
				p.actual[goType] = at
			}
		}
	}
	return p, errors.Join(mistakes...)
}

// checkRetention says why streams cannot be removed as is declared. Where they can, the log
// has streams that keep a record of it.
func (l *Log) checkRetention(s *Stream) error {
	if s.Retention == (AfterClosing{}) {
		return nil
	}
	mistake := func(text string) error { return fmt.Errorf("stream %s: Retention %s", s.Type, text) }
	var mistakes []error
	if s.Retention.Years < 0 || s.Retention.Months < 0 || s.Retention.Days < 0 {
		mistakes = append(mistakes, mistake("is negative"))
	}
	if s.ClosedBy == "" {
		mistakes = append(mistakes, mistake("begins with the closing event: say which one that is in ClosedBy"))
	}
	for _, p := range s.projections() {
		if p.persist != nil {
			mistakes = append(mistakes, mistake("would leave behind what PersistWith of "+p.name+" writes: keep it with Materialize alone"))
		}
	}
	if l.plans[removals.Type] == nil {
		l.plans[removals.Type] = &plan{stream: removals}
		mistakes = append(mistakes, l.register(TypeOf[StreamsRemoved]().eventType))
	}
	return errors.Join(mistakes...)
}

func checkPattern(s *Stream) error {
	if s.Pattern == "" {
		return nil
	}
	if err := checkID(s.Pattern); err != nil {
		return fmt.Errorf("stream %s: no id looks like its Pattern: %w", s.Type, err)
	}
	return nil
}

// namesOf are all stored names of the event called name; none for an empty name.
func (l *Log) namesOf(name string) (map[string]bool, error) {
	if name == "" {
		return nil, nil
	}
	t := l.types[name]
	if t == nil {
		return nil, fmt.Errorf("names %s, which no registered event is called", name)
	}
	names := map[string]bool{}
	for _, n := range t.names() {
		names[n] = true
	}
	return names, nil
}

// reads reports whether an append has to know the stream before it can be made.
func (p *plan) reads() bool {
	return len(p.folds) > 0 || p.stream.CreatedBy != "" || p.stream.ClosedBy != ""
}

// day is a date without a time, such as civil.Date.
type day interface {
	In(*time.Location) time.Time
}

// actualTimeOf finds the field with this JSON key, and how to read a time from it.
func actualTimeOf(goType reflect.Type, key string) actualTime {
	for _, f := range reflect.VisibleFields(goType) {
		if !f.IsExported() || validation.Key(f) != key {
			continue
		}
		return func(event reflect.Value) time.Time {
			v, err := event.FieldByIndexErr(f.Index)
			if err != nil || v.IsZero() {
				return time.Time{}
			}
			switch t := v.Interface().(type) {
			case time.Time:
				return moment(t)
			case *time.Time:
				return moment(*t)
			case day:
				return t.In(time.UTC)
			default:
				return time.Time{}
			}
		}
	}
	return nil
}

// readModel is how a materialized projection becomes a row.
type readModel struct {
	projection *projection
	schema     *schema.Schema
	key        *schema.Field
	columns    []*schema.Field
	names      []string
}

func (l *Log) readModelFor(p *projection) (*readModel, error) {
	if p.model.Kind() != reflect.Struct {
		return nil, nil // reported with the projection's mistakes
	}
	s, err := schema.Parse(p.empty(), &sync.Map{}, l.DB().NamingStrategy)
	if err != nil {
		return nil, fmt.Errorf("projection %s: %s is no GORM model: %w", p.name, p.model, err)
	}
	m := &readModel{projection: p, schema: s}
	if len(s.PrimaryFields) != 1 || s.PrimaryFields[0].FieldType.Kind() != reflect.String {
		return nil, fmt.Errorf("projection %s: materialized models have one string primary key, which holds the stream id: tag the field of %s with `gorm:\"primaryKey\"`", p.name, p.model)
	}
	m.key = s.PrimaryFields[0]
	if m.key.Tag.Get("sensitive") == "true" {
		return nil, fmt.Errorf("projection %s: rows are found and named by the key of %s, so that it cannot be sensitive: use an id", p.name, p.model)
	}
	for _, f := range s.Fields {
		if f.DBName != "" && f.Creatable {
			m.columns = append(m.columns, f)
			m.names = append(m.names, f.DBName)
		}
	}
	return m, nil
}
