package generators

import (
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// CommandName is a command and the stream it is named after.
type CommandName struct{ Stream, Command Name }

// Stored is the name under which executions are on record for ever.
func (n CommandName) Stored() string { return n.Stream.Snake + "." + n.Command.Snake }

// ParseCommand reads account/transfer, Account.Transfer or AccountTransfer, as ParseEvent
// does.
func ParseCommand(text string, keep bool, known ...string) (CommandName, error) {
	stream, command, ok := cutName(text, known)
	if !ok {
		return CommandName{}, fmt.Errorf("command %q: say what is to be done with which stream, such as account/transfer", text)
	}
	var name CommandName
	var err error
	if name.Stream, err = ParseStream(stream, keep); err != nil {
		return CommandName{}, err
	}
	name.Command, err = parseWord("command", command) // close and import are fine as types
	return name, err
}

// CommandField is a field of a command. One that has a Stream holds the id of one that the
// command decides on.
type CommandField struct {
	Field
	Stream     string // its type; empty where the field is no such id
	Projection string // by which it is read, in snake case; empty: by the stream's Consistency
}

// CommandFields reads the fields of a command: beside the types of ParseField there are
// those of the application's streams, such as from:account, or from:account:PROJECTION.
func (a *App) CommandFields(texts []string) (fields []CommandField, err error) {
	known, err := declaredStreams(os.DirFS(a.Dir))
	if err != nil {
		return nil, err
	}
	for _, text := range texts {
		f, err := parseCommandField(text, known)
		if err != nil {
			return nil, err
		}
		for _, other := range fields {
			if other.Name.Go == f.Name.Go {
				return nil, fmt.Errorf("field %q: there are two fields %s; leave one out", text, f.Name.Go)
			}
		}
		f.differ(fields)
		fields = append(fields, f)
	}
	return fields, nil
}

// methods are those of a command, which a field would hide.
var methods = []string{"command", "handle", "loads"}

func parseCommandField(text string, known map[string]declaredStream) (f CommandField, err error) {
	parts := strings.Split(text, ":")
	switch {
	case len(parts) < 2 || isType(parts[1]):
		f.Field, err = ParseField(text)
	case known[validation.Snake(parts[1])].variable != "":
		f, err = parseStreamField(text, parts)
	default:
		if f.Field, err = ParseField(text); err != nil && len(known) > 0 {
			err = fmt.Errorf("%w; or a stream of the application: %s", err, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	switch {
	case err != nil:
		return f, err
	case f.Index || f.Unique:
		return f, fmt.Errorf("field %q: index and uniq are for read models, which generate projection makes; leave them out", f.Name.Snake)
	case slices.Contains(methods, f.Name.Snake):
		return f, fmt.Errorf("field %q is reserved: commands have a method or a part of that name; use another word", f.Name.Snake)
	}
	return f, nil
}

// parseStreamField reads the id of a stream: from:account, from:account:account_states.
func parseStreamField(text string, parts []string) (f CommandField, err error) {
	f.Stream = validation.Snake(parts[1])
	rest := parts[2:]
	if len(rest) > 0 && modifiers[rest[0]] == nil {
		f.Projection, rest = validation.Snake(rest[0]), rest[1:]
	}
	if i := slices.IndexFunc(rest, func(word string) bool { return modifiers[word] == nil }); i >= 0 {
		return f, fmt.Errorf("field %q: %q is no modifier; there is one projection to read a stream by, and behind it sensitive", text, rest[i])
	}
	f.Field, err = ParseField(strings.Join(slices.Concat([]string{parts[0], "ref", f.Stream}, rest), ":"))
	if err == nil && f.Null {
		err = fmt.Errorf("field %q: the command reads this stream, so it has to be said; write %s:ref:%s:null for one that may be missing, and load it in Handle",
			text, parts[0], f.Stream)
	}
	return f, err
}

// differ makes the field another stream than those of earlier fields.
func (f *CommandField) differ(earlier []CommandField) {
	same := 0
	for _, other := range earlier {
		if f.Stream == "" || f.Stream != other.Stream {
			continue
		}
		same++
		f.typ.rules += ",nefield=" + other.Name.Go
		f.typ.breakages = append(f.typ.breakages, breakage{
			adjective: "same " + other.Words() + " and", value: "c." + other.Name.Go, message: "cannot be equal to " + other.Name.Go,
		})
		f.typ.sample = strconv.Quote(fmt.Sprintf("%s-%d", f.Stream, same+1))
	}
}

// inCommands are names that the functions of a command use.
var inCommands = strings.Fields("b c context ctx err ireneo projections streams")

// localOf is the variable of a stream that is loaded, which must not hide what the command,
// or whoever fills it in, uses.
func localOf(field Name, known map[string]declaredStream) string {
	local := Name{Snake: strings.TrimSuffix(field.Snake, "_id")}.Local()
	hides := slices.Contains(inCommands, local) || token.IsKeyword(local) || types.Universe.Lookup(local) != nil
	for _, s := range known {
		hides = hides || s.name.Package() == local
	}
	if hides {
		return local + "Stream"
	}
	return local
}
