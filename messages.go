package ireneo

import (
	"cmp"
	"slices"
	"strings"

	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// FieldError is one message about one field.
type FieldError struct {
	Field   string // the JSON path, such as amount or lines[0].amount; empty: the whole event
	Message string // a sentence for the person who filled in the form
}

// Errors are the messages about one event or command: its own, which are about its
// fields, and those about the state it would have led to. The zero value is empty.
type Errors struct {
	own, state []FieldError
	labels     map[string]string // by JSON key; nil before the event met a log or a projection
}

// Add records that the event itself is wrong. The message reads on from the field's
// label: Add("principal", "exceeds the balance") is shown as "Principal exceeds the
// balance". Without a field it is a sentence of its own. Interpretations of a
// consistency projection call it to reject the event they are looking at.
func (e *Errors) Add(field, message string) {
	if field != "" {
		message = e.label(field) + " " + message
	}
	e.own = append(e.own, FieldError{Field: field, Message: message})
}

func (e *Errors) label(field string) string {
	if label := e.labels[field]; label != "" {
		return label
	}
	return validation.Label(field)
}

// clear forgets the messages.
func (e *Errors) clear() { e.own, e.state = nil, nil }

// Own returns what is wrong with the event itself.
func (e *Errors) Own() []FieldError { return slices.Clone(e.own) }

// State returns what would be wrong with the state the event leads to.
func (e *Errors) State() []FieldError { return slices.Clone(e.state) }

// All returns own and state errors, in this order.
func (e *Errors) All() []FieldError { return slices.Concat(e.own, e.state) }

// On returns the event's own messages about one field.
func (e *Errors) On(field string) []string {
	var messages []string
	for _, fe := range e.own {
		if fe.Field == field {
			messages = append(messages, fe.Message)
		}
	}
	return messages
}

// Empty reports whether nothing is wrong.
func (e *Errors) Empty() bool { return len(e.own) == 0 && len(e.state) == 0 }

// Messages are the words in which the framework speaks to the people who use an
// application. The zero value speaks English.
type Messages struct {
	// LedToInvalidState goes before every message about a state. Defaults to
	// "Led to invalid state: ".
	LedToInvalidState string

	// Later goes between the description of a later event and what a retroactive
	// event would do to it. Defaults to " would fail: ".
	Later string

	// Register may add validation tags and returns a translator that has a message
	// for every tag; validator's translations packages have them for many languages.
	// Defaults to English.
	Register func(*validator.Validate) (ut.Translator, error)
}

func (m Messages) withDefaults() Messages {
	m.LedToInvalidState = cmp.Or(m.LedToInvalidState, "Led to invalid state: ")
	m.Later = cmp.Or(m.Later, " would fail: ")
	if m.Register == nil {
		m.Register = validation.English
	}
	return m
}

func fieldErrors(problems []validation.Problem) []FieldError {
	if len(problems) == 0 {
		return nil
	}
	errs := make([]FieldError, len(problems))
	for i, p := range problems {
		errs[i] = FieldError(p)
	}
	return errs
}

// sentence puts all messages on one line.
func sentence(errs []FieldError) string {
	messages := make([]string, len(errs))
	for i, fe := range errs {
		messages[i] = fe.Message
	}
	return strings.Join(messages, "; ")
}
