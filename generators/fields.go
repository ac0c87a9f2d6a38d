package generators

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// Field is one field of an event or of a read model, asked for as name:type[:modifier…].
type Field struct {
	Name      Name
	Null      bool // may be missing
	Sensitive bool // masked in logs and in the admin pages
	Index     bool // of read models: looked for
	Unique    bool // of read models: no two rows have the same

	typ fieldType
}

// modifiers are what may stand behind a type.
var modifiers = map[string]func(*Field){
	"null":      func(f *Field) { f.Null = true },
	"sensitive": func(f *Field) { f.Sensitive = true },
	"index":     func(f *Field) { f.Index = true },
	"uniq":      func(f *Field) { f.Unique = true },
}

// ParseField reads one field, such as amount:money or note:text:null.
func ParseField(text string) (Field, error) {
	parts := strings.Split(text, ":")
	name, err := parseFieldName(parts[0])
	if err != nil {
		return Field{}, err
	}
	if len(parts) == 1 || parts[1] == "" {
		return Field{}, fmt.Errorf("field %q: say its type, such as %s:string; the types are %s", text, text, typeNames())
	}

	f := Field{Name: name}
	args := parts[2:]
	for len(args) > 0 && modifiers[args[len(args)-1]] != nil {
		modifiers[args[len(args)-1]](&f)
		args = args[:len(args)-1]
	}
	if f.typ, err = typeOf(parts[1], args); err != nil {
		return Field{}, fmt.Errorf("field %q: %w", text, err)
	}
	return f, nil
}

// ParseFields reads fields, no two of which are the same.
func ParseFields(texts []string) ([]Field, error) {
	var fields []Field
	for _, text := range texts {
		f, err := ParseField(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(fields, func(other Field) bool { return other.Name.Go == f.Name.Go }) {
			return nil, fmt.Errorf("field %q: there are two fields %s; leave one out", text, f.Name.Go)
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// GoType is the field's type: a pointer where it may be missing. What is nil by itself
// needs none.
func (f Field) GoType() string {
	if f.Null && !f.typ.nilable {
		return "*" + f.typ.goType
	}
	return f.typ.goType
}

// Label is what the field is called in messages.
func (f Field) Label() string {
	return upperFirst(f.Words())
}

// Words are what the field is called in a sentence.
func (f Field) Words() string {
	switch f.typ.name + " " + f.Name.Snake {
	case "date on":
		return "date"
	case "time at":
		return "time"
	}
	if f.typ.name == "ref" { // people know whom it names, not the id
		return Name{Snake: strings.TrimSuffix(f.Name.Snake, "_id")}.Words()
	}
	return f.Name.Words()
}

// Tag is the field's tag in an event, with its backquotes.
func (f Field) Tag() string {
	key := f.Name.Snake
	if f.Null {
		key += ",omitempty"
	}
	label := f.Label()
	if label == validation.Label(f.Name.Snake) {
		label = ""
	}
	sensitive := ""
	if f.Sensitive {
		sensitive = "true"
	}
	return tag("json", key, "form", f.typ.form, "label", label, "validate", f.rules(), "sensitive", sensitive)
}

// ColumnTag is the field's tag in a read model, empty where it needs none: the name of
// its column where GORM would make another of the field's, and how to read a type that
// databases do not know.
func (f Field) ColumnTag() string {
	var column []string
	sensitive := ""
	if (schema.NamingStrategy{}).ColumnName("", f.Name.Go) != f.Name.Snake {
		column = append(column, "column:"+f.Name.Snake)
	}
	if f.typ.serializer != "" {
		column = append(column, "serializer:"+f.typ.serializer)
	}
	if f.Sensitive {
		sensitive = "true"
	}
	return tag("gorm", strings.Join(column, ";"), "sensitive", sensitive)
}

// tag joins names and values, given in turn, and leaves out what is empty.
func tag(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			parts = append(parts, fmt.Sprintf("%s:%q", pairs[i], pairs[i+1]))
		}
	}
	if parts == nil {
		return ""
	}
	return "`" + strings.Join(parts, " ") + "`"
}

// rules is the field's validate tag.
func (f Field) rules() string {
	switch {
	case f.Null && f.typ.rules != "":
		return "omitempty," + f.typ.rules
	case f.typ.required && !f.Null:
		return strings.TrimSuffix("required,"+f.typ.rules, ",")
	default:
		return f.typ.rules
	}
}

// Comment is what is to be known of the value, empty where the type says it all.
func (f Field) Comment() string { return f.typ.comment }

// Imports are the packages that the field's type needs.
func (f Field) Imports() []string { return f.typ.imports }

// Sample is a valid value as Go writes it.
func (f Field) Sample() string { return f.value(f.typ.sample) }

// value is an expression of the field's type, as the value of the field.
func (f Field) value(expr string) string {
	switch {
	case !f.Null || f.typ.nilable:
		return expr
	case f.typ.goType == "int64":
		return "new(int64(" + expr + "))"
	default:
		return "new(" + expr + ")"
	}
}

// Wire is the sample in JSON.
func (f Field) Wire() string { return f.typ.wire }

// Posted is what somebody types into a form to get the sample; empty where forms have
// no input for the type.
func (f Field) Posted() string { return f.typ.posted }

// Mistyped is a text that a form refuses, and what it says then; both are empty where
// it takes every text.
func (f Field) Mistyped() (text, message string) {
	if f.typ.mistyped == "" {
		return "", ""
	}
	return f.typ.mistyped, f.Label() + " " + f.typ.answer
}

// Column is the type of the field's column in SQL that both databases accept.
func (f Field) Column() string {
	if f.Null {
		return f.typ.column
	}
	return f.typ.column + " NOT NULL"
}

// Breakage is a way to break one rule of a field.
type Breakage struct {
	Case    string // what is tested: no customer
	Value   string // what the field is set to
	Message string // what the event then says
	Imports []string
}

// Breakages break each rule of the field once.
func (f Field) Breakages() []Breakage {
	var all []Breakage
	for _, b := range f.typ.breakages {
		if b.missing && f.Null {
			continue
		}
		all = append(all, Breakage{
			Case:    b.adjective + " " + f.Words(),
			Value:   f.value(b.value),
			Message: f.Label() + " " + b.message,
			Imports: b.imports,
		})
	}
	return all
}
