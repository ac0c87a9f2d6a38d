package generators

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// eventData is what the templates of an event know.
type eventData struct {
	EventName
	Fields []Field

	File    string // of the event, without its ending
	Fixture string // the function that makes a valid one
	Type    string // debt.Issued
	Values  string // of the fixture's fields
	Rules   []ruleData

	Imports, TestImports, HelperImports string
}

// ruleData is one rule of a test: what breaks it, and what is said then.
type ruleData struct {
	Breakage
	Field string
}

// Event plans an event: its struct, its test, and a sample of how the log has it.
func (a *App) Event(name EventName, fields []Field) (*Plan, error) {
	for _, f := range fields {
		if f.Index || f.Unique {
			return nil, fmt.Errorf("field %q: index and uniq are for read models, which generate projection makes; leave them out", f.Name.Snake)
		}
	}
	data := a.eventData(name, fields)
	dir := path.Join(eventsDir, name.Stream.Package())
	files, err := render(
		rendered{path.Join(dir, data.File+".go"), "event.go.tmpl", data, false},
		rendered{path.Join(eventsDir, name.Stream.Snake+"_"+data.File+"_test.go"), "event_test.go.tmpl", data, false},
		rendered{path.Join(dir, "testdata", data.File+".v1.json"), "event_sample.json.tmpl", data, false},
		rendered{path.Join(dir, "doc.go"), "event_doc.go.tmpl", data, true},
		rendered{path.Join(eventsDir, "events_test.go"), "events_test.go.tmpl", data, true},
	)
	if err != nil {
		return nil, err
	}
	next := []string{"stored in the log for ever as " + name.Stored(), "go test ./" + eventsDir}
	if !slices.Contains(a.Streams(), name.Stream.Snake) {
		next = append(next, "ireneo generate stream "+name.Stream.Snake)
	}
	return &Plan{Kind: "event", Name: name.Stored(), Files: files, Next: next}, nil
}

func (a *App) eventData(name EventName, fields []Field) eventData {
	d := eventData{EventName: name, Fields: fields, File: name.Event.File("event"), Fixture: name.Stream.Local() + name.Event.Go}
	d.Type = name.Stream.Package() + "." + name.Event.Go
	imports := []string{frameworkPath}
	testImports := []string{"_ embed", "testing", a.Module + "/" + eventsDir + "/" + name.Stream.Package()}
	var values []string
	for _, f := range fields {
		values = append(values, f.Name.Go+": "+f.Sample())
		imports = append(imports, f.Imports()...)
		if strings.Contains(f.Sample(), ".") && f.typ.imports != nil {
			testImports = append(testImports, f.Imports()...)
		}
		for _, b := range f.Breakages() {
			if slices.ContainsFunc(d.Rules, func(r ruleData) bool { return r.Case == b.Case }) {
				b.Case += " (" + f.Name.Snake + ")" // two fields are called the same
			}
			d.Rules = append(d.Rules, ruleData{b, f.Name.Go})
			testImports = append(testImports, b.Imports...)
		}
	}
	d.Values = literal(values)
	d.Imports = importBlock(a.Module, imports...)
	d.TestImports = importBlock(a.Module, testImports...)
	d.HelperImports = importBlock(a.Module, "encoding/json", "errors", "reflect", "strings", "testing",
		"github.com/google/go-cmp/cmp", "github.com/google/go-cmp/cmp/cmpopts",
		frameworkPath, a.Module+"/"+eventsDir, frameworkPath+"/ireneotest")
	return d
}

// literal is the inside of a composite literal: one line where that is short.
func literal(values []string) string {
	if line := strings.Join(values, ", "); len(line) <= 90 {
		return line
	}
	return "\n" + strings.Join(values, ",\n") + ",\n"
}

// Streams are the streams there are, in snake case, by the names of their files.
func (a *App) Streams() (names []string) {
	files, err := fs.Glob(os.DirFS(a.Dir), streamsDir+"/*.go")
	if err != nil {
		return nil
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".go")
		if snakeCase.MatchString(name) && name != "doc" && !strings.HasSuffix(name, "_test") && !strings.HasSuffix(name, "_gen") {
			names = append(names, name)
		}
	}
	return names
}
