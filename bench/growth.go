package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// growth is what operations cost in logs and in streams of many sizes.
type growth struct {
	Started time.Time `json:"started"`
	Setup   setup     `json:"setup"`
	Log     []curve   `json:"by_events_in_log"`
	Stream  []curve   `json:"by_events_in_stream"`
}

// curve is one operation.
type curve struct {
	Name   string `json:"name"`
	Points []cell `json:"points"`
}

// cell is what one operation costs at one size.
type cell struct {
	Events int           `json:"events"`
	Cost   time.Duration `json:"cost_ns"`
	Rounds []sample      `json:"rounds"`
}

// growthOptions are the command line's.
type growthOptions struct {
	options
	sizes []int
	plot  string
}

// runGrowth measures and draws. Each operation takes turns with itself at all sizes.
func runGrowth(ctx context.Context, args []string, stdout, progress io.Writer) (err error) {
	o, err := parseGrowth(args)
	if err != nil {
		return err
	}
	machine := &place{dir: o.dir, url: o.postgres}
	defer func() { err = errors.Join(err, machine.close()) }()

	g := &growth{Started: time.Now().UTC(), Setup: newSetup(o.options)}
	if g.Log, err = measureCurves(ctx, machine, ofLog(), o.sizes, o, progress); err != nil {
		return err
	}
	if g.Stream, err = measureCurves(ctx, machine, ofStream(), depths, o, progress); err != nil {
		return err
	}
	if err := g.Setup.finish(ctx, machine); err != nil {
		return err
	}
	return errors.Join(g.write(stdout), g.save(o))
}

func parseGrowth(args []string) (growthOptions, error) {
	var o growthOptions
	var sizes string
	flags := flag.NewFlagSet("bench growth", flag.ContinueOnError)
	flags.StringVar(&sizes, "sizes", "10000,100000,1000000", "comma-separated `numbers` of events that logs have; ten millions take 10 GB")
	flags.IntVar(&o.rounds, "rounds", 5, "how often everything is measured")
	flags.DurationVar(&o.duration, "duration", 500*time.Millisecond, "how long an operation is measured at each size in a round")
	flags.StringVar(&o.plot, "plot", filepath.Join("..", "docs", "growth.svg"), "where to draw: a `file`")
	flags.StringVar(&o.out, "out", "", "write the JSON to this `file` too")
	flags.StringVar(&o.postgres, "postgres", "", "`URL` of a server to use instead of starting one; needs the right to CHECKPOINT")
	flags.StringVar(&o.dir, "dir", os.TempDir(), "where the database is kept: a `directory` on the disk to be measured")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for text := range strings.SplitSeq(sizes, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || size < 10*deep {
			return o, fmt.Errorf("-sizes: %q is not a number of at least %d events", text, 10*deep)
		}
		o.sizes = append(o.sizes, size)
	}
	slices.Sort(o.sizes)
	if flags.NArg() > 0 || o.rounds < 1 || o.duration <= 0 {
		return o, errors.New("growth takes flags only, and -rounds and -duration must be positive")
	}
	return o, nil
}

// measureCurves measures one operation after the other, at all sizes in turn.
func measureCurves(ctx context.Context, p *place, all []operation, sizes []int, o growthOptions, progress io.Writer) ([]curve, error) {
	var curves []curve
	for _, op := range all {
		c := curve{Name: op.name}
		var rows []row
		for _, size := range sizes {
			c.Points = append(c.Points, cell{Events: size})
			rows = append(rows, row{name: op.name, clients: 1, once: op.once, start: op.at(size)})
		}
		for n := range o.rounds {
			samples, err := measureRound(ctx, p, rows, o.options, func(any) {
				fmt.Fprintf(progress, "\r\x1b[K%s, round %d of %d", op.name, n+1, o.rounds)
			})
			if err != nil {
				return nil, err
			}
			for i, s := range samples {
				c.Points[i].Rounds = append(c.Points[i].Rounds, s)
			}
		}
		for i := range c.Points {
			c.Points[i].conclude(op)
		}
		curves = append(curves, c)
	}
	fmt.Fprint(progress, "\r\x1b[K")
	return curves, nil
}

// conclude takes what half of the operations took, or one event of many did, in the round in which that
// was least: others who use the machine only add to it.
func (c *cell) conclude(op operation) {
	var costs []time.Duration
	for _, s := range c.Rounds {
		cost := s.P50
		if op.perEvent {
			cost = time.Duration(float64(time.Second) / s.Ops)
		}
		costs = append(costs, cost)
	}
	c.Cost = slices.Min(costs)
}

// write prints a line for each operation.
func (g *growth) write(w io.Writer) error {
	fmt.Fprintln(w, g.Setup.String())
	for _, part := range []struct {
		of     string
		curves []curve
	}{{"log", g.Log}, {"stream", g.Stream}} {
		for _, c := range part.curves {
			fmt.Fprintf(w, "%-40s", c.Name)
			for _, p := range c.Points {
				fmt.Fprintf(w, "  %s at %s", p.Cost.Round(100*time.Nanosecond), short(p.Events))
			}
			fmt.Fprintf(w, " events in the %s\n", part.of)
		}
	}
	return nil
}

// save writes the figures into results below the current directory, and the picture.
func (g *growth) save(o growthOptions) error {
	data, err := json.MarshalIndent(g, "", "\t")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if o.out != "" {
		err = os.WriteFile(o.out, data, 0o644)
	}
	name := filepath.Join("results", g.Started.Format("20060102T150405Z")+"-growth.json")
	return errors.Join(
		err,
		os.MkdirAll("results", 0o755),
		os.WriteFile(name, data, 0o644),
		os.WriteFile(o.plot, []byte(g.draw()), 0o644),
	)
}
