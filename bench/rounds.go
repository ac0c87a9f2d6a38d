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

// measureAll measures every row once a round.
func measureAll(ctx context.Context, p *place, rows []row, o options, progress io.Writer) (*report, error) {
	r := newReport(rows, o)
	for round := range o.rounds {
		for i, row := range rows {
			fmt.Fprintf(progress, "\r\x1b[Kround %d of %d: %s", round+1, o.rounds, row)
			s, err := measure(ctx, p, row, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", row, err)
			}
			r.Rows[i].Rounds = append(r.Rows[i].Rounds, s)
		}
	}
	fmt.Fprint(progress, "\r\x1b[K")
	return r, r.conclude(ctx, p)
}

// measure gives one row a fresh place, warms it up for a quarter of the time and measures it.
func measure(ctx context.Context, p *place, r row, o options) (got sample, err error) {
	s := p.site(r.clients)
	defer func() { err = errors.Join(err, s.close()) }()
	l, err := r.start(ctx, s)
	if err != nil {
		return sample{}, err
	}
	if err := s.settle(ctx); err != nil {
		return sample{}, err
	}
	if _, err := l.run(ctx, o.duration/4); err != nil {
		return sample{}, fmt.Errorf("warm up: %w", err)
	}

	runtime.GC()
	stop, err := profile(o.profile, r)
	if err != nil {
		return sample{}, err
	}
	got, err = l.run(ctx, o.duration)
	return got, errors.Join(err, stop())
}

// profile writes one file a measurement, which go tool pprof merges.
func profile(dir string, r row) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
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
