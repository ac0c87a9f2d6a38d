package generators

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fieldType is a line of the one table of types, which feeds structs, forms,
// migrations, tests and the documentation.
type fieldType struct {
	name     string
	doc      string // what it is for, and what it cannot do
	goType   string
	imports  []string
	nilable  bool   // nil is a value of the type: no pointer is needed
	form     string // the form tag
	required bool   // a missing value is refused by a rule, not only by the form
	rules    string // the rest of the validate tag
	comment  string
	column   string

	serializer string // GORM's, where databases do not know the type

	sample           string // in Go
	wire             string // the sample in JSON
	posted           string // what is typed to get the sample
	mistyped, answer string // what a form refuses, and what it says behind the label

	breakages []breakage
}

// breakage is a value that breaks a rule, and what is said behind the label.
type breakage struct {
	adjective, value, message string
	missing                   bool // allowed where the field may be missing
	imports                   []string
}

const (
	civilPath   = "cloud.google.com/go/civil"
	decimalPath = "github.com/shopspring/decimal"
	uuidPath    = "github.com/google/uuid"
)

const required = "is required"

// plainTypes are all types that need no arguments.
var plainTypes = []fieldType{
	textType("string", "a line of at most 200 characters", 200),
	inForm("text", textType("text", "many lines, at most 10,000 characters", 10_000)),
	{
		name: "int", doc: "a whole number, int64",
		goType: "int64", column: "BIGINT",
		sample: "42", wire: "42", posted: "42", mistyped: "ten", answer: "must be a whole number such as 42",
	},
	{
		name: "bool", doc: "yes or no",
		goType: "bool", column: "BOOLEAN",
		sample: "true", wire: "true", posted: "yes", mistyped: "maybe", answer: "must be yes or no",
	},
	{
		name: "date", doc: "a day without a time, civil.Date",
		goType: "civil.Date", imports: []string{civilPath}, required: true, column: "DATE",
		sample: "civil.Date{Year: 2026, Month: 1, Day: 31}", wire: `"2026-01-31"`,
		posted: "2026-01-31", mistyped: "31.1.2026", answer: "must be a date such as 2026-01-31",
		breakages: []breakage{{adjective: "no", value: "civil.Date{}", message: required, missing: true}},
	},
	{
		name: "time", doc: "a moment, time.Time; forms and read models keep it in UTC",
		goType: "time.Time", imports: []string{"time"}, required: true, column: "TIMESTAMP",
		sample: "time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)", wire: `"2026-01-31T14:30:00Z"`,
		posted: "2026-01-31T14:30", mistyped: "noon", answer: "must be a date and time such as 2026-01-31 14:30",
		breakages: []breakage{{adjective: "no", value: "time.Time{}", message: required, missing: true}},
	},
	{
		name: "money", doc: "an amount above zero, int64 cents",
		goType: "int64", form: "money", rules: "gt=0", comment: "cents", column: "BIGINT",
		sample: "100_000", wire: "100000", posted: "1,000.00", mistyped: "ten", answer: "must be an amount such as 1,234.56",
		breakages: []breakage{{adjective: "no", value: "0", message: "must be greater than 0"}},
	},
	{
		name: "uuid", doc: "a UUID, uuid.UUID",
		goType: "uuid.UUID", imports: []string{uuidPath}, required: true, column: "TEXT",
		sample: `uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")`,
		wire:   `"0190163d-8694-739b-aea5-966c26f8ad91"`, posted: "0190163d-8694-739b-aea5-966c26f8ad91",
		mistyped: "42", answer: "must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91",
		breakages: []breakage{{adjective: "no", value: "uuid.Nil", message: required, missing: true}},
	},
	{
		name: "email", doc: "an email address",
		goType: "string", required: true, rules: "email,max=254", column: "TEXT",
		sample: `"ana@example.com"`, wire: `"ana@example.com"`, posted: "ana@example.com",
		breakages: []breakage{
			{adjective: "no", value: `""`, message: required, missing: true},
			{adjective: "wrong", value: `"ana"`, message: "must be a valid email address"},
			{adjective: "long", value: `strings.Repeat("a", 60) + "@" + strings.Repeat("abcdefghi.", 19) + "abcd"`, message: longer(254), imports: []string{"strings"}},
		},
	},
	{
		name: "url", doc: "an address with its scheme; show it in links only through templ; it drops javascript:",
		goType: "string", required: true, rules: "url,max=2000", column: "TEXT",
		sample: `"https://example.com/a"`, wire: `"https://example.com/a"`, posted: "https://example.com/a",
		breakages: []breakage{
			{adjective: "no", value: `""`, message: required, missing: true},
			{adjective: "wrong", value: `"nowhere"`, message: "must be a valid URL"},
			{adjective: "long", value: `"https://example.com/" + strings.Repeat("a", 2_000)`, message: longer(2_000), imports: []string{"strings"}},
		},
	},
	{
		name: "json", doc: "any JSON, json.RawMessage; forms have no input for it and refuse it; the log drops the space in it; text in it that cannot be stored is reported without its field",
		goType: "json.RawMessage", imports: []string{"encoding/json"}, nilable: true, required: true, column: "TEXT", serializer: "json",
		sample: "json.RawMessage(`{\"a\":1}`)", wire: `{"a":1}`,
		breakages: []breakage{{adjective: "no", value: "nil", message: required, missing: true}},
	},
}

// withArguments are the types that need some.
var withArguments = map[string]struct {
	usage, doc string
	of         func(args []string) (fieldType, error)
}{
	"decimal": {"decimal:12:2", "an exact number, decimal.Decimal, here of 12 digits, 2 of them behind the point; the event checks how large it is, nobody how many digits follow the point; its column is text; sort and add up in Go", decimalType},
	"enum":    {"enum:open:settled", "one of these words", enumType},
	"ref":     {"ref:customer", "the id of a stream of that type", refType},
}

// TypeDocs explains the types, one line each, by how they are written.
func TypeDocs() [][2]string {
	var docs [][2]string
	for _, t := range plainTypes {
		docs = append(docs, [2]string{t.name, t.doc})
	}
	for _, name := range argumentNames() {
		docs = append(docs, [2]string{withArguments[name].usage, withArguments[name].doc})
	}
	return docs
}

func argumentNames() []string { return []string{"decimal", "enum", "ref"} }

// typeNames lists the types for messages.
func typeNames() string {
	var names []string
	for _, doc := range TypeDocs() {
		names = append(names, doc[0])
	}
	return strings.Join(names, ", ")
}

// meant are words for types that are called otherwise here.
var meant = map[string]string{
	"integer": "int", "bigint": "int", "number": "int, or decimal:12:2", "float": "decimal:12:2, which keeps every digit",
	"double": "decimal:12:2, which keeps every digit", "decimal": "decimal:12:2", "boolean": "bool", "datetime": "time",
	"timestamp": "time", "varchar": "string", "references": "ref:STREAM", "belongs_to": "ref:STREAM", "jsonb": "json",
}

// isType reports whether a field may have this type.
func isType(name string) bool {
	return withArguments[name].of != nil || slices.ContainsFunc(plainTypes, func(t fieldType) bool { return t.name == name })
}

// typeOf finds a type by its name and arguments.
func typeOf(name string, args []string) (fieldType, error) {
	if i := slices.IndexFunc(plainTypes, func(t fieldType) bool { return t.name == name }); i >= 0 {
		if len(args) > 0 {
			return fieldType{}, fmt.Errorf("%q is no modifier of %s; the modifiers are null, sensitive, index, uniq", args[0], name)
		}
		return plainTypes[i], nil
	}
	if t, ok := withArguments[name]; ok {
		return t.of(args)
	}
	if other := meant[name]; other != "" {
		return fieldType{}, fmt.Errorf("there is no type %q; write %s", name, other)
	}
	return fieldType{}, fmt.Errorf("there is no type %q; the types are %s", name, typeNames())
}

func textType(name, doc string, limit int) fieldType {
	return fieldType{
		name: name, doc: doc,
		goType: "string", required: true, rules: "max=" + strconv.Itoa(limit), column: "TEXT",
		sample: `"Some words"`, wire: `"Some words"`, posted: "Some words",
		breakages: []breakage{
			{adjective: "no", value: `""`, message: required, missing: true},
			{adjective: "long", value: fmt.Sprintf("strings.Repeat(\"a\", %s)", digits(limit+1)), message: longer(limit), imports: []string{"strings"}},
		},
	}
}

func inForm(tag string, t fieldType) fieldType {
	t.form = tag
	return t
}

func longer(limit int) string {
	return fmt.Sprintf("must be a maximum of %s characters in length", grouped(strconv.Itoa(limit), ","))
}

// digits writes a number as Go does where it is long.
func digits(n int) string { return grouped(strconv.Itoa(n), "_") }

// grouped puts a mark between every three digits.
func grouped(digits, mark string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + mark + digits[i:]
	}
	return digits
}

// The digits that forms read before and behind the point.
const (
	maxWhole    = 12
	maxFraction = 8
)

func decimalType(args []string) (fieldType, error) {
	if len(args) != 2 {
		return fieldType{}, errors.New("say how many digits it has, and how many of them behind the point, such as decimal:12:2")
	}
	all, errAll := strconv.Atoi(args[0])
	fraction, errFraction := strconv.Atoi(args[1])
	whole := all - fraction
	if errors.Join(errAll, errFraction) != nil || whole < 1 || whole > maxWhole || fraction < 0 || fraction > maxFraction {
		return fieldType{}, fmt.Errorf("decimal:%s:%s: use 1 to %d digits before the point and 0 to %d behind it, such as decimal:12:2", args[0], args[1], maxWhole, maxFraction)
	}

	nines := strings.Repeat("9", whole)
	limit, shown := nines, grouped(nines, ",")
	if fraction > 0 {
		limit, shown = limit+"."+strings.Repeat("9", fraction), shown+"."+strings.Repeat("9", fraction)
	}
	over := "1" + strings.Repeat("0", whole)
	return fieldType{
		name:   "decimal",
		goType: "decimal.Decimal", imports: []string{decimalPath}, rules: "gte=-" + limit + ",lte=" + limit, column: "TEXT",
		sample: `decimal.RequireFromString("4.25")`, wire: `"4.25"`,
		posted: "4.25", mistyped: "ten", answer: "must be a number such as 4.25",
		breakages: []breakage{
			{adjective: "small", value: fmt.Sprintf("decimal.RequireFromString(%q)", "-"+over), message: "must be -" + shown + " or greater"},
			{adjective: "large", value: fmt.Sprintf("decimal.RequireFromString(%q)", over), message: "must be " + shown + " or less"},
		},
	}, nil
}

func enumType(args []string) (fieldType, error) {
	if len(args) == 0 {
		return fieldType{}, errors.New("say the words it may be, such as enum:open:settled")
	}
	for i, word := range args {
		if !snakeCase.MatchString(word) || len(word) > maxName {
			return fieldType{}, fmt.Errorf("enum word %q: use lower case letters from a to z, digits and single underscores", word)
		}
		if slices.Contains(args[:i], word) {
			return fieldType{}, fmt.Errorf("enum word %q is there twice; leave one out", word)
		}
	}
	list := strings.Join(args, " ")
	return fieldType{
		name:   "enum",
		goType: "string", rules: "oneof=" + list, column: "TEXT",
		sample: strconv.Quote(args[0]), wire: strconv.Quote(args[0]),
		posted: args[0], mistyped: "something_else", answer: "must be one of " + strings.Join(args, ", "),
		breakages: []breakage{{adjective: "unknown", value: `"Something else"`, message: "must be one of [" + list + "]"}},
	}, nil
}

func refType(args []string) (fieldType, error) {
	if len(args) != 1 {
		return fieldType{}, errors.New("say the stream it refers to, such as ref:customer")
	}
	stream, err := ParseStream(args[0], true)
	if err != nil {
		return fieldType{}, err
	}
	t := textType("ref", "", 255)
	t.comment = "id of " + article(stream.Words()) + " " + stream.Words()
	id := stream.Snake + "-1"
	t.sample, t.wire, t.posted = strconv.Quote(id), strconv.Quote(id), id
	return t, nil
}
