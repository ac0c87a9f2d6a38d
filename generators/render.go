package generators

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

//go:embed templates/*.tmpl templates/new/*.tmpl
var templateFiles embed.FS

// templates are the files as they are generated. What comes from outside is an
// identifier, or goes through quote.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"quote": strconv.Quote, "article": article,
}).ParseFS(templateFiles, "templates/*.tmpl", "templates/new/*.tmpl"))

func execute(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("generate from %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// rendered is a file of a plan, not yet formatted.
type rendered struct {
	path, template string
	data           any
	shared         bool
}

func render(files ...rendered) ([]File, error) {
	var all []File
	for _, r := range files {
		data, err := execute(r.template, r.data)
		if err != nil {
			return nil, err
		}
		all = append(all, File{Path: r.path, Data: data, Shared: r.shared})
	}
	return all, nil
}

// importBlock is an import declaration in the house's order: Go's own packages, those
// of others, the framework's with the application's. An import with a name of its own
// is "name path".
func importBlock(module string, imports ...string) string {
	var groups [3][]string
	for _, imported := range imports {
		line := strconv.Quote(imported)
		name, target, named := strings.Cut(imported, " ")
		if named {
			line = name + " " + strconv.Quote(target)
		} else {
			target = imported
		}
		first, _, _ := strings.Cut(target, "/")
		switch {
		case within(target, frameworkPath), within(target, module):
			groups[2] = append(groups[2], line)
		case strings.Contains(first, "."):
			groups[1] = append(groups[1], line)
		default:
			groups[0] = append(groups[0], line)
		}
	}

	var parts, lines []string
	for _, group := range groups {
		slices.SortFunc(group, func(a, b string) int { return strings.Compare(quotedPart(a), quotedPart(b)) })
		group = slices.Compact(group)
		lines = append(lines, group...)
		if group != nil {
			parts = append(parts, strings.Join(group, "\n"))
		}
	}
	if len(lines) == 1 {
		return "import " + lines[0]
	}
	return "import (\n" + strings.Join(parts, "\n\n") + "\n)"
}

func within(target, module string) bool {
	return target == module || strings.HasPrefix(target, module+"/")
}

func quotedPart(line string) string { return line[strings.IndexByte(line, '"'):] }

// importing gives the packages of the application names that do not clash.
type importing struct {
	module string
	own    string            // the folder of the file that imports
	dirs   map[string]string // by the name in the file
}

// qualify is how the file writes a declaration.
func (im *importing) qualify(d declared) string {
	if d.dir == im.own {
		return d.name
	}
	if im.dirs == nil {
		im.dirs = map[string]string{"ireneo": ""}
	}
	name := d.pkg
	if dir, taken := im.dirs[name]; taken && dir != d.dir {
		name = strings.ReplaceAll(strings.TrimPrefix(d.dir, "app/"), "/", "_")
	}
	im.dirs[name] = d.dir
	return name + "." + d.name
}

// paths are what to import.
func (im *importing) paths() (paths []string) {
	for name, dir := range im.dirs {
		switch {
		case dir == "":
		case path.Base(dir) == name:
			paths = append(paths, im.module+"/"+dir)
		default:
			paths = append(paths, name+" "+im.module+"/"+dir)
		}
	}
	return paths
}
