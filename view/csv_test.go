package view_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/view"
)

func rows(all [][]string, last error) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, row := range all {
			if !yield(row, nil) {
				return
			}
		}
		if last != nil {
			yield(nil, last)
		}
	}
}

func TestWriteCSV(t *testing.T) {
	cells := []string{
		"plain", `a "quoted", text`, "two\nlines", "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "\nx",
		"-5.00", "+49", "", "naïve\u202e",
	}
	want := slices.Clone(cells)
	for i := range want {
		if i >= 3 && i <= 9 {
			want[i] = "'" + want[i]
		}
	}
	table := csv.NewReader(bytes.NewReader(written(t, cells)))
	table.FieldsPerRecord = -1
	got, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"h"}, want}, got); diff != "" {
		t.Errorf("cells differ (-want +got):\n%s", diff)
	}

	broken := errors.New("broken")
	if err := view.WriteCSV(io.Discard, nil, rows([][]string{cells}, broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func written(t *testing.T, cells []string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := view.WriteCSV(&b, []string{"h"}, rows([][]string{cells}, nil)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
