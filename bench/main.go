// Bench measures Ireneo beside the limit it is held to, in one run: the rows of its table take turns,
// A B C A B C, round after round, so that whatever else the machine does meets all rows alike. See
// README.md for how to read it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ireneo-dev/ireneo/internal/headroom"
)

// options are the command line's.
type options struct {
	rounds   int
	duration time.Duration // of all turns of a row in a round
	only     string        // comma-separated ids and parts of names; empty: all
	quick    bool
	check    bool   // only rows with targets, and an error where one is missed
	events   int    // of what is replayed and rebuilt
	out      string // one more copy of the JSON
	postgres string // URL of a server; empty: a cluster of our own
	dir      string // where the cluster and the SQLite files go
	profile  string // directory for CPU profiles; empty: none
	guards   bool   // another table: see guards.go
}

func main() {
	var progress io.Writer = os.Stderr
	if stat, err := os.Stderr.Stat(); err != nil || stat.Mode()&os.ModeCharDevice == 0 {
		progress = io.Discard // it is written over itself, which only a terminal shows
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, progress)
	stop()

	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	os.Exit(exitCode(err))
}

func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 2
	case errors.Is(err, errMissed), errors.Is(err, errGrows):
		return exitMissed
	case errors.Is(err, errDisturbed):
		return exitDisturbed
	default:
		return 1
	}
}

// run measures the rows of the table, unless a word before all flags names something else.
func run(ctx context.Context, args []string, stdout, progress io.Writer) error {
	if len(args) > 0 && args[0] == "soak" {
		return runSoak(ctx, args[1:], stdout)
	}
	if len(args) > 0 && args[0] == "growth" {
		return runGrowth(ctx, args[1:], stdout, progress)
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	return runTable(ctx, o, stdout, progress)
}

func runTable(ctx context.Context, o options, stdout, progress io.Writer) (err error) {
	defer headroom.Reserve()() // as in every application
	machine := &place{dir: o.dir, url: o.postgres, events: o.events}
	defer func() { err = errors.Join(err, machine.close()) }()
	if o.guards {
		return runGuards(ctx, machine, o, stdout, progress)
	}
	rows, err := choose(cases(), o, pgbenchOf(machine) != "")
	if err != nil {
		return err
	}
	rows = withoutMissing(ctx, machine, rows, allPeers())

	report, err := measureAll(ctx, machine, rows, o, progress)
	if err != nil {
		return err
	}
	report.write(stdout)
	err = report.save(o.out)
	if o.check {
		err = errors.Join(err, report.check())
	}
	return err
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, fmt.Sprintf("how often each row is measured; those without target at most %d times", informed))
	flags.DurationVar(&o.duration, "duration", 1500*time.Millisecond, "how long each row is measured in a round")
	flags.StringVar(&o.only, "only", "", "comma-separated `ids` or parts of names; their limits come along")
	flags.BoolVar(&o.quick, "quick", false, "one round of 300 ms, at most 10 000 events: shows that everything runs, says nothing")
	flags.BoolVar(&o.check, "check", false, fmt.Sprintf("only rows with targets; exits with %d where one is missed, with %d where others disturbed", exitMissed, exitDisturbed))
	flags.IntVar(&o.events, "events", 1_000_000, "how many are replayed and rebuilt")
	flags.StringVar(&o.out, "out", "", "write the JSON to this `file` too")
	flags.StringVar(&o.postgres, "postgres", "", "`URL` of a server to use instead of starting one; needs the right to CHECKPOINT")
	flags.StringVar(&o.dir, "dir", os.TempDir(), "where databases are kept: a `directory` on the disk to be measured")
	flags.StringVar(&o.profile, "profile", "", "write a CPU profile of each turn into this `directory`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.guards = flags.Arg(0) == "guards"; flags.NArg() > 1 || flags.NArg() == 1 && !o.guards {
		return o, fmt.Errorf("%q: the one other table is guards, named behind the flags; soak is named before them", flags.Args())
	}

	if o.quick {
		o.rounds, o.duration, o.events = 1, 300*time.Millisecond, min(o.events, 10_000)
	}
	if o.rounds < 1 || o.duration <= 0 || o.events < depth {
		return o, fmt.Errorf("-rounds and -duration must be positive, and -events at least %d", depth)
	}
	if o.check && o.rounds < judgedRounds {
		return o, fmt.Errorf("-check needs %d rounds to know their noise", judgedRounds)
	}
	return o, nil
}
