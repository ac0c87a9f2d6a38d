// Package fingerprint tells kept states apart that must not be mixed: a state is only
// worth what the code was that folded it.
//
// A Go function has no identity that survives a build: its name stays when its body
// changes, and its body calls others. So the fingerprint covers the whole program, by
// the contents of the file it runs from, and beside it the model's type, which need not
// be that of another projection of the same name. Hashing the file is paid once a
// process: 25 ms for one of 30 MB, where the processor helps with SHA-256.
package fingerprint

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
)

// Of is the fingerprint of the states that this program folds for the projection of
// this name: 32 hexadecimal digits. It fails where the program's own file cannot be read.
func Of(projection string, model reflect.Type) (string, error) {
	build, err := program()
	if err != nil {
		return "", err
	}
	return of(build, projection, model), nil
}

func of(build, projection string, model reflect.Type) string {
	sum := sha256.Sum256([]byte(build + "\n" + projection + "\n" + describe(model)))
	return shorten(sum[:])
}

// program is the hash of the file this process runs from.
var program = sync.OnceValues(func() (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the program's own file: %w", err)
	}
	return fileHash(running, own)
})

// running is what Linux calls the file this process runs from, also where a deployment
// has put another one in its place meanwhile.
const running = "/proc/self/exe"

// fileHash is the hash of the first of these files that can be read.
func fileHash(paths ...string) (hash string, err error) {
	for _, path := range paths {
		var openErr error
		if hash, openErr = hashOf(path); openErr == nil {
			return hash, nil
		}
		err = cmp.Or(err, openErr)
	}
	return "", fmt.Errorf("read the program's own file: %w", err)
}

func hashOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read

	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return shorten(h.Sum(nil)), nil
}

// shorten keeps half of a hash, which is more than enough to tell builds apart.
func shorten(sum []byte) string { return hex.EncodeToString(sum[:16]) }

// describe writes out a type as far as its structure goes: names, kinds, fields and
// their tags, those of all types it holds included.
func describe(t reflect.Type) string {
	var b strings.Builder
	d := description{text: &b, known: map[reflect.Type]bool{}}
	d.write(t)
	return b.String()
}

type description struct {
	text  *strings.Builder
	known map[reflect.Type]bool // written out already
}

func (d description) write(t reflect.Type) {
	fmt.Fprintf(d.text, "%s %s %s\n", t.PkgPath(), t, t.Kind())
	if d.known[t] {
		return
	}
	d.known[t] = true

	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			fmt.Fprintf(d.text, "%s %q ", f.Name, f.Tag)
			d.write(f.Type)
		}
	case reflect.Map:
		d.write(t.Key())
		d.write(t.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Array:
		d.write(t.Elem())
	}
}
