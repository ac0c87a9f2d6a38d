package main

import (
	"context"
	"fmt"
	"slices"
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
	CPU     cost          `json:"cpu_per_op,omitzero"`
	Memory  usage         `json:"memory,omitzero"` // the most of any round
	Limit   string        `json:"limit,omitempty"`
	Ratio   *spread       `json:"ratio,omitempty"`  // to Limit
	OfPgx   *spread       `json:"of_pgx,omitempty"` // to the limit as pgx reaches it, where Limit is pgbench
	Target  string        `json:"target,omitempty"`
	Verdict verdict       `json:"verdict,omitempty"`
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

// conclude makes a report of what all rounds have measured.
func (r *report) conclude(ctx context.Context, p *place) error {
	r.judgeRows()
	r.Notes = p.notes
	return r.Setup.finish(ctx, p)
}

// judgeRows works out medians, ratios and verdicts.
func (r *report) judgeRows() {
	for i := range r.Rows {
		row := &r.Rows[i]
		row.Ops = median(row.values(func(s sample) float64 { return s.Ops }))
		row.P50 = row.middle(func(s sample) time.Duration { return s.P50 })
		row.P99 = row.middle(func(s sample) time.Duration { return s.P99 })
		row.CPU.Own = row.middle(func(s sample) time.Duration { return s.CPU.Own })
		row.CPU.Server = row.middle(func(s sample) time.Duration { return s.CPU.Server })
		for _, s := range row.Rounds {
			row.Memory = row.Memory.most(s.Memory)
		}
	}
	for i := range r.Rows {
		r.compare(&r.Rows[i])
	}
}

// compare says how a row does by its limit and its target.
func (r *report) compare(row *result) {
	row.Target = row.row.target.String()
	if of := r.find(row.row.limit); of != nil && !row.row.target.absolute() {
		row.Limit, row.Ratio = row.row.bound(), r.ratio(row, of)
		if of.Name == pgbenchInsert && row.Name != pgxInsert {
			row.OfPgx = row.to(r.find(limit{pgxInsert, of.Clients}))
		}
	}
	if row.Target != "" {
		row.Verdict = r.judge(row)
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

// ratio is the row's to what it is compared with, of what its target is about, else of rates.
func (r *report) ratio(row, of *result) *spread {
	if row.row.sum == (sum{}) {
		return row.to(of)
	}
	bounds, added := of.values(row.row.target.of), r.find(row.row.sum.plus).values(row.row.target.of)
	for i := range bounds {
		bounds[i] = row.row.sum.times*bounds[i] + added[i]
	}
	return row.over(bounds)
}

// to is the ratio to another row.
func (r *result) to(of *result) *spread {
	if of == nil {
		return nil
	}
	return r.over(of.values(r.row.target.of))
}

// over divides round by round. One of the two may have been measured in more of them.
func (r *result) over(bounds []float64) *spread {
	ratios := r.values(r.row.target.of)
	ratios = ratios[:min(len(ratios), len(bounds))]
	for i := range ratios {
		ratios[i] /= bounds[i]
	}
	return newSpread(ratios)
}

func (r *result) middle(of func(sample) time.Duration) time.Duration {
	return time.Duration(median(r.values(func(s sample) float64 { return float64(of(s)) })))
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
