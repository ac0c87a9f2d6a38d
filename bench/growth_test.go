package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every operation is measured at every size, and says so where it finds something else than is there.
func TestGrowth_MeasuresAndDraws(t *testing.T) {
	p := onPostgres(t)
	t.Chdir(t.TempDir())
	var lines bytes.Buffer
	err := run(t.Context(), []string{
		"growth", "-sizes", "20000,10000", "-rounds", "1", "-duration", "10ms",
		"-postgres", p.url, "-dir", t.TempDir(), "-plot", "growth.svg", "-out", "growth.json",
	}, &lines, io.Discard)
	if err != nil {
		t.Fatal(err)
	}

	text, err := os.ReadFile("growth.json")
	if err != nil {
		t.Fatal(err)
	}
	var got growth
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	wantMeasured(t, got.Log, ofLog(), []int{10_000, 20_000})
	wantMeasured(t, got.Stream, ofStream(), depths)
	if found, _ := filepath.Glob("results/*-growth.json"); len(found) != 1 {
		t.Errorf("got %v in results, want one file", found)
	}
	svg, err := os.ReadFile("growth.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range slices.Concat(ofLog(), ofStream()) {
		if !strings.Contains(string(svg), ">"+op.name+", ") || !strings.Contains(lines.String(), op.name) {
			t.Errorf("%q is not in the picture, or not in what is printed:\n%s", op.name, lines.String())
		}
	}
}

func wantMeasured(t *testing.T, got []curve, ops []operation, sizes []int) {
	t.Helper()
	for i, op := range ops {
		var at []int
		for _, p := range got[i].Points {
			at = append(at, p.Events)
			if p.Cost <= 0 || len(p.Rounds) != 1 {
				t.Errorf("%s at %d: cost %v of %d rounds", op.name, p.Events, p.Cost, len(p.Rounds))
			}
		}
		if got[i].Name != op.name || !slices.Equal(at, sizes) {
			t.Errorf("got %s at %v, want %s at %v", got[i].Name, at, op.name, sizes)
		}
	}
}

func TestGrowth_RefusesSizes(t *testing.T) {
	for _, sizes := range []string{"", "many", "9999", "10000,-1"} {
		if _, err := parseGrowth([]string{"-sizes", sizes}); err == nil {
			t.Errorf("-sizes %q is accepted", sizes)
		}
	}
}

func TestGrowth_TakesTheQuietestRound(t *testing.T) {
	c := cell{Rounds: []sample{{P50: 30, Ops: 1e6}, {P50: 20, Ops: 2e6}, {P50: 40, Ops: 5e5}}}
	if c.conclude(operation{}); c.Cost != 20 {
		t.Errorf("got %v an operation, want 20ns", c.Cost)
	}
	if c.conclude(operation{perEvent: true}); c.Cost != 500 {
		t.Errorf("got %v an event, want 500ns", c.Cost)
	}
}

// The picture is well-formed, and the names of curves that end together are legible.
func TestGrowth_Draws(t *testing.T) {
	g := &growth{Stream: []curve{{"append, warm", []cell{{Events: 1, Cost: time.Millisecond}}}}}
	for _, name := range []string{"append, warm", "10 < 11", "page", "replay"} {
		g.Log = append(g.Log, curve{name, []cell{{Events: 10_000, Cost: time.Millisecond}, {Events: 20_000, Cost: time.Millisecond}}})
	}

	decoder := xml.NewDecoder(strings.NewReader(g.draw()))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	heights := panel{curves: g.Log}.names()
	slices.Sort(heights)
	for i := range heights[1:] {
		if apart := heights[i+1] - heights[i]; apart < lineHeight-1 || math.Abs(heights[i]-yOf(time.Millisecond)) > 4*lineHeight {
			t.Errorf("names are at %v, want them apart and close to %v", heights, yOf(time.Millisecond))
		}
	}
}
