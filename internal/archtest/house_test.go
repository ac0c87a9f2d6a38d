package archtest

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// room is a folder and a list, separated by spaces, of the rooms it may import.
type room struct{ name, imports string }

// outsider is an import path of others, all below it included, and the rooms that may import it.
type outsider struct{ path, rooms string }

// source is one Go file that is not a test.
type source struct {
	name string // slash-separated, from the top of the house
	dir  string
	text []byte
	file *ast.File
	set  *token.FileSet
}

// inspect returns every breach of the rules in a tree, in the order of its files.
func inspect(tree fs.FS) (breaches []string, err error) {
	sources, err := parse(tree)
	if err != nil {
		return nil, err
	}
	folders, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, err
	}

	breaches = append(checkTop(folders), checkFrameworkSize(sources)...)
	for _, s := range sources {
		breaches = append(breaches, checkImports(s)...)
		breaches = append(breaches, checkWord(s)...)
		breaches = append(breaches, checkSize(s)...)
	}
	return breaches, nil
}

// parse reads the Go files of the module at the top of the tree, without tests.
func parse(tree fs.FS) ([]source, error) {
	var sources []source
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && ignored(tree, name):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		s, err := parseFile(tree, name)
		sources = append(sources, s)
		return err
	})
	return sources, err
}

// ignored reports whether a folder is none of the module's: go ignores it, or it is another module.
func ignored(tree fs.FS, dir string) bool {
	base := path.Base(dir)
	if dir == "." {
		return false
	}
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

func parseFile(tree fs.FS, name string) (source, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return source{}, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	return source{name: name, dir: path.Dir(name), text: text, file: file, set: set}, err
}

func checkTop(entries []fs.DirEntry) (breaches []string) {
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if !contains(topLevel, entry.Name()) {
			breaches = append(breaches, entry.Name()+": is not a room of the house")
		}
	}
	return breaches
}

func checkFrameworkSize(sources []source) []string {
	count := 0
	for _, s := range sources {
		if s.dir == framework {
			count++
		}
	}
	if count <= maxFrameworkFiles {
		return nil
	}
	return []string{fmt.Sprintf("root package: %d files, at most %d", count, maxFrameworkFiles)}
}

func checkImports(s source) (breaches []string) {
	from, known := roomOf(s.dir)
	if !known {
		return []string{s.name + ": " + s.dir + " is not a room of the house"}
	}
	for _, spec := range s.file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil || !mayImport(from, target) {
			breaches = append(breaches, fmt.Sprintf("%s: %s must not import %s", s.name, from.name, target))
		}
	}
	return breaches
}

func mayImport(from room, target string) bool {
	if dir, ours := ourFolder(target); ours {
		to, known := roomOf(dir)
		return known && (to.name == from.name || contains(from.imports, to.name))
	}
	for _, o := range outsiders {
		if target == o.path || strings.HasPrefix(target, o.path+"/") {
			return contains(o.rooms, from.name)
		}
	}
	return true
}

// ourFolder returns the folder an import path of this module stands for.
func ourFolder(target string) (dir string, ours bool) {
	if target == module {
		return framework, true
	}
	return strings.CutPrefix(target, module+"/")
}

// roomOf returns the room a folder belongs to: the nearest one with a line in rooms, going up.
// A room from a line with a star gets the folder's own name.
func roomOf(dir string) (found room, ok bool) {
	for name := dir; ; name = path.Dir(name) {
		for _, r := range rooms {
			if r.name == name || (r.name == path.Dir(name)+"/*" && !isRoom(name)) {
				return room{name, r.imports}, true
			}
		}
		if path.Dir(name) == framework {
			return room{}, false
		}
	}
}

func isRoom(name string) bool {
	return slices.ContainsFunc(rooms, func(r room) bool { return r.name == name })
}

// contains reports whether a list names a room, by itself or through a star.
func contains(list, name string) bool {
	return slices.ContainsFunc(strings.Fields(list), func(entry string) bool {
		return entry == anything || entry == name || entry == path.Dir(name)+"/*" && !isRoom(name)
	})
}

func checkWord(s source) []string {
	from, _ := roomOf(s.dir)
	if contains(databaseWordRooms, from.name) || !bytes.Contains(s.text, []byte(databaseWord)) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s must not say %s", s.name, from.name, databaseWord)}
}

func checkSize(s source) (breaches []string) {
	if strings.HasSuffix(s.name, "_templ.go") || strings.HasSuffix(s.name, "_gen.go") {
		return nil
	}
	if lines := codeLines(s.text); lines > maxFileLines {
		breaches = append(breaches, fmt.Sprintf("%s: %d lines of code, at most %d", s.name, lines, maxFileLines))
	}
	ast.Inspect(s.file, func(node ast.Node) bool {
		function, ok := node.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			return true
		}
		if lines := bodyLines(s.set, function.Body); lines > maxFunctionLines {
			breaches = append(breaches, fmt.Sprintf("%s: %s has %d lines, at most %d",
				s.name, function.Name.Name, lines, maxFunctionLines))
		}
		return true
	})
	return breaches
}

func bodyLines(set *token.FileSet, body *ast.BlockStmt) int {
	return set.Position(body.Rbrace).Line - set.Position(body.Lbrace).Line - 1
}

// codeLines counts the lines that a token other than a comment is on.
func codeLines(text []byte) int {
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(text))
	var scan scanner.Scanner
	scan.Init(file, text, nil, 0) // mode 0 leaves comments out

	count, counted := 0, 0
	for {
		pos, kind, literal := scan.Scan()
		if kind == token.EOF {
			return count
		}
		if kind == token.SEMICOLON && literal == "\n" {
			continue // the scanner's own
		}
		first := file.Line(pos)
		last := first + strings.Count(literal, "\n")
		count += last - max(first, counted+1) + 1
		counted = last
	}
}

// errNotTheTop guards against a test that looks at the wrong tree and finds nothing wrong with it.
var errNotTheTop = errors.New("the tree holds no go.mod of " + module)

func checkTree(tree fs.FS) error {
	text, err := fs.ReadFile(tree, "go.mod")
	if err != nil || !bytes.HasPrefix(text, []byte("module "+module+"\n")) {
		return errors.Join(errNotTheTop, err)
	}
	return nil
}
