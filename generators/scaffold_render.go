package generators

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

//go:embed templates/scaffold/*.tmpl
var scaffoldFiles embed.FS

// scaffoldTemplates are the files of scaffolds. In place of their imports they have the
// word IMPORTS.
var scaffoldTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"quote": strconv.Quote, "article": article, "upper": upperFirst, "lower": strings.ToLower, "join": strings.Join,
}).ParseFS(scaffoldFiles, "templates/scaffold/*.tmpl"))

// scaffolded is a file of a scaffold, not yet rendered.
type scaffolded struct {
	path, template string
	shared         bool
}

func (d *scaffoldData) files(wanted ...scaffolded) ([]File, error) {
	var all []File
	for _, w := range wanted {
		var b bytes.Buffer
		if err := scaffoldTemplates.ExecuteTemplate(&b, w.template, d); err != nil {
			return nil, fmt.Errorf("generate %s: %w", w.path, err)
		}
		known := d.packages()
		if path.Ext(w.path) != ".templ" {
			all = append(all, File{Path: w.path, Data: d.withImports(b.Bytes(), known), Shared: w.shared})
			continue
		}
		delete(known, "templ") // pages import it anyway
		files, err := page(w.path, d.withImports(b.Bytes(), known))
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	return all, nil
}

// qualified is a name that another package exports, with the package's name.
var qualified = regexp.MustCompile(`\b([a-z][a-z0-9]*)\.[A-Z]`)

// withImports imports what a file uses of the packages that are known.
func (d *scaffoldData) withImports(text []byte, known map[string]string) []byte {
	var imports []string
	for _, found := range qualified.FindAllSubmatch(text, -1) {
		if target, ok := known[string(found[1])]; ok && !slices.Contains(imports, target) {
			imports = append(imports, target)
		}
	}
	if imports == nil {
		return bytes.Replace(text, []byte("IMPORTS\n\n"), nil, 1)
	}
	return bytes.Replace(text, []byte("IMPORTS"), []byte(importBlock(d.Module, imports...)), 1)
}

// packages are what files of scaffolds may import, by the names they use.
func (d *scaffoldData) packages() map[string]string {
	known := map[string]string{
		"civil": civilPath, "decimal": decimalPath, "uuid": uuidPath, "cmp": "github.com/google/go-cmp/cmp",
		"echo": "github.com/labstack/echo/v4", "templ": "github.com/a-h/templ", "gorm": "gorm.io/gorm",
		"ireneo": frameworkPath, "money": frameworkPath + "/form/money",
		"json": "encoding/json", "slog": "log/slog", "http": "net/http", "httptest": "net/http/httptest", "url": "net/url",
		"events": d.Module + "/" + eventsDir, "streams": "streams " + d.Module + "/" + streamsDir,
		"projections": d.Module + "/" + projectionsDir, "migrate": d.Module + "/" + migrationsDir,
		"web": d.Module + "/" + pagesDir, "config": d.Module + "/" + configDir,
		d.Name.Package(): d.Module + "/" + eventsDir + "/" + d.Name.Package(),
	}
	for _, name := range []string{"context", "errors", "html", "iter", "os", "regexp", "slices", "strconv", "strings", "testing", "time"} {
		known[name] = name
	}
	for _, name := range []string{"form", "ireneotest", "list", "server", "view"} {
		known[name] = frameworkPath + "/" + name
	}
	return known
}
