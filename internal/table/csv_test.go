package table_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ireneo-dev/ireneo/internal/table"
)

func TestWriteCSV_RowsBeforeAnError(t *testing.T) {
	broken := errors.New("broken")
	rows := func(yield func([]string, error) bool) {
		if yield([]string{"=1", "-1"}, nil) {
			yield(nil, broken)
		}
	}
	var b bytes.Buffer
	if err := table.WriteCSV(&b, []string{"a"}, func(yield func([]string, error) bool) { yield(nil, broken) }); b.Len() > 0 || !errors.Is(err, broken) {
		t.Errorf("before any row: got %q, %v", &b, err)
	}
	err := table.WriteCSV(&b, []string{"a", "b"}, rows)
	if got, want := b.String(), "a,b\n'=1,-1\n"; got != want || !errors.Is(err, broken) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
