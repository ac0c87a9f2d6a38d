package generators

import (
	"fmt"
	"go/token"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// scaffoldData is what the templates of a scaffold know.
type scaffoldData struct {
	streams map[string]declaredStream // that the application has already, by their types

	Name         Name
	Plural       Name
	CRUD, NoWeb  bool
	Module       string
	Package      string // of the pages
	Model        string // the Go type of a row
	Receiver     string
	Events       []scaffoldEvent
	Columns      []column // of the model, without its id, the key and the status
	Title        *column  // what one is called and looked for by; nil: by its id
	Key          Field    // the title in lower case
	Lead         *column  // the amount that stands out
	ActualTime   string   // the field that says when an event happened; empty: when it was recorded
	ActualGoName string
}

// scaffoldEvent is one event of a scaffold.
type scaffoldEvent struct {
	EventName
	Fields         []Field
	Sets           []set
	First, Closing bool
	Main           bool   // its form is open
	Type           string // debt.Issued
	State          string // the constant of the state after it: DebtIssued
	Today          string // the field that its form fills in with the day it is
	CRUD           bool
}

// set is a field of the model that an event sets, and to what.
type set struct {
	column
	From string
}

// column is a field of the model.
type column struct {
	Field
	Of Field // as the event has it
}

// hiddenByPages are names in the packages of pages that none of their imports may have.
var hiddenByPages = strings.Fields(`config detail echo empty facts form http index iter list listing look migrate
	optional page pages path phrase rows server show sorts state status statuses strconv table templ title url view
	web words assets slog httptest html regexp`)

func (a *App) scaffoldData(s Scaffold) (*scaffoldData, error) {
	streams, err := declaredStreams(os.DirFS(a.Dir))
	if err != nil {
		return nil, err
	}
	many := plural(s.Name.Snake)
	d := &scaffoldData{
		streams: streams,
		Name:    s.Name, Plural: Name{Snake: many, Go: goName(many)}, CRUD: s.CRUD, NoWeb: s.NoWeb, Module: a.Module,
		Model: goName(singular(many)),
	}
	d.Package, d.Receiver = d.Plural.Package(), receiver(d.Plural)
	if d.Model == d.Plural.Go {
		d.Model += "Model"
	}
	if err := d.checkNames(); err != nil {
		return nil, err
	}
	d.findActualTime(s.Events)
	for i, e := range s.Events {
		event := scaffoldEvent{
			EventName: EventName{s.Name, e.Name}, Fields: e.Fields, CRUD: s.CRUD,
			First: i == 0, Main: i == 1, Closing: e.Name.Snake == s.ClosedBy,
			Type: s.Name.Package() + "." + e.Name.Go, State: s.Name.Go + e.Name.Go, Today: d.ActualGoName,
		}
		if err := d.add(&event); err != nil {
			return nil, err
		}
	}
	d.sortEvents()
	return d, d.checkColumns()
}

// checkNames refuses a stream whose packages would hide something else.
func (d *scaffoldData) checkNames() error {
	for _, name := range []string{d.Name.Package(), d.Package} {
		if slices.Contains(hiddenByPages, name) || token.IsKeyword(name) {
			return fmt.Errorf("stream %q: its pages use the name %s for something else; use another word", d.Name.Snake, name)
		}
	}
	if _, err := parseName("stream", d.Plural.Snake); err != nil {
		return err
	}
	return nil
}

// findActualTime looks for the date that all events have. More than one in the first of
// them, and nobody knows which it is.
func (d *scaffoldData) findActualTime(events []ScaffoldEvent) {
	var dates []Field
	for _, f := range events[0].Fields {
		if f.typ.name == "date" && !f.Null {
			dates = append(dates, f)
		}
	}
	if len(dates) != 1 {
		return
	}
	for _, e := range events {
		if !slices.ContainsFunc(e.Fields, func(f Field) bool { return f.Name == dates[0].Name && f.typ.name == "date" && !f.Null }) {
			return
		}
	}
	d.ActualTime, d.ActualGoName = dates[0].Name.Snake, dates[0].Name.Go
}

// add adds an event, and to the model what is in it.
func (d *scaffoldData) add(e *scaffoldEvent) error {
	for _, f := range e.Fields {
		if err := d.checkField(f); err != nil {
			return fmt.Errorf("event %s: %w", e.Event.Snake, err)
		}
		c, err := d.columnFor(e, f)
		if err != nil {
			return fmt.Errorf("event %s: %w", e.Event.Snake, err)
		}
		from := "e." + f.Name.Go
		if c.Null && !f.Null && !f.typ.nilable {
			from = "&" + from
		}
		e.Sets = append(e.Sets, set{c, from})
	}
	if e.First {
		d.findTitle()
	}
	if d.Title != nil && (e.First || d.CRUD && len(e.Fields) > 0) {
		e.Sets = append(e.Sets, set{column{Field: d.Key}, "strings.ToLower(e." + d.Title.Name.Go + ")"})
	}
	d.Events = append(d.Events, *e)
	return nil
}

// checkField refuses what no form could fill in, and what nobody could tell apart.
func (d *scaffoldData) checkField(f Field) error {
	if f.Name.Snake == "status" {
		return fmt.Errorf("field %q: the list keeps there what happened last; use another word, such as state", f.Name.Snake)
	}
	if f.typ.name == "json" && !f.Null {
		return fmt.Errorf("field %q: forms have no input for json, so nobody could fill it in; write %s:json:null, which forms leave out", f.Name.Snake, f.Name.Snake)
	}
	for _, e := range d.Events {
		for _, other := range e.Fields {
			if other.Name == f.Name && other.typ.name != f.typ.name {
				return fmt.Errorf("field %q is %s in %s; give it the same type, or another name", f.Name.Snake, other.typ.name, e.Event.Snake)
			}
		}
	}
	return nil
}

// columnFor is the column that a field goes to. One that an earlier event has too goes to
// a column of its own, EVENT_FIELD, since nobody knows how they add up; with CRUD it is
// the same.
func (d *scaffoldData) columnFor(e *scaffoldEvent, f Field) (column, error) {
	i := slices.IndexFunc(d.Columns, func(c column) bool { return c.Name == f.Name })
	if d.CRUD && i >= 0 {
		return d.Columns[i], nil
	}
	c := column{f, f}
	if !e.First {
		c.Null = true // before the event there is none
	}
	if i >= 0 {
		name, err := parseFieldName(e.Event.Snake + "_" + f.Name.Snake)
		if err != nil {
			return c, err
		}
		c.Name = name
	}
	d.Columns = append(d.Columns, c)
	return c, nil
}

// findTitle finds what one of the rows is called by, and the amount that stands out.
func (d *scaffoldData) findTitle() {
	for _, kind := range []string{"email", "string"} {
		if c := d.first(kind); c != nil {
			d.Title = c
		}
	}
	if d.Title != nil {
		d.Key = Field{Name: Name{Snake: d.Title.Name.Snake + "_key", Go: d.Title.Name.Go + "Key"}, typ: plainTypes[0], Sensitive: d.Title.Sensitive}
	}
	d.Lead = d.first("money")
}

// first is the first column of a type that is always there.
func (d *scaffoldData) first(kind string) *column {
	i := slices.IndexFunc(d.Columns, func(c column) bool { return c.typ.name == kind && !c.Null })
	if i < 0 {
		return nil
	}
	return &column{d.Columns[i].Field, d.Columns[i].Of}
}

// sortEvents puts the event that closes the stream last, as it happens.
func (d *scaffoldData) sortEvents() {
	slices.SortStableFunc(d.Events, func(a, b scaffoldEvent) int {
		switch {
		case a.Closing == b.Closing:
			return 0
		case a.Closing:
			return 1
		default:
			return -1
		}
	})
	for i := range d.Events {
		d.Events[i].Main = i == 1
	}
}

// checkColumns refuses two columns of one name, and indexes of names that are too long.
func (d *scaffoldData) checkColumns() error {
	seen := map[string]bool{"id": true, "status": true}
	var goNames []string
	for _, f := range d.table() {
		if f.Name.Snake != "status" && (seen[f.Name.Snake] || slices.Contains(goNames, f.Name.Go)) {
			return fmt.Errorf("there would be two columns %s; give one of the fields another name", f.Name.Snake)
		}
		seen[f.Name.Snake], goNames = true, append(goNames, f.Name.Go)
	}
	return migrationData{d.Plural.Snake, []Field{{Name: d.usual().Name, Index: true}}}.check()
}

// table are all columns but the id.
func (d *scaffoldData) table() []Field {
	var fields []Field
	for _, c := range d.Columns {
		fields = append(fields, c.Field)
	}
	if d.Title != nil {
		fields = append(fields, d.Key)
	}
	return append(fields, Field{Name: Name{Snake: "status", Go: "Status"}, typ: plainTypes[0]})
}

// Later are the events after the first.
func (d *scaffoldData) Later() []scaffoldEvent { return d.Events[1:] }

// First is the event that begins the stream.
func (d *scaffoldData) First() scaffoldEvent { return d.Events[0] }

// Closing is the event after which nothing follows, nil where there is none.
func (d *scaffoldData) Closing() *scaffoldEvent {
	if last := &d.Events[len(d.Events)-1]; last.Closing {
		return last
	}
	return nil
}

// Guarded reports whether events could be dated before the first, which has to be refused.
func (d *scaffoldData) Guarded() bool { return d.ActualTime != "" && len(d.Events) > 1 }

// Path is where the pages are.
func (d *scaffoldData) Path() string { return d.Name.Path() }

// Article is the one of the stream in a sentence.
func (d *scaffoldData) Article() string { return article(d.Name.Words()) }

// States are all states, as a rule lists them.
func (d *scaffoldData) States() string {
	var states []string
	for _, e := range d.Events {
		states = append(states, e.Event.Snake)
	}
	return strings.Join(states, " ")
}

func (d *scaffoldData) modelFile() string {
	return path.Join(projectionsDir, d.Plural.File("projection"))
}

// Related are the other streams of the application that fields refer to, in quotes.
func (d *scaffoldData) Related() []string {
	var related []string
	for _, e := range d.Events {
		for _, f := range e.Fields {
			of := strings.TrimSuffix(f.Posted(), "-1") // the sample is the id of one: customer-1
			if _, known := d.streams[of]; f.typ.name == "ref" && known {
				related = append(related, strconv.Quote(of))
			}
		}
	}
	slices.Sort(related)
	return slices.Compact(related)
}
