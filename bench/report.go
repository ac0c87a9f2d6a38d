package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report is what a run found.
type report struct {
	Started time.Time `json:"started"`
	Setup   setup     `json:"setup"`
	Rows    []result  `json:"rows"`
}

// result is what the rounds of one row found.
type result struct {
	row row

	ID      string        `json:"id,omitempty"`
	Name    string        `json:"name"`
	Clients int           `json:"clients"`
	Ops     float64       `json:"ops"` // medians of the rounds
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	Limit   string        `json:"limit,omitempty"`
	Ratio   *ratio        `json:"ratio,omitempty"`  // to Limit
	OfPgx   *ratio        `json:"of_pgx,omitempty"` // to the limit as pgx reaches it, where Limit is pgbench
	Target  string        `json:"target,omitempty"`
	Verdict string        `json:"verdict,omitempty"`
	Rounds  []sample      `json:"rounds"`
}

// ratio is of a row to another one, round by round: the distance from least to greatest is the noise
// of the run.
type ratio struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func (r *ratio) String() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", r.Median, r.Min, r.Max)
}

func newReport(rows []row, o options) *report {
	r := &report{Started: time.Now().UTC(), Setup: newSetup(o)}
	for _, row := range rows {
		r.Rows = append(r.Rows, result{row: row, ID: row.id, Name: row.name, Clients: row.clients})
	}
	return r
}

// conclude works out medians, ratios and verdicts once all rounds are measured.
func (r *report) conclude(ctx context.Context, p *place) error {
	for i := range r.Rows {
		row := &r.Rows[i]
		row.Ops = median(row.values(func(s sample) float64 { return s.Ops }))
		row.P50 = time.Duration(median(row.values(func(s sample) float64 { return float64(s.P50) })))
		row.P99 = time.Duration(median(row.values(func(s sample) float64 { return float64(s.P99) })))
	}
	for i := range r.Rows {
		r.compare(&r.Rows[i])
	}
	return r.Setup.finish(ctx, p)
}

func (r *report) compare(row *result) {
	of := r.find(row.row.limit)
	if of == nil {
		return
	}
	row.Limit, row.Ratio = of.row.String(), row.to(of)
	if of.Name == pgbenchInsert && row.Name != pgxInsert {
		row.OfPgx = row.to(r.find(limit{pgxInsert, of.Clients}))
	}
	if row.row.target != (target{}) {
		row.Target, row.Verdict = row.row.target.String(), row.row.target.verdict(row.Ratio)
		if of.disturbed() {
			row.Verdict = "disturbed: run again"
		}
	}
}

func (r *report) find(l limit) *result {
	for i := range r.Rows {
		if r.Rows[i].row.key() == l {
			return &r.Rows[i]
		}
	}
	return nil
}

// to is the ratio of latencies where the row's target is about these, else of rates.
func (r *result) to(of *result) *ratio {
	if of == nil {
		return nil
	}
	measure := func(s sample) float64 { return s.Ops }
	if r.row.target.latency {
		measure = func(s sample) float64 { return float64(s.P50) }
	}
	ratios := r.values(measure)
	for i, against := range of.values(measure) {
		ratios[i] /= against
	}
	return &ratio{Median: median(ratios), Min: slices.Min(ratios), Max: slices.Max(ratios)}
}

func (r *result) values(of func(sample) float64) []float64 {
	var all []float64
	for _, s := range r.Rounds {
		all = append(all, of(s))
	}
	return all
}

// verdict judges the median, and says so where single rounds fell on the other side.
func (t target) verdict(r *ratio) string {
	word := "missed"
	if t.met(r.Median) {
		word = "met"
	}
	if t.met(r.Min) != t.met(r.Max) {
		word += ", within noise"
	}
	return word
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// headings are the columns of the table; the first two are aligned to the left.
var headings = []string{"id", "row", "clients", "ops/s", "p50 ms", "p99 ms", "of limit (min–max)", "of pgx (min–max)", "target", "verdict"}

// write prints the table.
func (r *report) write(w io.Writer) {
	lines := [][]string{headings}
	for _, row := range r.Rows {
		lines = append(lines, row.cells())
	}
	widths := make([]int, len(headings))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}

	fmt.Fprintln(w, r.Setup.String())
	for _, line := range lines {
		fmt.Fprintln(w, align(line, widths))
	}
	fmt.Fprintln(w, "\n"+r.legend()+r.drift())
}

// calm is how much faster a limit may be in one round than in another before it counts as disturbed.
const calm = 1.5

// disturbed reports whether the row ran at very different rates: then others used the machine, and
// neither a rate nor a ratio to it says anything.
func (r *result) disturbed() bool {
	rates := r.values(func(s sample) float64 { return s.Ops })
	return len(rates) > 0 && slices.Max(rates) > calm*slices.Min(rates)
}

// drift names the limits that were disturbed.
func (r *report) drift() string {
	var said string
	for _, row := range r.Rows {
		if row.row.isLimit() && row.disturbed() {
			rates := row.values(func(s sample) float64 { return s.Ops })
			said += fmt.Sprintf("\nDisturbed: %s ran at %.0f to %.0f ops/s.", row.row, slices.Min(rates), slices.Max(rates))
		}
	}
	return said
}

func align(cells []string, widths []int) string {
	var b strings.Builder
	for i, cell := range cells {
		padding := strings.Repeat(" ", widths[i]-len([]rune(cell)))
		if i < 2 || i > 7 {
			b.WriteString(cell + padding + "  ")
		} else {
			b.WriteString(padding + cell + "  ")
		}
	}
	return strings.TrimRight(b.String(), " ")
}

func (r *result) cells() []string {
	return []string{
		r.ID, r.Name, fmt.Sprint(r.Clients), fmt.Sprintf("%.0f", r.Ops), millis(r.P50), millis(r.P99),
		r.Ratio.String(), r.OfPgx.String(), r.Target, r.Verdict,
	}
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
}

// legend says what each row's limit is.
func (r *report) legend() string {
	var said []string
	switch {
	case r.comparesWith(pgbenchInsert):
		said = append(said, "L is "+pgbenchInsert+", at as many clients as the row has.")
	case r.comparesWith(pgxInsert):
		said = append(said, "L is "+pgxInsert+": this machine has no pgbench.")
	}
	for _, row := range r.Rows {
		if row.Limit != "" && row.row.limit.name != pgbenchInsert && row.row.limit.name != pgxInsert {
			said = append(said, "The limit of "+row.Name+" is "+row.Limit+".")
		}
	}
	return strings.Join(said, "\n")
}

func (r *report) comparesWith(name string) bool {
	return slices.ContainsFunc(r.Rows, func(row result) bool { return row.row.limit.name == name })
}
