package generators

import (
	"bytes"
	"fmt"

	"github.com/a-h/templ"
	"github.com/a-h/templ/generator"
	templparser "github.com/a-h/templ/parser/v2"
)

// page is a page in templ as templ fmt writes it, and what templ generate makes of it.
func page(name string, text []byte) ([]File, error) {
	parsed, err := templparser.ParseString(string(text))
	if err != nil {
		return nil, fmt.Errorf("generate %s: %w", name, err)
	}
	var written bytes.Buffer
	if err := parsed.Write(&written); err != nil {
		return nil, fmt.Errorf("generate %s: %w", name, err)
	}
	code, err := compiled(name, written.Bytes())
	if err != nil {
		return nil, err
	}
	return []File{{Path: name, Data: written.Bytes()}, code}, nil
}

// compiled is the file that templ generate writes beside a page. It takes no process:
// the command is of the same version as the templ that pages are built with.
func compiled(name string, text []byte) (File, error) {
	parsed, err := templparser.ParseString(string(text)) // places in the text are in the code
	if err != nil {
		return File{}, fmt.Errorf("generate %s: %w", name, err)
	}
	var code bytes.Buffer
	_, err = generator.Generate(parsed, &code, generator.WithVersion(templ.Version()), generator.WithFileName(name))
	if err != nil {
		return File{}, fmt.Errorf("generate %s: %w", name, err)
	}
	return File{Path: name[:len(name)-len(".templ")] + "_templ.go", Data: code.Bytes()}, nil
}
