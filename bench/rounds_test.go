package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProfile_MakesItsDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "profiles", "today")
	stop, err := profile(dir, row{name: "append, warm", clients: 32})
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("got %v, %v, want one file", files, err)
	}
}
