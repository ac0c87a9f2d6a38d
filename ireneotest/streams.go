package ireneotest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ireneo-dev/ireneo"
)

// Documented fails the test for each type of streams that the catalogue cannot explain: one
// that the log has and nobody declares, that does not say what its ids look like, that is
// closed by an event and does not say which one creates it, or that is related to a type
// nobody declares.
func Documented(t testing.TB, log *ireneo.Log) {
	t.Helper()
	types, err := log.StreamTypes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, gap := range undocumented(types) {
		t.Error(gap)
	}
}

// undocumented says what the catalogue leaves open.
func undocumented(types []ireneo.StreamInfo) (gaps []string) {
	for _, info := range types {
		gap := func(text string) { gaps = append(gaps, "stream "+info.Type+": "+text) }
		if !info.Declared {
			gap("the log has it, but it is not in Config.Streams")
			continue
		}
		if info.Pattern == "" {
			gap("say in Pattern what ids look like, such as {year}-{number}")
		}
		if info.ClosedBy != "" && info.CreatedBy == "" {
			gap("it is closed by " + info.ClosedBy + ": say in CreatedBy how it begins")
		}
		for _, typ := range info.Related {
			if !slices.ContainsFunc(types, func(other ireneo.StreamInfo) bool { return other.Declared && other.Type == typ }) {
				gap(fmt.Sprintf("it is Related to %q, which is not in Config.Streams", typ))
			}
		}
	}
	return gaps
}
