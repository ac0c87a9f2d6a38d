package generators

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// sortable is what a type of columns is to package list, with the Go type of its values.
var sortable = map[string][2]string{
	"string": {"Text", "string"}, "email": {"Text", "string"}, "url": {"Text", "string"}, "enum": {"Text", "string"},
	"ref": {"Text", "string"}, "int": {"Number", "int64"}, "money": {"Number", "int64"},
	"date": {"Date", "civil.Date"}, "time": {"Time", "time.Time"},
}

// Sortable reports whether a list can be in the order of the column: it is never null and
// compares in every database as it does in Go.
func (c column) Sortable() bool { return !c.Null && sortable[c.typ.name][0] != "" }

// sort is one order of a list.
type sort struct{ Key, Label, Column, Kind, Type, Field string }

// Sorts are the orders that there are.
func (d *scaffoldData) Sorts() []sort {
	var sorts []sort
	for _, c := range d.Columns {
		if !c.Sortable() {
			continue
		}
		kind := sortable[c.typ.name]
		s := sort{c.Name.Snake, c.Label(), sqlName(c.Name.Snake), kind[0], kind[1], c.Name.Go}
		if d.Title != nil && c.Name == d.Title.Name {
			s.Column, s.Field = sqlName(d.Key.Name.Snake), d.Key.Name.Go
		}
		sorts = append(sorts, s)
	}
	return append(sorts, sort{"status", "Status", "status", "Text", "string", "Status"})
}

// usual is the column by which the list is sorted where nobody asks.
func (d *scaffoldData) usual() column {
	for _, kind := range []string{"date", "time"} {
		if c := d.first(kind); c != nil {
			return *c
		}
	}
	if d.Title != nil {
		return column{Field: d.Key}
	}
	return column{Field: Field{Name: Name{Snake: "status", Go: "Status"}}}
}

// Usual is the order in which the list is where nobody asks: the newest first, or by
// title.
func (d *scaffoldData) Usual() string {
	switch usual := d.usual(); {
	case usual.typ.name == "date", usual.typ.name == "time":
		return "-" + usual.Name.Snake
	case d.Title != nil:
		return d.Title.Name.Snake
	default:
		return usual.Name.Snake
	}
}

// Search is the column that is searched.
func (d *scaffoldData) Search() string {
	if d.Title == nil {
		return "id"
	}
	return sqlName(d.Key.Name.Snake)
}

// SearchLabel says what is searched.
func (d *scaffoldData) SearchLabel() string {
	if d.Title == nil {
		return "Id"
	}
	return d.Title.Label()
}

// Table is what the migration writes: the columns, and the indexes for the usual order,
// with and without a state.
func (d *scaffoldData) Table() migrationData { return migrationData{d.Plural.Snake, d.table()} }

// Indexes are the statements that make them.
func (d *scaffoldData) Indexes() []string {
	table, usual := d.Plural.Snake, d.usual().Name.Snake
	if usual == "status" {
		return []string{fmt.Sprintf("CREATE INDEX %s_status ON %s (status, id);", table, sqlName(table))}
	}
	return []string{
		fmt.Sprintf("CREATE INDEX %s_%s ON %s (%s, id);", table, usual, sqlName(table), sqlName(usual)),
		fmt.Sprintf("CREATE INDEX %s_status ON %s (status, %s, id);", table, sqlName(table), sqlName(usual)),
	}
}

// maxCells is how many columns the table on the page has besides title and status. The
// file for spreadsheets has all of them.
const maxCells = 5

// Cells are the columns of the table on the page.
func (d *scaffoldData) Cells() []column {
	var cells []column
	for _, c := range d.Columns {
		fits := c.typ.name != "text" && c.typ.name != "json" && c.typ.name != "url"
		first := slices.ContainsFunc(d.Events[0].Fields, func(f Field) bool { return f.Name == c.Name })
		if fits && first && !d.isTitle(c) && len(cells) < maxCells {
			cells = append(cells, c)
		}
	}
	return cells
}

// Facts are the columns that the page of one shows in a row.
func (d *scaffoldData) Facts() []column {
	return slices.DeleteFunc(slices.Clone(d.Columns), func(c column) bool {
		return d.isTitle(c) || d.Lead != nil && c.Name == d.Lead.Name
	})
}

func (d *scaffoldData) isTitle(c column) bool { return d.Title != nil && c.Name == d.Title.Name }

// Class is the class of a column's cells. On a phone one number stands out, and what
// cannot be sorted by, or is another number, is left out.
func (d *scaffoldData) Class(c column) string {
	var classes []string
	if c.Number() {
		classes = append(classes, "number")
	}
	switch {
	case d.standsOut(c):
		classes = append(classes, "strong")
	case c.Number(), !c.Sortable():
		classes = append(classes, "wide")
	}
	return strings.Join(classes, " ")
}

// standsOut reports whether a column is the first amount, or else the first number.
func (d *scaffoldData) standsOut(c column) bool {
	cells := d.Cells()
	i := slices.IndexFunc(cells, func(other column) bool { return other.typ.name == "money" })
	if i < 0 {
		i = slices.IndexFunc(cells, column.Number)
	}
	return i >= 0 && cells[i].Name == c.Name
}

// Number reports whether a column is written to the right.
func (c column) Number() bool {
	return slices.Contains([]string{"int", "money", "decimal"}, c.typ.name)
}

// URL reports whether a column leads somewhere.
func (c column) URL() bool { return c.typ.name == "url" }

// Pointer reports whether the model's field is one.
func (c column) Pointer() bool { return c.Null && !c.typ.nilable }

// Maybe reports whether there may be nothing in the column.
func (c column) Maybe() bool { return c.Null }

// Tag is the field's tag in the model, with its label where people would read another.
func (c column) Tag() string {
	label := c.Label()
	if label == validation.Label(validation.Snake(c.Name.Go)) {
		return c.ColumnTag()
	}
	tags := strings.Trim(c.ColumnTag(), "`") + " " + strings.Trim(tag("label", label), "`")
	return "`" + strings.TrimSpace(tags) + "`"
}

// Shown is a template's expression for the value of a field of what is called of.
func (c column) Shown(of string) string {
	value := of + "." + c.Name.Go
	if c.Pointer() {
		value = "*" + value
	}
	return fmt.Sprintf("words(%q, %s)", validation.Snake(c.Name.Go), value)
}

// plain is how programs read a type: an expression with %s for the value, or a function.
var plain = map[string][2]string{
	"int":   {"strconv.FormatInt(%s, 10)", "func(n int64) string { return strconv.FormatInt(n, 10) }"},
	"money": {"money.Plain(%s)", "money.Plain"}, "bool": {"strconv.FormatBool(%s)", "strconv.FormatBool"},
	"date": {"%s.String()", "civil.Date.String"}, "decimal": {"%s.String()", "decimal.Decimal.String"},
	"uuid": {"%s.String()", "uuid.UUID.String"}, "json": {"string(%s)", ""},
	"time": {"%s.UTC().Format(time.RFC3339)", "func(t time.Time) string { return t.UTC().Format(time.RFC3339) }"},
}

// Plain is an expression for the value of a row for programs.
func (c column) Plain() string {
	value := "row." + c.Name.Go
	how, ok := plain[c.typ.name]
	switch {
	case c.Pointer() && !ok:
		return "optional(" + value + ", func(s string) string { return s })"
	case c.Pointer():
		return "optional(" + value + ", " + how[1] + ")"
	case !ok:
		return value
	default:
		return fmt.Sprintf(how[0], value)
	}
}

// PlainRow are the values of a row for programs, in lines of some length.
func (d *scaffoldData) PlainRow() string {
	const length = 100
	lines := []string{"row.ID, row.Status"}
	for _, c := range d.Columns {
		if last := &lines[len(lines)-1]; len(*last)+len(c.Plain()) < length {
			*last += ", " + c.Plain()
		} else {
			lines = append(lines, c.Plain())
		}
	}
	return strings.Join(lines, ",\n")
}

// Optional reports whether any column is a pointer.
func (d *scaffoldData) Optional() bool { return slices.ContainsFunc(d.Columns, column.Pointer) }

// wording is how the values of some keys are written for people.
type wording struct{ Keys, How string }

// worded are the types that people read otherwise than package view writes them.
var worded = map[string]string{
	"money": "money.Format(value.(int64))", "enum": "sentence(value.(string))", "ref": "value.(string)",
	"json": "string(value.(json.RawMessage))",
}

// unhidden are the types of fields that package view would hide for their names.
var unhidden = map[string]string{
	"string": "value.(string)", "text": "value.(string)", "email": "value.(string)", "url": "value.(string)",
	"int": "strconv.FormatInt(value.(int64), 10)", "uuid": "value.(uuid.UUID).String()", "decimal": "value.(decimal.Decimal).String()",
}

// wordingOf is how a field is written; empty: as package view does it.
func wordingOf(f Field) string {
	if how := worded[f.typ.name]; how != "" {
		return how
	}
	if hasAnySuffix(f.Name.Snake, "_id", "_key") {
		return unhidden[f.typ.name]
	}
	return ""
}

// Wordings are the keys that are not written as package view does it.
func (d *scaffoldData) Wordings() []wording {
	keys := map[string][]string{"statusWord(value.(string))": {`"status"`}}
	for _, f := range d.allFields() {
		if how := wordingOf(f); how != "" {
			keys[how] = append(keys[how], strconv.Quote(f.Name.Snake), strconv.Quote(validation.Snake(f.Name.Go)))
		}
	}
	var all []wording
	for _, how := range slices.Sorted(maps.Keys(keys)) {
		slices.Sort(keys[how])
		all = append(all, wording{strings.Join(slices.Compact(keys[how]), ", "), how})
	}
	return all
}

// HasEnum reports whether one of the fields is a choice of words.
func (d *scaffoldData) HasEnum() bool {
	return slices.ContainsFunc(d.allFields(), func(f Field) bool { return f.typ.name == "enum" })
}

// allFields are those of the events and of the model.
func (d *scaffoldData) allFields() (fields []Field) {
	for _, e := range d.Events {
		fields = append(fields, e.Fields...)
	}
	for _, c := range d.Columns {
		fields = append(fields, c.Field)
	}
	return fields
}

// Inputs are the fields that forms have.
func (e scaffoldEvent) Inputs() []Field {
	return slices.DeleteFunc(slices.Clone(e.Fields), func(f Field) bool { return f.Posted() == "" })
}

// Slug is the event in addresses, and the name of its form: payment-received.
func (e scaffoldEvent) Slug() string { return strings.ReplaceAll(e.Event.Snake, "_", "-") }

// Heading is what its form is called.
func (e scaffoldEvent) Heading() string { return e.crud("Edit", "Archive", e.Event.Label()) }

// Button is what the form's button says.
func (e scaffoldEvent) Button() string {
	return e.crud("Save the changes", "Archive the "+e.Stream.Words(), "Record: "+e.Event.Words())
}

// Done is what is said when it is recorded.
func (e scaffoldEvent) Done() string {
	of := "The " + e.Stream.Words()
	switch {
	case e.First && e.CRUD:
		return of + " is created."
	default:
		return e.crud(of+" is changed.", of+" is archived.", "Recorded: "+e.Event.Words()+".")
	}
}

func (e scaffoldEvent) crud(updated, archived, other string) string {
	switch {
	case e.CRUD && e.Closing:
		return archived
	case e.CRUD && !e.First:
		return updated
	default:
		return other
	}
}

// Icon is the picture beside it.
func (e scaffoldEvent) Icon() string {
	switch {
	case e.First:
		return "plus"
	case e.Closing:
		return "check"
	default:
		return "dot"
	}
}

// Begin is what is in its form at first, as a literal: today, or with CRUD what there is.
func (e scaffoldEvent) Begin() string {
	var values []string
	switch {
	case e.CRUD && !e.First:
		for _, s := range e.Sets {
			if strings.HasPrefix(s.From, "e.") && s.Of.Name == s.Name {
				values = append(values, s.Name.Go+": state."+s.Name.Go)
			}
		}
	case e.Today != "":
		values = []string{e.Today + ": civil.DateOf(p.Now().UTC())"}
	}
	return e.Type + "{" + literal(values) + "}"
}

// Hint is a sentence below a field's input, empty where there is none.
func (f Field) Hint() string {
	if f.typ.name == "ref" {
		return upperFirst(f.typ.comment)
	}
	return ""
}
