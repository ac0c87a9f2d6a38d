package generators

import (
	"path"
	"strings"
)

// newData is what the templates of a new application know.
type newData struct {
	*NewApp
	Label   string // the name in sentences: My shop
	Snake   string // the name of files: my_shop
	Program string // the name of the binary in its help: my-shop
	Image   string // the same in small letters, as Docker wants it

	Summary string // a sentence: what it is
	Home    string // the handler of the first page
	Seed    bool   // there is sample data
	InFile  bool   // its database is a file

	DatabaseURL string
	TestURL     string // the expression by which tests find a database
	Imports     string // of the file
}

func (n *NewApp) data() newData {
	d := newData{
		NewApp: n, Label: n.Name.Label(), Snake: n.Name.Snake, Program: strings.ReplaceAll(n.Name.Snake, "_", "-"),
		Summary: n.Name.Label() + " keeps what happened, and never forgets.", Home: "site.Home(log)",
		InFile: n.Database == Databases()[0],
	}
	d.Image = d.Program
	d.DatabaseURL, d.TestURL = "postgres://localhost/"+d.Snake, "ireneotest.PostgresURL(t)"
	if d.InFile {
		d.DatabaseURL, d.TestURL = "sqlite:db/"+d.Snake+".sqlite3", `"sqlite:"+filepath.Join(t.TempDir(), "test.sqlite3")`
	}
	return d
}

// plan is every file of the application but its registries, which Apply adds.
func (n *NewApp) plan(app *App, d newData) (*Plan, error) {
	sessions, err := app.migration("create_sessions", "sessions.sql.tmpl", migrationData{})
	if err != nil {
		return nil, err
	}
	var wanted []rendered
	for _, f := range n.files(d) {
		data := d
		if f.imports != nil {
			data.Imports = importBlock(n.Module, f.imports...)
		}
		wanted = append(wanted, rendered{f.path, f.template, data, false})
	}
	for _, s := range sessions {
		wanted = append(wanted, rendered{s.path, s.template, s.data, false})
	}
	files, err := n.rendered(wanted)
	next := []string{
		"cd " + n.Folder,
		"go run ./cmd/server",
		"ireneo generate scaffold debt issued:amount:money,issued_on:date paid:amount:money",
	}
	if n.Framework.Checkout != "" {
		next = append(next, "go.mod takes Ireneo from "+n.Framework.Checkout+", which CI and Docker have not")
	}
	return &Plan{Files: files, Next: next}, err
}

// rendered are the files with what templ makes of them, and the module's own.
func (n *NewApp) rendered(wanted []rendered) ([]File, error) {
	files, err := render(wanted...)
	if err != nil {
		return nil, err
	}
	var all []File
	for _, f := range files {
		if path.Ext(f.Path) != ".templ" {
			all = append(all, f)
			continue
		}
		pages, err := page(f.Path, f.Data)
		if err != nil {
			return nil, err
		}
		all = append(all, pages...)
	}
	module, err := n.moduleFiles()
	return append(all, module...), err
}

// newFile is a file of a new application and what it imports.
type newFile struct {
	path, template string
	imports        []string
}

func (n *NewApp) files(d newData) []newFile {
	plain := []newFile{
		{path: streamsDir + "/doc.go", template: "streams_doc.go.tmpl"},
		{path: eventsDir + "/doc.go", template: "events_doc.go.tmpl"},
		{path: projectionsDir + "/doc.go", template: "projections_doc.go.tmpl"},
		{path: "web/layout.templ", template: "layout.templ.tmpl"},
		{path: "web/home.templ", template: "home.templ.tmpl"},
		{path: "web/assets/" + d.Snake + ".css", template: "app.css.tmpl"},
		{path: "web/assets/icon.svg", template: "icon.svg.tmpl"},
		{path: "web/assets/live.js", template: "live.js.tmpl"},
		{path: ".env.example", template: "env.tmpl"},
		{path: ".gitignore", template: "gitignore.tmpl"},
		{path: ".golangci.yml", template: "golangci.yml.tmpl"},
		{path: "Dockerfile", template: "dockerfile.tmpl"},
		{path: ".github/workflows/ci.yml", template: "ci.yml.tmpl"},
		{path: "README.md", template: "readme.md.tmpl"},
	}
	return append(append(n.wiring(d), n.pages(d)...), plain...)
}

// wiring is the Go code that holds the application together.
func (n *NewApp) wiring(d newData) []newFile {
	application := words(`context errors os`, frameworkPath, "/cli /server")
	if d.Seed {
		application = append(application, n.Module+"/db/seed")
	}
	return []newFile{
		{"cmd/server/main.go", "main.go.tmpl", []string{"os", frameworkPath + "/cli", n.Module + "/config"}},
		{"config/admin.go", "admin.go.tmpl", words(frameworkPath, frameworkPath, "/admin /server")},
		{"config/application.go", "application.go.tmpl", application},
		{"config/application_test.go", "application_test.go.tmpl", []string{"strings", "testing", n.Module + "/config"}},
		{"config/database.go", "database.go.tmpl", append(
			words(`context errors fmt os path/filepath strings `+frameworkPath, frameworkPath, "/admin /store /store/postgres /store/sqlite"),
			"streams "+n.Module+"/"+streamsDir, n.Module+"/"+eventsDir, n.Module+"/"+projectionsDir, n.Module+"/"+migrationsDir,
		)},
		{"config/routes.go", "routes.go.tmpl", append(words(frameworkPath, frameworkPath, "/server"), n.Module+"/web")},
	}
}

// pages is the Go code of the first page, and the tests of it.
func (n *NewApp) pages(d newData) []newFile {
	const echo = "github.com/labstack/echo/v4"
	open := words(`errors io log/slog net/http net/http/httptest strings testing`, frameworkPath, "/server")
	if d.InFile {
		open = append(open, "path/filepath")
	} else {
		open = append(open, frameworkPath+"/ireneotest")
	}
	return []newFile{
		{"web/site.go", "site.go.tmpl", words(`bytes embed fmt io/fs time github.com/a-h/templ `+echo, frameworkPath, "/server")},
		{"web/live.go", "live.go.tmpl", words(echo+" "+frameworkPath, frameworkPath, "/server")},
		{"web/home.go", "home.go.tmpl", words(`net/http path runtime runtime/debug slices strconv strings `+echo+" "+frameworkPath, "", "")},
		{"test/open_test.go", "open_test.go.tmpl", append(open, n.Module+"/config")},
		{"test/home_test.go", "home_test.go.tmpl", words(`net/http regexp runtime strings testing github.com/google/go-cmp/cmp`, frameworkPath, "/server")},
	}
}

// words are import paths, and others below one.
func words(paths, below, rest string) []string {
	all := strings.Fields(paths)
	for _, r := range strings.Fields(rest) {
		all = append(all, below+r)
	}
	return all
}
