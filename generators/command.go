package generators

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

const commandsDir = "app/commands"

// commandData is what the templates of a command know.
type commandData struct {
	CommandName
	Fields  []CommandField
	Loads   []load
	Example string // an event that can happen to the first stream, as Go writes its type
	Reject  string // the key of a field that may be what is wrong
	Values  string // of the fixture's fields
	Rules   []commandRule
	Given   bool // every stream that is loaded begins with an event that there is a sample of

	Imports, TestImports, HelperImports string
}

// commandRule is one reason to refuse the command: what leads to it, and what is said then.
type commandRule struct {
	Breakage
	Field Name
}

// load is a stream that the command reads.
type load struct {
	CommandField
	Local      string // the variable that has it: from
	Declared   string // that of its declaration: Account
	Projection string // that of the projection it is read by: AccountPosition
	Begun      interpretation
}

// Command plans a command and its test.
func (a *App) Command(name CommandName, fields []CommandField) (*Plan, error) {
	if err := a.checkCommand(name); err != nil {
		return nil, err
	}
	data, err := a.commandData(name, fields)
	if err != nil {
		return nil, err
	}
	file := path.Join(commandsDir, name.file())
	files, err := render(
		rendered{file + ".go", "command.go.tmpl", data, false},
		rendered{file + "_test.go", "command_test.go.tmpl", data, false},
		rendered{commandsDir + "/doc.go", "commands_doc.go.tmpl", nil, true},
		rendered{commandsDir + "/" + commandTests + "_test.go", "commands_test.go.tmpl", data, true},
	)
	return &Plan{Kind: "command", Name: name.Stored(), Files: files, Next: []string{
		"on record for ever as " + name.Stored(),
		"say in " + file + ".go what it decides, and in " + file + "_test.go what it appends",
		"go test ./" + commandsDir,
		"ireneo.Execute(ctx, &commands." + name.Command.Go + "{…}) carries it out",
	}}, err
}

// commandTests is the file, without its ending, of what all tests of commands use.
const commandTests = "commands"

// file is the name of the command's file without its ending.
func (n CommandName) file() string {
	if n.Command.Snake == commandTests {
		return n.Command.Snake + "_command"
	}
	return n.Command.File("command")
}

// checkCommand refuses a name that another command has in Go.
func (a *App) checkCommand(name CommandName) error {
	sources, err := parseFolder(os.DirFS(a.Dir), commandsDir, nil)
	for _, s := range sources {
		if stored, found := s.commandName(name.Command.Go); found && stored != name.Stored() {
			return fmt.Errorf("command %s: %s has another type %s already; use another word, such as %s/%s_%s",
				name.Stored(), s.path, name.Command.Go, name.Stream.Snake, name.Command.Snake, name.Stream.Snake)
		}
	}
	return err
}

func (a *App) commandData(name CommandName, fields []CommandField) (commandData, error) {
	d := commandData{CommandName: name, Fields: fields, Given: true}
	known, err := declaredStreams(os.DirFS(a.Dir))
	if err != nil {
		return d, err
	}
	var values []string
	for _, f := range fields {
		values = append(values, f.Name.Go+": "+f.Sample())
		d.addRules(f)
		if f.Stream == "" {
			d.Reject = f.Name.Snake
			continue
		}
		l, err := a.load(f, known)
		if err != nil {
			return d, err
		}
		d.addLoad(l)
	}
	d.Values = literal(values)
	if err := a.addExample(&d, known); err != nil {
		return d, err
	}
	d.addUnknown()
	d.imports(a.Module)
	return d, nil
}

// addRules adds what the tags of a field refuse.
func (d *commandData) addRules(f CommandField) {
	for _, b := range f.Breakages() {
		if slices.ContainsFunc(d.Rules, func(r commandRule) bool { return r.Case == b.Case }) {
			b.Case += " (" + f.Name.Snake + ")" // two fields are called the same
		}
		d.Rules = append(d.Rules, commandRule{b, f.Name})
	}
}

// addLoad adds a stream, whose variable nothing else is called.
func (d *commandData) addLoad(l load) {
	if slices.ContainsFunc(d.Loads, func(other load) bool { return other.Local == l.Local }) {
		l.Local = l.Name.Local()
	}
	d.Loads = append(d.Loads, l)
	d.Given = d.Given && l.Begun.Sample != ""
}

// addUnknown adds the streams that are not there: all, where there is a history in which
// the others are, else the one that is looked at first.
func (d *commandData) addUnknown() {
	d.Given = d.Given && d.Loads != nil
	for i, l := range d.Loads {
		if d.Given || i == 0 {
			d.Rules = append(d.Rules, commandRule{Breakage{
				Case: "unknown " + l.Words(), Value: `"nowhere"`, Message: l.Label() + " does not exist",
			}, l.Name})
		}
	}
}

// load finds out how a stream is read.
func (a *App) load(f CommandField, known map[string]declaredStream) (l load, err error) {
	s, found := known[f.Stream]
	if !found {
		return l, fmt.Errorf("field %q: there is no stream %s in %s; run: ireneo generate stream %s", f.Name.Snake, f.Stream, streamsDir, f.Stream)
	}
	l = load{CommandField: f, Local: localOf(f.Name, known), Declared: s.variable, Projection: s.consistency}
	if f.Projection != "" {
		l.Projection, err = a.projectionVariable(f.Projection)
	}
	switch {
	case err != nil:
		return l, fmt.Errorf("field %q: %w", f.Name.Snake, err)
	case l.Projection == "":
		return l, fmt.Errorf("field %q: the stream %s has no Consistency projection of %s to read it by; give it one in %s, or name another projection, such as %s:%s:%s_states",
			f.Name.Snake, f.Stream, projectionsDir, s.path, f.Name.Snake, f.Stream, f.Stream)
	}
	l.Begun, err = a.begun(s)
	return l, err
}

// begun is the event that such a stream begins with; it has no Sample where there is none,
// or nobody says what it begins with.
func (a *App) begun(s declaredStream) (interpretation, error) {
	event, err := ParseEvent(s.createdBy, true)
	if err != nil {
		return interpretation{}, nil //nolint:nilerr // a name that no generator makes is written by hand, and has no sample
	}
	declared, err := a.eventsOf(s.name)
	if err != nil || !slices.Contains(declared, event.Event.Go) {
		return interpretation{}, err
	}
	return a.interpretation(event, nil)
}

// eventsOf are the Go names of what can happen to a stream.
func (a *App) eventsOf(stream Name) (names []string, err error) {
	dir := path.Join(eventsDir, stream.Package())
	sources, err := parseFolder(os.DirFS(a.Dir), dir, nil)
	for _, s := range sources {
		found, err := s.events()
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			if d.dir == dir {
				names = append(names, d.name)
			}
		}
	}
	return names, err
}

// addExample looks for an event that can happen to the first stream once it has begun.
func (a *App) addExample(d *commandData, known map[string]declaredStream) error {
	if d.Loads == nil {
		return nil
	}
	first := d.Loads[0]
	if d.Reject == "" {
		d.Reject = first.Name.Snake
	}
	s := known[first.Stream]
	names, err := a.eventsOf(s.name)
	for _, name := range names {
		stored := s.name.Snake + "." + validation.Snake(name)
		if d.Example == "" && stored != s.createdBy && stored != s.closedBy {
			d.Example = s.name.Package() + "." + name
		}
	}
	return err
}

func (d *commandData) imports(module string) {
	streams := "streams " + module + "/" + streamsDir
	imports := []string{"context", frameworkPath}
	test := []string{"testing", frameworkPath + "/ireneotest", module + "/" + commandsDir}
	if d.Loads != nil {
		imports = append(imports, streams, module+"/"+projectionsDir)
	}
	for _, f := range d.Fields {
		imports = append(imports, f.Imports()...)
		if strings.Contains(f.Sample(), ".") && f.typ.imports != nil {
			test = append(test, f.Imports()...)
		}
	}
	for _, r := range d.Rules {
		test = append(test, r.Imports...)
	}
	if d.Given {
		test = append(test, "encoding/json", "errors", "os", frameworkPath, streams)
		for _, l := range d.Loads {
			test = append(test, module+"/"+eventsDir+"/"+l.Begun.Stream.Package())
		}
	}
	d.Imports, d.TestImports = importBlock(module, imports...), importBlock(module, test...)
	d.HelperImports = importBlock(module, frameworkPath, module+"/"+eventsDir, streams)
}
