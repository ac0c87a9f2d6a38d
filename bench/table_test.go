package main

import (
	"strings"
	"testing"
	"time"
)

// Whatever the figures, the table fits where it is read.
func TestReport_FitsThePage(t *testing.T) {
	rows := append(cases(), row{name: "message-db: load + append, depth 1000", clients: 32, limit: limit{"append, warm", 1}})
	r := newReport(rows, options{})
	for i := range r.Rows {
		r.Rows[i].Rounds = []sample{
			{Ops: 123_456, P50: 1234 * time.Millisecond, P99: 12 * time.Second, CPU: cost{9 * time.Millisecond, 12 * time.Millisecond}, Memory: usage{1 << 29, 1 << 30}},
			{Ops: 1, P50: time.Millisecond},
		}
	}
	r.judgeRows()
	var out strings.Builder
	r.write(&out)
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimSpace(line))); n > page {
			t.Errorf("%d characters: %s", n, line)
		}
	}
}

func TestReport_SaysWhereLIsOfOtherClients(t *testing.T) {
	r := newReport([]row{
		{name: pgbenchInsert, clients: 1},
		{name: "warm", clients: 1, limit: postgresL(1)},
		{name: "hot", clients: 32, limit: postgresL(1)},
		{name: "many", clients: 512, limit: postgresL(32)},
	}, options{})
	if got, want := r.legend(), "at as many clients as the row has, but of hot × 32 at 1, of many × 512 at 32."; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}

// A peer is named once above its rows, and each row has its figures beside what it does.
func TestReport_NamesAPeerAboveItsRows(t *testing.T) {
	r := newReport([]row{
		{name: "append"},
		{name: "peer: append"},
		{name: "peer: replay"},
		{name: "other: append"},
		{name: "a row that says much more about itself than fits"},
	}, options{})
	for i := range r.Rows {
		r.Rows[i].Rounds = []sample{{Ops: float64(i + 1), P50: 250 * time.Microsecond, P99: 12 * time.Millisecond}}
	}
	r.judgeRows()
	var out strings.Builder
	r.write(&out)

	_, table, _ := strings.Cut(out.String(), "verdict\n")
	table, _, _ = strings.Cut(table, "\n\n")
	want := strings.Join([]string{
		"    append                                  0      1   0.250    12.0      0.0+–",
		"    peer",
		"     append                                 0      2   0.250    12.0      0.0+–",
		"     replay                                 0      3   0.250    12.0      0.0+–",
		"    other",
		"     append                                 0      4   0.250    12.0      0.0+–",
		"    a row that says much more about itself",
		"     than fits                              0      5   0.250    12.0      0.0+–",
	}, "\n")
	if table != want {
		t.Errorf("got\n%s\nwant\n%s", table, want)
	}
}
