package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

// slice is for how long a row is kept busy before the next one has its turn. It is short, so that
// whatever else the machine does meets all rows of a round alike.
const slice = 250 * time.Millisecond

// measureAll measures the rows once a round, one ring after the other.
func measureAll(ctx context.Context, p *place, rows []row, o options, progress io.Writer) (*report, error) {
	r, all := newReport(rows, o), rings(rows)
	for n := range o.rounds {
		for _, ring := range all {
			some := ring.in(rows, n)
			samples, err := measureRound(ctx, p, some.of(rows), o, func(what any) {
				fmt.Fprintf(progress, "\r\x1b[Kround %d of %d: %v", n+1, o.rounds, what)
			})
			if err != nil {
				return nil, err
			}
			for i, s := range samples {
				row := &r.Rows[some[i]]
				row.Rounds = append(row.Rounds, s)
			}
		}
	}
	fmt.Fprint(progress, "\r\x1b[K")
	return r, r.conclude(ctx, p)
}

// measureRound prepares every row, warms it up, and lets them take turns until each has had its time.
func measureRound(ctx context.Context, p *place, rows []row, o options, progress func(any)) (_ []sample, err error) {
	r := &round{profile: o.profile, progress: progress}
	defer func() { err = errors.Join(err, r.close()) }()
	if len(rows) == 0 {
		return nil, nil
	}
	for _, row := range rows {
		if err := r.prepare(ctx, p, row); err != nil {
			return nil, fmt.Errorf("%s: prepare: %w", row, err)
		}
	}
	if err := p.checkpoint(ctx); err != nil {
		return nil, err
	}

	turns, each := int(max(1, o.duration/slice)), min(o.duration, slice)
	if err := r.turns(ctx, each, max(1, turns/4), false); err != nil {
		return nil, err
	}
	r.forget() // that was the warm-up
	if err := r.turns(ctx, each, turns, false); err != nil {
		return nil, err
	}
	if err := r.turns(ctx, o.duration, 1, true); err != nil {
		return nil, err
	}
	return r.samples(), r.prove(ctx)
}

// round is one round while it goes on.
type round struct {
	entries  []*entrant
	profile  string
	progress func(any)
}

// entrant is a row of a round: its place, its load and what was found so far.
type entrant struct {
	row   row
	site  *site
	load  load
	found []timings
	spent cost
}

func (r *round) prepare(ctx context.Context, p *place, row row) error {
	r.progress(row)
	e := &entrant{row: row, site: p.site(row.clients)}
	r.entries = append(r.entries, e)
	var err error
	if e.load, err = row.start(ctx, e.site); err != nil {
		return err
	}
	return e.site.analyze(ctx)
}

// turns keeps each row busy for d, one after the other, n times: those that have one long turn, or
// all others.
func (r *round) turns(ctx context.Context, d time.Duration, n int, once bool) error {
	for range n {
		for _, e := range r.entries {
			if e.row.once != once {
				continue
			}
			r.progress(e.row)
			if err := e.turn(ctx, d, r.profile); err != nil {
				return fmt.Errorf("%s: %w", e.row, err)
			}
		}
	}
	return nil
}

func (e *entrant) turn(ctx context.Context, d time.Duration, profiles string) error {
	runtime.GC()
	stop, err := profile(profiles, e.row)
	if err != nil {
		return err
	}
	before := e.site.place.others().plus(own())
	found, err := e.load.run(ctx, d)
	after := own().plus(e.site.place.others())
	e.spent = e.spent.plus(after.minus(before)).minus(aside(found))
	e.found = append(e.found, found...)
	return errors.Join(err, stop())
}

// prover is a load that has promised more than to be quick.
type prover interface {
	prove(ctx context.Context) error
}

func (r *round) prove(ctx context.Context) error {
	for _, e := range r.entries {
		if p, ok := e.load.(prover); ok {
			if err := p.prove(ctx); err != nil {
				return fmt.Errorf("%s: %w", e.row, err)
			}
		}
	}
	return nil
}

func (r *round) forget() {
	for _, e := range r.entries {
		e.found, e.spent = nil, cost{}
	}
}

func (r *round) samples() []sample {
	var all []sample
	for _, e := range r.entries {
		s := summarize(e.found, e.row.clients)
		s.CPU = e.spent.each(operations(e.found))
		all = append(all, s)
	}
	return all
}

func (r *round) close() error {
	var errs []error
	for _, e := range r.entries {
		errs = append(errs, e.site.close())
	}
	return errors.Join(errs...)
}

// profile writes one file a turn, which go tool pprof merges.
func profile(dir string, r row) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	name := strings.NewReplacer(" ", "_", ",", "", "+", "").Replace(fmt.Sprintf("%s_%d", r.name, r.clients))
	file, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s_%d.pprof", name, time.Now().UnixMilli())))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { pprof.StopCPUProfile(); return file.Close() }, nil
}
