// Package validation checks structs by their validate tags and says what is wrong
// in words for the person who filled in the form.
package validation

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/go-playground/locales/en"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"
	entranslations "github.com/go-playground/validator/v10/translations/en"
)

// Problem is one thing that is wrong with a struct.
type Problem struct {
	Field   string // the JSON path, such as interest_rate or lines[0].amount
	Message string // a sentence that begins with the field's label
}

// Validator checks structs. It is safe for concurrent use.
type Validator struct {
	validate *validator.Validate
	messages ut.Translator
}

// Register prepares a validator: it may add tags of its own and returns the
// translator that has the messages of every tag.
type Register func(*validator.Validate) (ut.Translator, error)

// Default is the validator with English messages.
var Default = sync.OnceValue(func() *Validator {
	v, err := New(English)
	if err != nil {
		panic("validation: the built-in messages do not register: " + err.Error())
	}
	return v
})

// New makes a validator that speaks through register.
func New(register Register) (*Validator, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return Key(f) + mark + LabelOf(f) + mark })
	if err := registerDecimals(v); err != nil {
		return nil, err
	}
	messages, err := register(v)
	if err != nil {
		return nil, fmt.Errorf("register validation messages: %w", err)
	}
	return &Validator{validate: v, messages: messages}, nil
}

// English registers the validator library's English messages, with a shorter one
// for a missing value.
func English(v *validator.Validate) (ut.Translator, error) {
	locale := en.New()
	messages, _ := ut.New(locale, locale).GetTranslator(locale.Locale())
	if err := entranslations.RegisterDefaultTranslations(v, messages); err != nil {
		return nil, err
	}
	return messages, v.RegisterTranslation("required", messages,
		func(t ut.Translator) error { return t.Add("required", "{0} is required", true) },
		func(t ut.Translator, fe validator.FieldError) string {
			text, err := t.T("required", fe.Field())
			if err != nil {
				return fe.Error()
			}
			return text
		})
}

// Struct checks a pointer to a struct by its tags and returns what is wrong, in
// the order of its fields. A tag the validator does not know is a programmer's
// mistake and panics at the first check of its type.
func (v *Validator) Struct(pointer any) []Problem {
	err := v.validate.Struct(pointer)
	if err == nil {
		return nil
	}
	var failed validator.ValidationErrors
	if !errors.As(err, &failed) {
		return []Problem{{Message: err.Error()}}
	}

	problems := make([]Problem, 0, len(failed))
	for _, fe := range failed {
		problems = append(problems, v.problem(fe))
	}
	return problems
}

// mark encloses a field's label behind its key in the one name that the validator
// knows of a field.
const mark = "\x1f"

var marked = regexp.MustCompile(mark + "[^" + mark + "]*" + mark)

func (v *Validator) problem(fe validator.FieldError) Problem {
	_, path, _ := strings.Cut(fe.Namespace(), ".")
	label := strings.Split(fe.Field(), mark)[1]
	message := fe.Translate(v.messages)
	if message == fe.Error() { // no translation for this tag
		message = label + " does not satisfy " + fe.Tag()
		if fe.Param() != "" {
			message += " " + fe.Param()
		}
	}
	return Problem{
		Field:   marked.ReplaceAllString(path, ""),
		Message: strings.Replace(message, fe.Field(), label, 1),
	}
}

// Key is the name under which a struct field is known outside the program: its
// JSON key, or its Go name in snake case.
func Key(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if key == "" || key == "-" {
		return Snake(f.Name)
	}
	return key
}

// LabelOf is what a field is called in messages and forms: its label tag, or its key
// in words.
func LabelOf(f reflect.StructField) string {
	if label := f.Tag.Get("label"); label != "" {
		return label
	}
	return Label(Key(f))
}

// Label turns a key into words: interest_rate becomes Interest rate.
func Label(key string) string {
	words := strings.ReplaceAll(key, "_", " ")
	if words == "" {
		return key
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// Snake turns a Go name into snake case, keeping runs of capitals together:
// LastPaidAt becomes last_paid_at, OrderID order_id.
func Snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		starts := i > 0 && unicode.IsUpper(r) &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if starts {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
