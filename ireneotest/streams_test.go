package ireneotest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

type noted struct {
	ireneo.Event `name:"noted"`
}

func TestC19_EveryStreamTypeIsDocumented(t *testing.T) {
	events := []ireneo.EventType{ireneo.TypeOf[noted]()}
	streams := []*ireneo.Stream{
		{Type: "whole", Purpose: "Says all", Pattern: "{number}", CreatedBy: "noted", ClosedBy: "noted", Retention: ireneo.AfterClosing{Days: 1}, Related: []string{"open"}},
		{Type: "open", Purpose: "Says that it stays open", Pattern: "{number}"},
	}
	Each(t, ireneo.Config{Events: events, Streams: streams}, func(t *testing.T, log *ireneo.Log) { Documented(t, log) })

	forgotten := &ireneo.Stream{Type: "forgotten", Purpose: "Was declared once"}
	older := SQLite(t, ireneo.Config{Events: events, Streams: append(streams,
		forgotten, &ireneo.Stream{Type: "vague", Purpose: "Says too little", ClosedBy: "noted", Related: []string{"nothing"}})})
	if err := forgotten.In(older).For("1").Append(t.Context(), &noted{}); err != nil {
		t.Fatal(err)
	}
	types, err := older.StreamTypes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range types { // as a program sees it that does not declare it
		types[i].Declared = types[i].Type != "forgotten"
	}
	want := []string{
		"stream forgotten: the log has it, but it is not in Config.Streams",
		"stream vague: say in Pattern what ids look like, such as {year}-{number}",
		"stream vague: it is closed by noted: say in CreatedBy how it begins",
		`stream vague: it is Related to "nothing", which is not in Config.Streams`,
	}
	if diff := cmp.Diff(want, undocumented(types)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
