package generators

import (
	"fmt"
	"go/ast"
	"go/types"
	"io/fs"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const projectionsDir = "app/projections"

// Projection says what to generate.
type Projection struct {
	Name    Name
	On      []EventName // what it interprets, the first event of a stream first
	Fields  []Field     // of its model
	Virtual bool        // computed when asked for: it has no table
}

// projectionData is what the templates of a projection know.
type projectionData struct {
	Projection
	Model    string // the Go type
	Receiver string
	Of       string // what one row is about, in words
	Events   []interpretation
	Samples  []interpretation // those whose events have a sample

	Imports, TestImports string
}

// interpretation is how one event changes the model.
type interpretation struct {
	EventName
	Type   string  // debt.Issued
	Copied []Field // of the model, which the event has too
	Sample string  // the file with a stored event, from app/events
}

// Values are the copied fields with their samples, as a literal writes them.
func (i interpretation) Values() string {
	var values []string
	for _, f := range i.Copied {
		values = append(values, f.Name.Go+": "+f.Sample())
	}
	return literal(values)
}

// Projection plans a projection: its model, an interpretation of each event, its test,
// and the migration that makes its table.
func (a *App) Projection(p Projection) (*Plan, error) {
	if len(p.On) == 0 {
		return nil, fmt.Errorf("projection %s: say which events it interprets, such as: on debt/issued,debt/paid", p.Name.Snake)
	}
	data, err := a.projectionData(p)
	if err != nil {
		return nil, err
	}
	files := []rendered{
		{path.Join(projectionsDir, p.Name.File("projection")+".go"), "projection.go.tmpl", data, false},
		{path.Join(projectionsDir, p.Name.File("projection")+"_test.go"), "projection_test.go.tmpl", data, false},
		{path.Join(projectionsDir, "doc.go"), "projections_doc.go.tmpl", nil, true},
	}
	if !p.Virtual {
		migration, err := a.migration("create_"+p.Name.Snake, "create_table.sql.tmpl", migrationData{p.Name.Snake, p.Fields})
		if err != nil {
			return nil, err
		}
		files = append(files, migration...)
	}
	plan := &Plan{Kind: "projection", Name: p.Name.Snake, Next: data.next(files[0].path)}
	plan.Files, err = render(files...)
	return plan, err
}

func (d projectionData) next(file string) []string {
	next := []string{"say in " + file + " what each event changes"}
	if d.Virtual {
		return append(next, "projections."+d.Name.Go+".Replay computes it, and Consistency of a stream makes it guard the stream")
	}
	if len(d.Samples) < len(d.Events) {
		next = append(next, "test that rows are replays: some of the events have no sample in "+eventsDir+"/*/testdata to test with")
	}
	return append(next,
		"keep it current: add projections."+d.Name.Go+" to Transactional in "+streamsDir+"/"+d.On[0].Stream.File("stream")+".go",
		"go run ./cmd/server db migrate",
	)
}

func (a *App) projectionData(p Projection) (projectionData, error) {
	d := projectionData{Projection: p, Model: goName(singular(p.Name.Snake)), Of: p.On[0].Stream.Words()}
	if d.Model == p.Name.Go {
		d.Model += "Model"
	}
	d.Receiver = receiver(p.Name)
	for _, event := range p.On {
		i, err := a.interpretation(event, p.Fields)
		if err != nil {
			return d, err
		}
		d.Events = append(d.Events, i)
		if i.Sample != "" {
			d.Samples = append(d.Samples, i)
		}
	}
	if len(d.Samples) < len(d.Events) || p.Virtual {
		d.Samples = nil
	}
	d.imports(a.Module)
	return d, d.checkColumns()
}

// receiver is the letter of the model in functions: that of its last word, unless it
// is the event's, or none.
func receiver(name Name) string {
	_, last := lastWord(name.Snake)
	if last[0] == 'e' || last[0] < 'a' {
		return "m"
	}
	return last[:1]
}

// checkColumns refuses columns that would have no valid value after the first event, and
// indexes without a table.
func (d projectionData) checkColumns() error {
	first := d.Events[0]
	for _, f := range d.Fields {
		if d.Virtual && (f.Index || f.Unique) {
			return fmt.Errorf("field %q: index and uniq are for tables, and a virtual projection has none; leave them out", f.Name.Snake)
		}
		needed := f.typ.name == "date" || f.typ.name == "json"
		copied := slices.ContainsFunc(first.Copied, func(c Field) bool { return c.Name == f.Name })
		if needed && !f.Null && !copied && !d.Virtual {
			return fmt.Errorf("field %q: the first event, %s, has no such field, so a row would have no value for it at first; write %s:%s:null",
				f.Name.Snake, first.Stored(), f.Name.Snake, f.typ.name)
		}
	}
	return nil
}

// interpretation finds an event and what the model can take over from it.
func (a *App) interpretation(event EventName, fields []Field) (interpretation, error) {
	i := interpretation{EventName: event, Type: event.Stream.Package() + "." + event.Event.Go}
	dir := path.Join(eventsDir, event.Stream.Package())
	tree := os.DirFS(a.Dir)
	sources, err := parseFolder(tree, dir, nil)
	if err != nil {
		return i, err
	}
	var known map[string]string
	for _, s := range sources {
		if declared := s.fieldsOf(event); declared != nil {
			known = declared
		}
	}
	if known == nil {
		return i, fmt.Errorf("there is no event %s in %s; run: ireneo generate event %s/%s", event.Stored(), dir, event.Stream.Snake, event.Event.Snake)
	}
	for _, f := range fields {
		if known[f.Name.Go] == f.GoType() {
			i.Copied = append(i.Copied, f)
		}
	}
	i.Sample, err = newestSample(tree, dir, event.Event.File("event"))
	return i, err
}

// fieldsOf are the fields of an event with their types; nil where the file has no such
// event.
func (s source) fieldsOf(event EventName) map[string]string {
	for _, spec := range s.specs() {
		t, ok := spec.(*ast.TypeSpec)
		if !ok || t.Name.Name != event.Event.Go || !s.isEvent(t.Type) {
			continue
		}
		fields, stored := map[string]string{}, ""
		for _, f := range t.Type.(*ast.StructType).Fields.List {
			if f.Names == nil && f.Tag != nil {
				text, _ := strconv.Unquote(f.Tag.Value) // the parser has read it
				stored += reflect.StructTag(text).Get("name")
			}
			for _, name := range f.Names {
				fields[name.Name] = types.ExprString(f.Type)
			}
		}
		if stored == event.Stored() {
			return fields
		}
	}
	return nil
}

var sampleName = regexp.MustCompile(`\.v([1-9]\d*)\.json$`)

// newestSample is the sample of the newest schema version, from app/events; empty where
// there is none.
func newestSample(tree fs.FS, dir, event string) (newest string, err error) {
	files, err := fs.Glob(tree, path.Join(dir, "testdata", event+".v*.json"))
	version := 0
	for _, file := range files {
		if found := sampleName.FindStringSubmatch(file); found != nil {
			if n, err := strconv.Atoi(found[1]); err == nil && n > version {
				version, newest = n, strings.TrimPrefix(file, eventsDir+"/")
			}
		}
	}
	return newest, err
}

func (d *projectionData) imports(module string) {
	imports := []string{"time", frameworkPath}
	test := []string{
		"testing", "time", "github.com/google/go-cmp/cmp",
		frameworkPath, frameworkPath + "/ireneotest", module + "/" + projectionsDir,
	}
	for _, f := range d.Fields {
		imports = append(imports, f.Imports()...)
	}
	for _, i := range d.Events {
		pkg := module + "/" + eventsDir + "/" + i.Stream.Package()
		imports, test = append(imports, pkg), append(test, pkg)
		for _, f := range i.Copied {
			test = append(test, f.Imports()...)
		}
	}
	if d.Samples != nil {
		test = append(test, "encoding/json", "errors", "os", module+"/"+eventsDir, module+"/"+migrationsDir)
	}
	d.Imports, d.TestImports = importBlock(module, imports...), importBlock(module, test...)
}
