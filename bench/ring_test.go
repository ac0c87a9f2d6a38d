package main

import (
	"reflect"
	"testing"
)

func TestRings_KeepTogetherWhatIsCompared(t *testing.T) {
	rows := []row{
		{name: "L"},
		{name: "copy"},
		{name: "a", limit: limit{name: "L"}},
		{name: "rebuild", limit: limit{name: "copy"}},
		{name: "alone"},
		{name: "b", limit: limit{name: "a"}, sum: sum{3, limit{name: "read"}}},
		{name: "read"},
		{name: "peer", limit: limit{name: "not measured"}},
	}
	want := []ring{{1, 3}, {4}, {0, 2, 5, 6}, {7}}
	if got := rings(rows); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRing_HasRowsWithoutVerdictInTheFirstRounds(t *testing.T) {
	rows := []row{
		{name: pgbenchInsert},
		{name: pgxInsert, limit: limit{name: pgbenchInsert}},
		{name: "informs", limit: limit{name: pgbenchInsert}},
		{name: "judged", limit: limit{name: pgbenchInsert}, target: atLeast(1)},
		{name: "memory", limit: limit{name: pgbenchInsert}, target: memoryAtMost(1)},
	}
	for round, want := range []ring{{0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}, {0, 1, 3}} {
		if got := rings(rows)[0].in(rows, round); !reflect.DeepEqual(got, want) {
			t.Errorf("round %d: got %v, want %v", round, got, want)
		}
	}
}
