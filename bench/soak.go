package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// soak is a process that appends for a long time, and what it found of itself.
type soak struct {
	options
	length  time.Duration
	clients int
	cached  int          // streams whose state is kept in memory; many more are appended to
	made    atomic.Int64 // appends
	streams atomic.Int64 // appended to
}

// looks is how often a soak looks at its memory, which collects garbage first: at least so many times,
// and every few seconds in a long one.
const (
	looks    = 100
	lookEach = 5 * time.Second
)

// runSoak appends, watches memory, and fails with errGrows where that is not flat.
func runSoak(ctx context.Context, args []string, stdout io.Writer) (err error) {
	s, err := parseSoak(args)
	if err != nil {
		return err
	}
	machine := &place{dir: s.dir, url: s.postgres}
	defer func() { err = errors.Join(err, machine.close()) }()
	site := machine.site(s.clients)
	defer func() { err = errors.Join(err, site.close()) }()

	c := config(account)
	c.CachedStreams = s.cached
	carrier, err := site.log(ctx, c)
	if err != nil {
		return err
	}
	return s.run(ctx, carrier, machine, stdout)
}

func parseSoak(args []string) (*soak, error) {
	s := &soak{}
	flags := flag.NewFlagSet("bench soak", flag.ContinueOnError)
	flags.DurationVar(&s.length, "for", 10*time.Minute, "how long memory is watched")
	flags.IntVar(&s.clients, "clients", 32, "how many append at the same time")
	flags.IntVar(&s.cached, "cached", 10_000, "Config.CachedStreams: of how many streams the state is kept in memory")
	flags.StringVar(&s.postgres, "postgres", "", "`URL` of a server to use instead of starting one; needs the right to CHECKPOINT")
	flags.StringVar(&s.dir, "dir", os.TempDir(), "where the database is kept: a `directory`")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 || s.length <= 0 || s.clients < 1 || s.cached < 1 {
		return nil, errors.New("soak takes -for, -clients and -cached, all positive, -postgres and -dir")
	}
	return s, nil
}

// run has the clients append until memory was watched for long enough, or one of them fails.
func (s *soak) run(ctx, carrier context.Context, p *place, stdout io.Writer) error {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	for i := range s.clients {
		group.Go(func() {
			if err := s.appendAll(working, carrier, i); err != nil {
				stop(err)
			}
		})
	}
	all, err := s.watch(working, p, stdout)
	failed := context.Cause(working)
	stop(nil)
	group.Wait()

	switch {
	case failed != nil:
		return failed
	case err != nil:
		return err
	}
	return flat(all, stdout)
}

// deposits is how many events a stream gets in a row.
const deposits = 10

// appendAll appends to one stream after the other, and every tenth time to an old one, whose state
// may not be in memory any more.
func (s *soak) appendAll(ctx, carrier context.Context, client int) error {
	for n := 0; ctx.Err() == nil; n++ {
		stream := n / deposits
		if n%deposits == 0 {
			s.streams.Add(1)
			stream = rand.IntN(stream + 1)
		}
		if err := account.For(fmt.Sprintf("soak-%d-%d", client, stream)).Append(carrier, deposited()); err != nil {
			return err
		}
		s.made.Add(1)
	}
	return nil
}

// watch begins when there are more streams than are kept in memory.
func (s *soak) watch(ctx context.Context, p *place, stdout io.Writer) (all []look, err error) {
	for s.streams.Load() < int64(s.cached)*5/4 {
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(stdout, "%d clients, watched for %v; of %d streams the state is in memory\n%s\n", s.clients, s.length, s.cached, lookHeadings)

	tick := time.NewTicker(min(lookEach, s.length/looks))
	defer tick.Stop()
	begin, said, written := time.Now(), time.Duration(0), time.Duration(0)
	for time.Since(begin) < s.length {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		now := s.look(time.Since(begin))
		all = append(all, now)
		if now.after-said >= s.length/20 {
			said = now.after
			fmt.Fprintln(stdout, now)
		}
		if now.after-written >= checkpointEach {
			written = now.after
			if err := p.checkpoint(ctx); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// checkpointEach lets the server reuse its WAL, which else takes gigabytes.
const checkpointEach = time.Minute

// look collects garbage, and says what is left.
func (s *soak) look(after time.Duration) look {
	runtime.GC()
	return look{
		after: after, live: live(), resident: resident("VmRSS:"), goroutines: runtime.NumGoroutine(),
		appends: s.made.Load(), streams: s.streams.Load(),
	}
}
