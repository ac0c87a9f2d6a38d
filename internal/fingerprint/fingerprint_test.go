package fingerprint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

type list struct {
	Next *list
	Name string
}

func TestOf_TellsBuildsProjectionsAndModelsApart(t *testing.T) {
	type state struct{ A int }
	first := reflect.TypeFor[state]()
	seen := map[string]bool{of("build", "p", first): true}
	if !seen[of("build", "p", first)] {
		t.Error("asked twice, answered differently")
	}
	others := []reflect.Type{
		reflect.TypeFor[struct{ A int }](), reflect.TypeFor[struct{ A int64 }](), reflect.TypeFor[struct{ B int }](),
		reflect.TypeFor[struct {
			A int `json:"a"`
		}](), reflect.TypeFor[struct{ A []int }](), reflect.TypeFor[struct{ A map[string]int }](), reflect.TypeFor[list](),
	}
	for _, other := range others {
		seen[of("build", "p", other)] = true
	}
	seen[of("next build", "p", first)] = true
	seen[of("build", "q", first)] = true
	if len(seen) != len(others)+3 {
		t.Errorf("%d fingerprints for %d kinds of state", len(seen), len(others)+3)
	}
}

func TestOf_IsTheSameForAsLongAsTheProgramRuns(t *testing.T) {
	got, err := Of("p", reflect.TypeFor[list]())
	again, _ := Of("p", reflect.TypeFor[list]())
	if err != nil || len(got) != 32 || got != again {
		t.Errorf("got %q and %q, %v", got, again, err)
	}
}

// Within a program, a type may change behind a name that stays.
func TestDescribe_LooksIntoWhatAModelHolds(t *testing.T) {
	first := func() reflect.Type { type line struct{ A int }; return reflect.TypeFor[struct{ L []line }]() }()
	second := func() reflect.Type { type line struct{ B int }; return reflect.TypeFor[struct{ L []line }]() }()
	if describe(first) == describe(second) {
		t.Errorf("both are\n%s", describe(first))
	}
}

func TestFileHash_IsOfTheContentsOfTheFirstThatCanBeRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "program")
	write := func(text string) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		hash, err := fileHash(filepath.Join(dir, "missing"), path)
		if err != nil {
			t.Fatal(err)
		}
		return hash
	}
	if first, second := write("one"), write("two"); first == second || first != write("one") {
		t.Errorf("got %s and %s", first, second)
	}
	if _, err := fileHash(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v", err)
	}
}

func BenchmarkFileHash(b *testing.B) {
	own, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(own)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if _, err := fileHash(own); err != nil {
			b.Fatal(err)
		}
	}
}
