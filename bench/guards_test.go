package main

import (
	"slices"
	"testing"
)

func TestSkews_CountsPairsThatDidNotSeeEachOther(t *testing.T) {
	// wroteZero read stream 1 at a version and appended to stream 0 behind another.
	wroteZero := func(read, behind int64) command {
		return command{read: []at{{numbered(1), read}}, written: []at{{numbered(0), behind}}}
	}
	wroteOne := func(read, behind int64) command {
		return command{read: []at{{numbered(0), read}}, written: []at{{numbered(1), behind}}}
	}

	for name, test := range map[string]struct {
		committed []command
		want      int
	}{
		"one after the other": {[]command{wroteZero(1, 1), wroteOne(2, 1)}, 0},
		"blind to each other": {[]command{wroteZero(1, 1), wroteOne(1, 1)}, 1},
		"old reads":           {[]command{wroteZero(1, 1), wroteZero(1, 2), wroteOne(1, 1)}, 2},
		"of one stream":       {[]command{wroteZero(1, 1), wroteZero(1, 2)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := skews(test.committed); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestBehind_CountsRecordsThatFollowOneUnseen(t *testing.T) {
	decided := command{read: []at{{"a", 1}}, written: []at{{"b", 1}}}
	for name, test := range map[string]struct {
		missed int64 // position of a's next record; 0: there is none
		want   int
	}{
		"nothing missed":   {0, 0},
		"missed before it": {5, 1},
		"came after it":    {7, 0},
	} {
		t.Run(name, func(t *testing.T) {
			positions := map[at]int64{{"b", 2}: 6}
			if test.missed > 0 {
				positions[at{"a", 2}] = test.missed
			}
			if got := behind([]command{decided}, positions); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestCommand_LocksInOneOrder(t *testing.T) {
	a, b := at{stream: "a"}, at{stream: "b"}
	keys, exclusive := command{read: []at{a}, written: []at{b}}.locks()
	turned, opposite := command{read: []at{b}, written: []at{a}}.locks()

	if !slices.Equal(keys, turned) {
		t.Errorf("got %v and %v, want the same order", keys, turned)
	}
	if exclusive[slices.Index(keys, key("a"))] || !exclusive[slices.Index(keys, key("b"))] {
		t.Errorf("got %v for %v, want only what is written exclusive", exclusive, keys)
	}
	if slices.Equal(exclusive, opposite) {
		t.Errorf("got %v for both, want them to differ", exclusive)
	}
}
