package admin

import (
	"database/sql"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type Line struct {
	Amount int64
	Card   string `sensitive:"true"`
}

type stamps struct{ CreatedAt time.Time }

// Level has a text of its own.
type Level int

func (l Level) String() string { return [...]string{"low", "high"}[l] }

type Position struct {
	ID       string `gorm:"primaryKey"`
	Interest int64  `label:"Interest, yearly"`
	stamps
	PaidAt   *time.Time `json:"paid"`
	Note     sql.NullString
	Lines    []Line
	ByName   map[string]Line
	Level    Level
	File     []byte
	Any      any
	Password string `json:"-"`
	Pin      int    `sensitive:"true"`
	none     int
}

// String must not stand for the whole.
func (p Position) String() string { return "position" }

func (l Line) String() string { return "line " + l.Card }

func TestFieldsOf(t *testing.T) {
	at := time.Date(2026, 5, 3, 12, 0, 0, 500, time.FixedZone("", 7200))
	got, more := fieldsOf(&Position{
		ID: "a", Interest: 7, stamps: stamps{at}, Lines: []Line{{1, "4111"}, {2, ""}}, ByName: map[string]Line{"b": {Amount: 3}, "a": {}},
		Level: 1, File: []byte("x"), Any: Line{4, "4111"}, Password: "secret", Pin: 1234, none: 1,
	}, shownFields)
	want := []modelField{
		{Path: "id", Label: "Id", Value: "a"},
		{Path: "interest", Label: "Interest, yearly", Value: "7"},
		{Path: "created_at", Label: "Created at", Value: "2026-05-03 10:00:00 UTC"},
		{Path: "paid", Label: "Paid", Value: "–"},
		{Path: "note", Label: "Note", Value: "–"},
		{Path: "lines[0].amount", Label: "Lines [0] › Amount", Value: "1"},
		{Path: "lines[0].card", Label: "Lines [0] › Card", Value: "[masked]", Masked: true},
		{Path: "lines[1].amount", Label: "Lines [1] › Amount", Value: "2"},
		{Path: "lines[1].card", Label: "Lines [1] › Card", Value: "[masked]", Masked: true},
		{Path: "by_name[a].amount", Label: "By name [a] › Amount", Value: "0"},
		{Path: "by_name[a].card", Label: "By name [a] › Card", Value: "[masked]", Masked: true},
		{Path: "by_name[b].amount", Label: "By name [b] › Amount", Value: "3"},
		{Path: "by_name[b].card", Label: "By name [b] › Card", Value: "[masked]", Masked: true},
		{Path: "level", Label: "Level", Value: "high"},
		{Path: "file", Label: "File", Value: "1 byte, SHA-256 2d711642b726…"},
		{Path: "any.amount", Label: "Any › Amount", Value: "4"},
		{Path: "any.card", Label: "Any › Card", Value: "[masked]", Masked: true},
		{Path: "pin", Label: "Pin", Value: "[masked]", Masked: true},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(modelField{})); diff != "" || more {
		t.Errorf("%v, (-want +got)\n%s", more, diff)
	}
}

func TestFieldsOf_Bounds(t *testing.T) {
	type node struct {
		Next *node
		Text string
	}
	loop := &node{Text: strings.Repeat("ä", maxValue)}
	loop.Next = loop
	got, more := fieldsOf(loop, shownFields)
	if len(got) > 2*maxDepth || more || len(got[1].Value) > maxValue+len("…") {
		t.Errorf("a loop has %d fields, more %v", len(got), more)
	}
	if got, more := fieldsOf(&Position{Lines: make([]Line, 1_000_000)}, shownFields); len(got) != shownFields || !more {
		t.Errorf("a long list has %d fields, more %v", len(got), more)
	}
	if got, more := fieldsOf(nil, shownFields); len(got) != 0 || more {
		t.Errorf("nothing has %d fields, more %v", len(got), more)
	}
}

func TestChangesOf(t *testing.T) {
	before := &Position{ID: "a", Interest: 7, Lines: []Line{{Amount: 1, Card: "1"}, {Amount: 2}}}
	after := &Position{ID: "a", Interest: 8, Lines: []Line{{Amount: 1, Card: "2"}}, ByName: map[string]Line{"x": {Amount: 5}}}
	got, _ := changesOf(before, after)
	want := []change{
		{"interest", "Interest, yearly", "changed", "7", "8"},
		{"lines[0].card", "Lines [0] › Card", "changed", "[masked]", "[masked]"},
		{"by_name[x].amount", "By name [x] › Amount", "added", "", "5"},
		{"lines[1].amount", "Lines [1] › Amount", "removed", "2", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, _ := changesOf(before, before); len(got) != 0 {
		t.Errorf("nothing has changed, but %v", got)
	}
	first, _ := changesOf(nil, &Position{ID: "a", Pin: 1})
	if diff := cmp.Diff([]change{{"id", "Id", "added", "", "a"}, {"pin", "Pin", "added", "", "[masked]"}}, first); diff != "" {
		t.Errorf("the first state: (-want +got)\n%s", diff)
	}
}

// What is alike is not taken apart, and that cannot be told from the changes.
func TestChangesOf_Alike(t *testing.T) {
	at, nan := time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC), math.NaN()
	here := at.In(time.FixedZone("", 7200))
	models := []*Position{
		{},
		{ID: "a"},
		{ID: "a", stamps: stamps{at}},
		{ID: "a", stamps: stamps{here}, PaidAt: &at},
		{ID: "b", PaidAt: &here, Any: nan},
		{Any: nan, Lines: []Line{}},
		{Lines: []Line{{1, "x"}}, Any: []int{1}},
		{Lines: []Line{{1, "y"}}, Any: map[string]any{"a": 1}},
		{ByName: map[string]Line{"a": {}}, Pin: 1, none: 2, Any: Line{1, "x"}},
		{ByName: map[string]Line{}, Pin: 2, Password: "x", File: []byte("x")},
	}
	for _, before := range models {
		for _, after := range models {
			got, _ := changesOf(before, after)
			want, _ := changesBut(nil, before, after)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%+v and %+v (-want +got)\n%s", before, after, diff)
			}
		}
	}
}

// The end of a text too long to be shown is compared all the same.
func TestChangesOf_LongTexts(t *testing.T) {
	long := strings.Repeat("x", 2*maxValue)
	if got, _ := changesOf(&Line{Card: long + "a"}, &Line{Card: long + "b"}); len(got) != 1 {
		t.Errorf("got %d changes of a secret, want 1", len(got))
	}
	if got, _ := changesOf(&Position{ID: long + "a"}, &Position{ID: long + "b"}); len(got) != 1 {
		t.Errorf("got %d changes of a text, want 1", len(got))
	}
}

func TestModelJSON(t *testing.T) {
	var got Line
	if err := json.Unmarshal(modelJSON(&Line{2, "4111"}), &got); err != nil || got != (Line{2, "[masked]"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got := modelJSON(&struct{ F float64 }{math.NaN()}); string(got) != "null" {
		t.Errorf("got %s for what has no JSON", got)
	}
}
