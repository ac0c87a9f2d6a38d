package generators

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// frameworkPath is the import path of the framework.
const frameworkPath = "github.com/ireneo-dev/ireneo"

// source is a parsed file.
type source struct {
	path string
	set  *token.FileSet
	file *ast.File
}

// declared is something a registry lists.
type declared struct{ dir, pkg, name string }

// Name is the declaration as the registry writes it.
func (d declared) Name() string { return d.name }

// parseFolder parses the Go files below a folder as they will be after the changes,
// without tests and registries.
func parseFolder(tree fs.FS, dir string, changes []Change) ([]source, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(tree, dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_")):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		files[name], err = fs.ReadFile(tree, name)
		return err
	})
	for _, c := range changes {
		switch {
		case !strings.HasPrefix(c.Path, dir+"/") || path.Ext(c.Path) != ".go":
		case c.Verb == Remove:
			delete(files, c.Path)
		case c.data != nil:
			files[c.Path] = c.data
		}
	}

	var sources []source
	for name, data := range files {
		if err == nil && !strings.HasSuffix(name, "_test.go") && !bytes.HasPrefix(data, []byte(header)) {
			sources, err = parse(sources, name, data)
		}
	}
	slices.SortFunc(sources, func(a, b source) int { return cmp.Compare(a.path, b.path) })
	return sources, err
}

// parse adds a file, unless a build constraint says that it is not always there. Its
// errors name file and line.
func parse(sources []source, name string, data []byte) ([]source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return sources, err
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if comment.Pos() < file.Package && constraint.IsGoBuild(comment.Text) {
				return sources, nil
			}
		}
	}
	return append(sources, source{name, set, file}), nil
}

func (s source) at(pos token.Pos) string {
	p := s.set.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// specs yields the declarations of the package level.
func (s source) specs() (specs []ast.Spec) {
	for _, decl := range s.file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok {
			specs = append(specs, d.Specs...)
		}
	}
	return specs
}

// variable is where a variable is declared, or nowhere.
func (s source) variable(name string) token.Pos {
	for _, spec := range s.specs() {
		if v, ok := spec.(*ast.ValueSpec); ok {
			for _, ident := range v.Names {
				if ident.Name == name {
					return ident.Pos()
				}
			}
		}
	}
	return token.NoPos
}

// events are the structs that embed ireneo.Event.
func (s source) events() (found []declared, err error) {
	for _, spec := range s.specs() {
		t, ok := spec.(*ast.TypeSpec)
		if !ok || t.TypeParams != nil || !s.isEvent(t.Type) {
			continue
		}
		if !t.Name.IsExported() {
			return nil, fmt.Errorf("%s: event %s has to be exported, or the application could not know it; write %s", s.at(t.Pos()), t.Name, upperFirst(t.Name.Name))
		}
		found = append(found, declared{path.Dir(s.path), s.file.Name.Name, t.Name.Name})
	}
	return found, nil
}

func (s source) isEvent(t ast.Expr) bool {
	st, ok := t.(*ast.StructType)
	return ok && slices.ContainsFunc(st.Fields.List, func(f *ast.Field) bool { return f.Names == nil && s.isFrameworks(f.Type, "Event") })
}

// streams are the package's variables that are declared as a *ireneo.Stream.
func (s source) streams() (found []declared) {
	for _, spec := range s.specs() {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range v.Names {
			if name.Name != "_" && (s.isStreamType(v.Type) || i < len(v.Values) && s.isStream(v.Values[i])) {
				found = append(found, declared{streamsDir, s.file.Name.Name, name.Name})
			}
		}
	}
	return found
}

// keyedProjections are the package's variables that are declared as an
// ireneo.NewProjection with an ireneo.OnBy.
func (s source) keyedProjections() (found []declared) {
	for _, spec := range s.specs() {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range v.Names {
			if name.Name != "_" && i < len(v.Values) && s.isKeyed(v.Values[i]) {
				found = append(found, declared{projectionsDir, s.file.Name.Name, name.Name})
			}
		}
	}
	return found
}

// isKeyed reports whether somewhere in an expression a projection is made with OnBy.
func (s source) isKeyed(value ast.Expr) (keyed bool) {
	made := false
	ast.Inspect(value, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			made = made || s.isFrameworks(call.Fun, "NewProjection")
			keyed = keyed || s.isFrameworks(call.Fun, "OnBy")
		}
		return true
	})
	return made && keyed
}

// mounts reports whether the file has a func Mount, which adds the pages of its package.
func (s source) mounts() bool {
	return slices.ContainsFunc(s.file.Decls, func(decl ast.Decl) bool {
		f, ok := decl.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == "Mount"
	})
}

func (s source) isStreamType(t ast.Expr) bool {
	star, ok := t.(*ast.StarExpr)
	return ok && s.isFrameworks(star.X, "Stream")
}

func (s source) isStream(value ast.Expr) bool {
	address, ok := value.(*ast.UnaryExpr)
	if !ok || address.Op != token.AND {
		return false
	}
	literal, ok := address.X.(*ast.CompositeLit)
	return ok && s.isFrameworks(literal.Type, "Stream")
}

// isFrameworks reports whether a type is the framework's one of that name.
func (s source) isFrameworks(t ast.Expr, name string) bool {
	selector, ok := t.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != name {
		return false
	}
	pkg, ok := selector.X.(*ast.Ident)
	return ok && slices.ContainsFunc(s.file.Imports, func(spec *ast.ImportSpec) bool {
		known := "ireneo"
		if spec.Name != nil {
			known = spec.Name.Name
		}
		return spec.Path.Value == strconv.Quote(frameworkPath) && known == pkg.Name
	})
}
