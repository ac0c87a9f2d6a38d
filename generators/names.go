package generators

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// Name is one noun in all its spellings. Its parts are letters of ASCII and digits,
// so that every spelling is an identifier and stays within its folder.
type Name struct {
	Snake string // payment_received: keys, columns, tables and stored names
	Go    string // PaymentReceived
}

// EventName is an event and the stream it happens to.
type EventName struct{ Stream, Event Name }

// maxName is the longest name PostgreSQL keeps.
const maxName = 63

var (
	identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	snakeCase  = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

// parseName reads a noun that may be a variable, too. kind begins the messages.
func parseName(kind, text string) (Name, error) {
	name, err := parseWord(kind, text)
	if err == nil && (token.IsKeyword(name.Snake) || types.Universe.Lookup(name.Snake) != nil) {
		return Name{}, fmt.Errorf("%s %q means something in Go already; use another word", kind, text)
	}
	return name, err
}

// parseWord reads a word in snake case or as Go writes it.
func parseWord(kind, text string) (Name, error) {
	snake := validation.Snake(text)
	switch {
	case !identifier.MatchString(text), !snakeCase.MatchString(snake):
		return Name{}, fmt.Errorf("%s %q: use letters from a to z, digits and single underscores, beginning with a letter, such as payment_received", kind, text)
	case len(snake) > maxName:
		return Name{}, fmt.Errorf("%s %q has %d bytes; use at most %d, which is what databases keep", kind, text, len(snake), maxName)
	}
	return Name{Snake: snake, Go: goName(snake)}, nil
}

// hidden are names that generated code uses, of packages and of variables, and folders
// that go treats in its own way. A stream's package must be none of them.
var hidden = strings.Fields(`civil cmp cmpopts context decimal errors events ireneo ireneotest json migrate money os
	projections reflect streams strings testing time uuid internal main testdata vendor
	anything at config ctx data err ev got h log name rule stored stream tt want
	a b c d e f g h i j k l m n o p q r s t u v w x y z`)

// ParseStream reads the name of a stream. It is singular, because it names one; keep
// allows any number.
func ParseStream(text string, keep bool) (Name, error) {
	name, err := parseName("stream", text)
	if err != nil {
		return Name{}, err
	}
	pkg := name.Package()
	if slices.Contains(hidden, pkg) || token.IsKeyword(pkg) || types.Universe.Lookup(pkg) != nil {
		return Name{}, fmt.Errorf("stream %q: its package %s would hide something else; use another word", text, pkg)
	}
	if one := singular(name.Snake); one != name.Snake && !keep {
		return Name{}, fmt.Errorf("stream %q: did you mean %s? Say --keep-name to keep it", text, spelledLike(text, one))
	}
	return name, nil
}

// ParseEvent reads debt/issued, Debt.Issued or DebtIssued. In the last form the stream
// is the longest of the known ones, in snake case, that the name begins with, else its
// first word.
func ParseEvent(text string, keep bool, known ...string) (EventName, error) {
	stream, event, ok := cutName(text, known)
	if !ok {
		return EventName{}, fmt.Errorf("event %q: say what happened to which stream, such as debt/issued", text)
	}
	var name EventName
	var err error
	if name.Stream, err = ParseStream(stream, keep); err != nil {
		return EventName{}, err
	}
	name.Event, err = parseName("event", event)
	return name, err
}

// cutName parts a stream from what happens to it.
func cutName(text string, known []string) (stream, what string, ok bool) {
	if i := strings.IndexAny(text, "/."); i >= 0 {
		return text[:i], text[i+1:], true
	}
	snake := validation.Snake(text)
	for _, k := range known {
		if strings.HasPrefix(snake, k+"_") && len(k) > len(stream) {
			stream = k
		}
	}
	if stream == "" {
		stream, _, _ = strings.Cut(snake, "_")
	}
	what = strings.TrimPrefix(snake, stream+"_")
	return stream, what, text != "" && text != strings.ToLower(text) && what != snake
}

// ParseProjection reads the name of a projection, which is that of its table, so it is
// plural; keep allows any number.
func ParseProjection(text string, keep bool) (Name, error) {
	name, err := parseName("projection", text)
	if err != nil {
		return Name{}, err
	}
	if singular(name.Snake) == name.Snake && !keep {
		return Name{}, fmt.Errorf("projection %q: did you mean %s? Say --keep-name to keep it", text, spelledLike(text, plural(name.Snake)))
	}
	return name, nil
}

// reservedFields are what the log says of an event, which form refuses too, and the
// methods of ireneo.Event, which a field would hide.
var reservedFields = strings.Fields(`id event_id type stream stream_id version position actor recorded_at
	occurred_at meta data event errors persisted format log_value upcasts table_name`)

// parseFieldName reads the name of a field.
func parseFieldName(text string) (Name, error) {
	name, err := parseName("field", text)
	if err != nil {
		return Name{}, err
	}
	if slices.Contains(reservedFields, name.Snake) {
		return Name{}, fmt.Errorf("field %q is reserved: it is what the log says of every event; use another word", text)
	}
	return name, nil
}

var (
	appPattern    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*$`)
	modulePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_~-]*(\.[A-Za-z0-9_~-]+)*(/[A-Za-z0-9_~-]+(\.[A-Za-z0-9_~-]+)*)*$`)
)

// ParseApp reads the name of an application, which may have dashes.
func ParseApp(text string) (Name, error) {
	if !appPattern.MatchString(text) {
		return Name{}, fmt.Errorf("application %q: use letters from a to z, digits and single dashes, beginning with a letter, such as my-shop", text)
	}
	return parseName("application", strings.ReplaceAll(text, "-", "_"))
}

// CheckModule says what is wrong with the path of a module.
func CheckModule(path string) error {
	first, _, _ := strings.Cut(path, "/")
	switch {
	case !modulePattern.MatchString(path):
		return fmt.Errorf("module %q: use letters, digits and -._~ between slashes, such as example.com/shop", path)
	case first == "std" || first == "cmd":
		return fmt.Errorf("module %q: paths that begin with %s are Go's own; use one such as example.com/shop", path, first)
	case len(path) > 255:
		return errors.New("the module's path is over 255 bytes")
	}
	return nil
}

// Stored is the name the log keeps for ever.
func (n EventName) Stored() string { return n.Stream.Snake + "." + n.Event.Snake }

// Package is the name of the package that has the events of a stream, and its folder.
func (n Name) Package() string { return strings.ReplaceAll(n.Snake, "_", "") }

// Words are the name in a sentence: payment received.
func (n Name) Words() string {
	words := strings.Split(n.Snake, "_")
	for i, word := range words {
		if slices.Contains(initialisms, word) {
			words[i] = strings.ToUpper(word)
		}
	}
	return strings.Join(words, " ")
}

// Label is the name where it stands alone: Payment received.
func (n Name) Label() string { return upperFirst(n.Words()) }

// Plural is the name of many in snake case: the table of a stream's rows.
func (n Name) Plural() string { return plural(n.Snake) }

// Path is where a stream's pages are: /credit-notes.
func (n Name) Path() string { return "/" + strings.ReplaceAll(n.Plural(), "_", "-") }

// Local is the name as of a function or variable: paymentReceived.
func (n Name) Local() string {
	first, rest, _ := strings.Cut(n.Snake, "_")
	return first + goName(rest)
}

// File is the name of a file without its ending. Where Go would read something into
// it, such as a test or an operating system, kind is added.
func (n Name) File(kind string) string {
	last := n.Snake[strings.LastIndexByte(n.Snake, '_')+1:]
	if n.Snake == "doc" || last != n.Snake && slices.Contains(fileTraps, last) {
		return n.Snake + "_" + kind
	}
	return n.Snake
}

// fileTraps are the last words that change what go build does with a file, or what
// this house does with it: every GOOS and GOARCH there has been.
var fileTraps = strings.Fields(`test gen templ
	aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos
	386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc ppc64
	ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm`)
