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
	Notes   []string  `json:"notes,omitempty"` // how some of it was measured on this machine
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
	Memory  usage         `json:"memory,omitzero"` // the most of any round
	Limit   string        `json:"limit,omitempty"`
	Ratio   *spread       `json:"ratio,omitempty"`  // to Limit
	OfPgx   *spread       `json:"of_pgx,omitempty"` // to the limit as pgx reaches it, where Limit is pgbench
	Target  string        `json:"target,omitempty"`
	Verdict string        `json:"verdict,omitempty"`
	Rounds  []sample      `json:"rounds"`
}

// spread is what was found round by round, of a row or of its ratio to another one: the distance from
// least to greatest is the noise of the run.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func newSpread(values []float64) *spread {
	return &spread{Median: median(values), Min: slices.Min(values), Max: slices.Max(values)}
}

func (s *spread) String() string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Min, s.Max)
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
		for _, s := range row.Rounds {
			row.Memory = row.Memory.most(s.Memory)
		}
	}
	for i := range r.Rows {
		r.compare(&r.Rows[i])
	}
	r.Notes = p.notes
	return r.Setup.finish(ctx, p)
}

// compare says how a row does by its limit and its target.
func (r *report) compare(row *result) {
	target := row.row.target
	row.Target = target.String()
	if target.absolute() {
		row.Verdict = target.verdict(newSpread(row.values(target.of)))
		return
	}
	of := r.find(row.row.limit)
	if of == nil {
		return
	}
	row.Limit, row.Ratio = of.row.String(), row.to(of)
	if of.Name == pgbenchInsert && row.Name != pgxInsert {
		row.OfPgx = row.to(r.find(limit{pgxInsert, of.Clients}))
	}
	if row.Target != "" {
		row.Verdict = target.verdict(row.Ratio)
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

// to is the ratio of what the row's target is about, else of rates.
func (r *result) to(of *result) *spread {
	if of == nil {
		return nil
	}
	ratios := r.values(r.row.target.of)
	for i, against := range of.values(r.row.target.of) {
		ratios[i] /= against
	}
	return newSpread(ratios)
}

func (r *result) values(of func(sample) float64) []float64 {
	var all []float64
	for _, s := range r.Rounds {
		all = append(all, of(s))
	}
	return all
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
var headings = []string{"id", "row", "clients", "ops/s", "p50 ms", "p99 ms", "live, RSS MiB", "of limit (min–max)", "of pgx (min–max)", "target", "verdict"}

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
		if r.isLimit(row) && row.disturbed() {
			rates := row.values(func(s sample) float64 { return s.Ops })
			said += fmt.Sprintf("\nDisturbed: %s ran at %.0f to %.0f ops/s.", row.row, slices.Min(rates), slices.Max(rates))
		}
	}
	return said
}

// isLimit reports whether other rows are compared with this one.
func (r *report) isLimit(row result) bool {
	return row.Name == pgxInsert || slices.ContainsFunc(r.Rows, func(other result) bool { return other.row.limit == row.row.key() })
}

func align(cells []string, widths []int) string {
	var b strings.Builder
	for i, cell := range cells {
		padding := strings.Repeat(" ", widths[i]-len([]rune(cell)))
		if i < 2 || i > 8 {
			b.WriteString(cell + padding + "  ")
		} else {
			b.WriteString(padding + cell + "  ")
		}
	}
	return strings.TrimRight(b.String(), " ")
}

func (r *result) cells() []string {
	return []string{
		r.ID, r.Name, fmt.Sprint(r.Clients), fmt.Sprintf("%.0f", r.Ops), millis(r.P50), millis(r.P99), r.Memory.String(),
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
	for _, limit := range r.Rows {
		var held []string
		for _, row := range r.Rows {
			if row.Limit != "" && row.row.limit == limit.row.key() && limit.Name != pgbenchInsert && limit.Name != pgxInsert {
				held = append(held, row.Name)
			}
		}
		if len(held) > 0 {
			said = append(said, "The limit of "+strings.Join(held, " and of ")+" is "+limit.row.String()+".")
		}
	}
	return strings.Join(append(said, r.Notes...), "\n")
}

func (r *report) comparesWith(name string) bool {
	return slices.ContainsFunc(r.Rows, func(row result) bool { return row.row.limit.name == name })
}
