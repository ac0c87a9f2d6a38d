package generators

import (
	"fmt"
	"go/ast"
	"go/types"
	"io/fs"
	"os"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// declaredStream is the declaration of a stream, as far as it can be read.
type declaredStream struct {
	name        Name   // of its type
	variable    string // Account
	path        string // of the file
	createdBy   string // the stored name of the event it begins with; empty: not said
	closedBy    string // that of the event after which nothing follows, likewise
	consistency string // the variable of its projection; empty: none of app/projections
}

// declaredStreams are the streams of the application, by their types.
func declaredStreams(tree fs.FS) (map[string]declaredStream, error) {
	sources, err := parseFolder(tree, streamsDir, nil)
	found := map[string]declaredStream{}
	for _, s := range sources {
		for _, spec := range s.specs() {
			v, ok := spec.(*ast.ValueSpec)
			for i := 0; ok && i < len(v.Values) && path.Dir(s.path) == streamsDir; i++ {
				if d, ok := s.declaredStream(v.Names[i].Name, v.Values[i]); ok {
					found[d.name.Snake] = d
				}
			}
		}
	}
	return found, err
}

func (s source) declaredStream(variable string, value ast.Expr) (d declaredStream, ok bool) {
	if !ast.IsExported(variable) || !s.isStream(value) {
		return d, false
	}
	d = declaredStream{variable: variable, path: s.path}
	for _, element := range value.(*ast.UnaryExpr).X.(*ast.CompositeLit).Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch types.ExprString(pair.Key) {
		case "Type":
			d.name = Name{Snake: textOf(pair.Value), Go: goName(textOf(pair.Value))}
		case "CreatedBy":
			d.createdBy = textOf(pair.Value)
		case "ClosedBy":
			d.closedBy = textOf(pair.Value)
		case "Consistency":
			d.consistency = s.fromProjections(pair.Value)
		}
	}
	return d, snakeCase.MatchString(d.name.Snake)
}

// textOf is a text that stands in the source; empty where it is worked out.
func textOf(value ast.Expr) string {
	literal, ok := value.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, _ := strconv.Unquote(literal.Value) // a number is none
	return text
}

// fromProjections is the name of a variable of app/projections; empty where it is none.
func (s source) fromProjections(value ast.Expr) string {
	selector, ok := value.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, ok := selector.X.(*ast.Ident)
	if !ok || !slices.ContainsFunc(s.file.Imports, func(spec *ast.ImportSpec) bool {
		target, _ := strconv.Unquote(spec.Path.Value) // the parser has read it
		known := path.Base(target)
		if spec.Name != nil {
			known = spec.Name.Name
		}
		return known == pkg.Name && strings.HasSuffix(target, "/"+projectionsDir)
	}) {
		return ""
	}
	return selector.Sel.Name
}

// projectionVariable finds the variable of a projection by its stored name.
func (a *App) projectionVariable(name string) (string, error) {
	sources, err := parseFolder(os.DirFS(a.Dir), projectionsDir, nil)
	if err != nil {
		return "", err
	}
	var known []string
	for _, s := range sources {
		if path.Dir(s.path) != projectionsDir {
			continue
		}
		for variable, stored := range s.projections() {
			if stored == name {
				return variable, nil
			}
			known = append(known, stored)
		}
	}
	slices.Sort(known)
	return "", fmt.Errorf("there is no projection %s in %s; there are: %s", name, projectionsDir, strings.Join(known, ", "))
}

// projections are the variables that an ireneo.NewProjection makes, and its stored names.
func (s source) projections() map[string]string {
	found := map[string]string{}
	for _, spec := range s.specs() {
		v, ok := spec.(*ast.ValueSpec)
		for i := 0; ok && i < len(v.Values); i++ {
			ast.Inspect(v.Values[i], func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && s.isFrameworks(call.Fun, "NewProjection") && len(call.Args) > 0 {
					found[v.Names[i].Name] = textOf(call.Args[0])
				}
				return true
			})
		}
	}
	return found
}

// commandName is the stored name of the command that a type is; empty where it is none.
// It is not found where the file has no such type.
func (s source) commandName(typeName string) (stored string, found bool) {
	for _, spec := range s.specs() {
		t, ok := spec.(*ast.TypeSpec)
		if !ok || t.Name.Name != typeName {
			continue
		}
		if st, ok := t.Type.(*ast.StructType); ok {
			for _, f := range st.Fields.List {
				if f.Names == nil && f.Tag != nil && s.isFrameworks(f.Type, "Command") {
					text, _ := strconv.Unquote(f.Tag.Value) // the parser has read it
					stored = reflect.StructTag(text).Get("name")
				}
			}
		}
		return stored, true
	}
	return "", false
}
