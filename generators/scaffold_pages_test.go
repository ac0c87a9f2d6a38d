package generators_test

import (
	"io/fs"
	"os"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/generators"
)

// What is generated of a page is what templ fmt and templ generate print. Ledger's own
// pages are.
func TestPage_IsWhatTemplPrints(t *testing.T) {
	tree, found := os.DirFS(".."), 0
	err := fs.WalkDir(tree, "web", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".templ" {
			return err
		}
		found++
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		made, err := generators.Page(name, text)
		if err != nil {
			return err
		}
		for want, got := range made {
			text, err := fs.ReadFile(tree, want)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("%s differs (-want +got):\n%s", want, diff)
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d pages were compared, %v", found, err)
	}
}
