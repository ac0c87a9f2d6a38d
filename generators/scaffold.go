package generators

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Scaffold says what to generate: a stream with its events, a read model, and pages that
// list it, show it at any moment, and have a form for every event.
type Scaffold struct {
	Name     Name
	Events   []ScaffoldEvent // the first one begins the stream
	ClosedBy string          // in snake case, the event after which nothing follows; empty: there is none
	CRUD     bool            // the events are created, updated and archived
	NoWeb    bool            // no pages, and so no tests of them
}

// ScaffoldEvent is an event of a scaffold.
type ScaffoldEvent struct {
	Name   Name
	Fields []Field
}

// ParseScaffold reads the name of a stream and its events, each written
// EVENT:field:type[:modifier…],field:type…. With crud, the arguments are fields.
func ParseScaffold(text string, args []string, closedBy string, crud, keep bool) (Scaffold, error) {
	name, err := ParseStream(text, keep)
	if err != nil {
		return Scaffold{}, err
	}
	s := Scaffold{Name: name, CRUD: crud}
	switch {
	case crud && closedBy != "":
		return s, errors.New("with --crud the event archived closes the stream; leave --closed-by out")
	case crud:
		err = s.parseCRUD(args)
	default:
		err = s.parseEvents(args, closedBy)
	}
	return s, err
}

func (s *Scaffold) parseCRUD(args []string) error {
	fields, err := ParseFields(args)
	if err != nil {
		return err
	}
	if len(fields) == 0 {
		return errors.New("say the fields, such as title:string")
	}
	for _, name := range []string{"created", "updated", "archived"} {
		s.Events = append(s.Events, ScaffoldEvent{Name{Snake: name, Go: goName(name)}, fields})
	}
	s.Events[2].Fields, s.ClosedBy = nil, "archived"
	return nil
}

func (s *Scaffold) parseEvents(args []string, closedBy string) error {
	for _, arg := range args {
		e, err := parseScaffoldEvent(arg)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(s.Events, func(other ScaffoldEvent) bool { return other.Name == e.Name }) {
			return fmt.Errorf("event %q is there twice; leave one out", e.Name.Snake)
		}
		s.Events = append(s.Events, e)
	}
	if len(s.Events) == 0 {
		return errors.New("say what can happen, such as issued:amount:money,issued_on:date paid:amount:money")
	}
	if closedBy == "" {
		return nil
	}
	name, err := parseName("event", closedBy)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(s.Events[1:], func(e ScaffoldEvent) bool { return e.Name == name }) {
		return fmt.Errorf("--closed-by %s: it is none of the events after the first; add it", closedBy)
	}
	s.ClosedBy = name.Snake
	return nil
}

// parseScaffoldEvent reads paid:amount:money,on:date, or settled.
func parseScaffoldEvent(text string) (ScaffoldEvent, error) {
	event, rest, some := strings.Cut(text, ":")
	name, err := parseName("event", event)
	if err != nil {
		return ScaffoldEvent{}, err
	}
	e := ScaffoldEvent{Name: name}
	if some {
		e.Fields, err = ParseFields(strings.Split(rest, ","))
	}
	if err != nil {
		return e, fmt.Errorf("event %s: %w", event, err)
	}
	return e, nil
}

// Scaffold plans a scaffold.
func (a *App) Scaffold(s Scaffold) (*Plan, error) {
	if _, err := os.Stat(filepath.Join(a.Dir, pagesDir)); err != nil && !s.NoWeb {
		return nil, fmt.Errorf("there is no folder %s for the pages; say --no-web to leave them out: %w", pagesDir, err)
	}
	d, err := a.scaffoldData(s)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Kind: "scaffold", Name: s.Name.Snake}
	for _, part := range []func(*scaffoldData) ([]File, error){a.scaffoldEvents, a.scaffoldStream, a.scaffoldModel, a.scaffoldPages} {
		files, err := part(d)
		if err != nil {
			return nil, err
		}
		plan.Files = append(plan.Files, files...)
	}
	plan.Next = d.next()
	return plan, nil
}

func (d *scaffoldData) next() []string {
	var stored []string
	for _, e := range d.Events {
		stored = append(stored, e.Stored())
	}
	next := []string{
		"stored in the log for ever as " + strings.Join(stored, ", "),
		"say in " + d.modelFile() + ".go what each event changes",
		"go run ./cmd/server db migrate",
	}
	if !d.NoWeb {
		next = append(next, "add a link to "+d.Path()+" to "+pagesDir+"/layout.templ")
	}
	return append(next, "go test ./...")
}

// scaffoldEvents are the files of the events, as generate event writes them.
func (a *App) scaffoldEvents(d *scaffoldData) ([]File, error) {
	var files []File
	for _, e := range d.Events {
		plan, err := a.Event(e.EventName, e.Fields)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", e.Event.Snake, err)
		}
		for _, f := range plan.Files {
			if !slices.ContainsFunc(files, func(other File) bool { return other.Path == f.Path }) { // several share it
				files = append(files, f)
			}
		}
	}
	return files, nil
}

// scaffoldStream are the files of the stream. Its test is the one of generate stream.
func (a *App) scaffoldStream(d *scaffoldData) ([]File, error) {
	plan, err := a.Stream(d.Name)
	if err != nil {
		return nil, err
	}
	file := path.Join(streamsDir, d.Name.File("stream")+".go")
	declared, err := d.files(scaffolded{file, "stream.go.tmpl", false})
	if err != nil {
		return nil, err
	}
	for i, f := range plan.Files {
		if f.Path == file {
			plan.Files[i] = declared[0]
		}
	}
	return plan.Files, nil
}

// scaffoldModel are the files of the read model, of what guards the stream, and of the
// table.
func (a *App) scaffoldModel(d *scaffoldData) ([]File, error) {
	number, err := a.migrationNumber("create_" + d.Plural.Snake)
	if err != nil {
		return nil, err
	}
	files := []scaffolded{
		{d.modelFile() + ".go", "model.go.tmpl", false},
		{d.modelFile() + "_search.go", "search.go.tmpl", false},
		{d.modelFile() + "_test.go", "model_test.go.tmpl", false},
		{path.Join(migrationsDir, number+"_create_"+d.Plural.Snake+".sql"), "table.sql.tmpl", false},
	}
	if d.Guarded() {
		position := path.Join(projectionsDir, d.Name.Snake+"_position")
		files = append(files,
			scaffolded{position + ".go", "position.go.tmpl", false},
			scaffolded{position + "_test.go", "position_test.go.tmpl", false})
	}
	made, err := d.files(files...)
	if err != nil {
		return nil, err
	}
	shared, err := render(
		rendered{path.Join(projectionsDir, "doc.go"), "projections_doc.go.tmpl", nil, true},
		rendered{migrationsDir + "/migrations.go", "migrations.go.tmpl", nil, true},
	)
	return append(made, shared...), err
}

// scaffoldPages are the pages and the tests that visit them.
func (a *App) scaffoldPages(d *scaffoldData) ([]File, error) {
	if d.NoWeb {
		return nil, nil
	}
	dir := path.Join(pagesDir, d.Package)
	files := []scaffolded{
		{path.Join(dir, "pages.go"), "pages.go.tmpl", false},
		{path.Join(dir, "index.go"), "index.go.tmpl", false},
		{path.Join(dir, "index.templ"), "index.templ.tmpl", false},
		{path.Join(dir, "new.go"), "new.go.tmpl", false},
		{path.Join(dir, "new.templ"), "new.templ.tmpl", false},
		{path.Join(dir, "show.go"), "show.go.tmpl", false},
		{path.Join(dir, "show.templ"), "show.templ.tmpl", false},
	}
	if len(d.Later()) > 0 {
		files = append(files, scaffolded{path.Join(dir, "record.go"), "record.go.tmpl", false})
	}
	return d.files(append(files,
		scaffolded{"test/" + d.Plural.File("pages") + "_test.go", "pages_test.go.tmpl", false},
		scaffolded{"test/website_test.go", "website_test.go.tmpl", true},
	)...)
}
