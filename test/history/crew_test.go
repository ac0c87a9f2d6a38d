package history

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

var (
	opsFlag  = flag.Int("history.ops", 8_000, "how many operations are done on PostgreSQL; a fourth of them on SQLite")
	longFlag = flag.Duration("history.duration", time.Minute, "how long they are done at most, on each database")
	seedFlag = flag.Uint64("history.seed", 0, "the seed of a run; zero takes a new one")
)

// crew are the processes of a run, each of which is started again when it ends.
type crew struct {
	t        *testing.T
	dir      string // where the histories are
	url      string // of the database, as the processes reach it
	direct   string // as the test does
	seed     uint64
	mutant   string
	recorder *recorder // of what is done to them
	random   *rand.Rand
	done     atomic.Int64 // operations

	mu      sync.Mutex // guards what is below
	running map[string]*exec.Cmd
	cuts    map[string]int // faults by kind
}

func newCrew(t *testing.T, direct string, seed uint64) *crew {
	t.Helper()
	dir, err := os.MkdirTemp("", "ireneo-history-")
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the histories are in", dir)
		} else {
			must(t, os.RemoveAll(dir))
		}
	})
	c := &crew{
		t: t, dir: dir, url: direct, direct: direct, seed: seed, running: map[string]*exec.Cmd{}, cuts: map[string]int{},
		random: rand.New(rand.NewPCG(seed, 1)),
	}
	c.recorder, err = newRecorder(dir, "test.0")
	must(t, err)
	t.Cleanup(func() { must(t, c.recorder.file.Close()) })
	return c
}

// fault writes down and counts what was done.
func (c *crew) fault(kind, process string) {
	c.recorder.write(line{Kind: fault, What: kind, Op: process})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cuts[kind]++
}

// keep starts a process again and again, until ctx ends.
func (c *crew) keep(ctx context.Context, role, name string) {
	for life := 0; ctx.Err() == nil; life++ {
		c.live(ctx, role, fmt.Sprint(name, ".", life))
	}
}

// live runs one process until it ends or ctx does, in order then.
func (c *crew) live(ctx context.Context, role, process string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role, urlEnv+"="+c.url, dirEnv+"="+c.dir, processEnv+"="+process,
		seedEnv+"="+fmt.Sprint(c.seed), mutantEnv+"="+c.mutant)
	said, err := os.Create(filepath.Join(c.dir, process+".stderr"))
	if err != nil {
		c.t.Error(err)
		return
	}
	defer func() { _ = said.Close() }()
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Error(err)
		return
	}
	c.enlist(process, cmd)
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	count := bufio.NewReader(out)
	for _, err := count.ReadByte(); err == nil; _, err = count.ReadByte() {
		c.done.Add(1)
	}
	c.enlist(process, nil)
	c.judge(process, cmd.Wait())
}

func (c *crew) enlist(process string, cmd *exec.Cmd) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[process] = cmd; cmd == nil {
		delete(c.running, process)
	}
}

// judge complains of a process that ended as none should. Mutants end as they like.
func (c *crew) judge(process string, err error) {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return
	}
	if err != nil && c.mutant == "" {
		text, _ := os.ReadFile(filepath.Join(c.dir, process+".stderr"))
		c.t.Errorf("%s: %v\n%s", process, err, text[:min(len(text), 4000)])
	}
}

// every calls do again and again with some time in between, until ctx ends.
func (c *crew) every(ctx context.Context, pause time.Duration, do func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

// kill kills one of the processes.
func (c *crew) kill() {
	c.mu.Lock()
	var victim *exec.Cmd
	var name string
	at := c.random.IntN(max(len(c.running), 1))
	for process, cmd := range c.running {
		if at--; at < 0 {
			victim, name = cmd, process
			break
		}
	}
	c.mu.Unlock()
	if victim != nil && victim.Process.Kill() == nil {
		c.fault("kill -9", name)
	}
}

// terminate ends a backend of the server.
func (c *crew) terminate(log *ireneo.Log) {
	var ended []bool // it may be the test's own, of which only the next use is told
	err := log.DB().Raw(`SELECT pg_terminate_backend(pid) FROM (
		SELECT pid FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()
		ORDER BY random() LIMIT 1) AS victim`).Scan(&ended).Error
	if err == nil && len(ended) > 0 {
		c.fault("backend terminated", "")
	}
}

// settle runs one more process, without faults, until everything is delivered.
func (c *crew) settle(ctx context.Context, log *ireneo.Log) {
	c.t.Helper()
	c.url = c.direct
	ctx, cancel := context.WithCancel(ctx)
	var last sync.WaitGroup
	last.Go(func() { c.keep(ctx, "deliver", "last") })
	defer last.Wait()
	defer cancel()
	var all []ireneo.Delivery
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		var err error
		all, err = log.Deliveries(ctx)
		if errors.Is(err, ireneo.ErrUnavailable) {
			continue // its connection was terminated before
		}
		must(c.t, err)
		if !slices.ContainsFunc(all, func(d ireneo.Delivery) bool { return d.Position < d.Head }) {
			return
		}
	}
	c.t.Errorf("they do not come to the end: %+v", all)
}

// plan is what a run is to do.
type plan struct {
	ops       int
	writers   int // processes that write
	deliver   int // processes that deliver and follow
	cutOneIn  int // commits
	kill      time.Duration
	terminate time.Duration
}

// run does a whole run and returns what it has left behind.
func (c *crew) run(p plan) *evidence {
	t := c.t
	t.Helper()
	log, end, err := openLog(t.Context(), c.direct, "", c.recorder)
	must(t, err)
	defer func() { must(t, end()) }()
	must(t, log.Migrate(t.Context()))
	c.open(t.Context(), log)
	if p.cutOneIn > 0 {
		c.url = newProxy(t, c.direct, p.cutOneIn, c.seed, func(kind string) { c.fault(kind, "") })
	}

	began := time.Now()
	fire, cease := context.WithTimeout(t.Context(), *longFlag)
	defer cease()
	var all sync.WaitGroup
	for n := range p.writers {
		all.Go(func() { c.keep(fire, "write", fmt.Sprint("write", n)) })
	}
	for n := range p.deliver {
		all.Go(func() { c.keep(fire, "deliver", fmt.Sprint("deliver", n)) })
	}
	if p.kill > 0 {
		all.Go(func() { c.every(fire, p.kill, c.kill) })
	}
	if p.terminate > 0 {
		all.Go(func() { c.every(fire, p.terminate, func() { c.terminate(log) }) })
	}
	c.every(fire, 20*time.Millisecond, func() {
		if c.done.Load() >= int64(p.ops) {
			cease()
		}
	})
	all.Wait()
	load := time.Since(began)
	c.settle(t.Context(), log)
	e, err := gather(t.Context(), log.DB(), c.dir)
	must(t, err)
	t.Logf("seed %d: %s", c.seed, e.summary(c.cuts, load))
	return e
}

// open opens the accounts.
func (c *crew) open(ctx context.Context, log *ireneo.Log) {
	w := &writer{log: log, recorder: c.recorder, process: "test.0", name: "test.0"}
	ctx = ireneo.WithLog(ctx, log)
	for n := range purses {
		id := fmt.Sprint("purse-", n)
		events := []marked{&Opened{Amount: opening}}
		op := w.begin(line{What: "Append", Streams: []string{"account/" + id}, Events: 1}, events)
		w.end(op, accounts.For(id).AppendAll(ctx, plain(events)), events)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// summary says what was done.
func (e *evidence) summary(faults map[string]int, load time.Duration) string {
	all, _ := e.operations()
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%d operations in %s, %d events in the log\n", len(all), load.Round(time.Millisecond), len(e.entries))
	table(&b, "operations", countBy(all, func(op *operation) string { return op.invoke.What + " " + op.outcome.Kind }))
	table(&b, "without an answer", countBy(all, resolved))
	table(&b, "failures", countBy(all, failure))
	table(&b, "faults", faults)
	_, _ = fmt.Fprintf(&b, "the answers to inserts of %d operations were lost; %d were told that nobody knows\n", len(e.lost()), count(all, leftUnknown))
	return b.String()
}

func table(w io.Writer, title string, counts map[string]int) {
	_, _ = fmt.Fprintln(w, title)
	for _, name := range sortedKeys(counts) {
		_, _ = fmt.Fprintf(w, "  %7d %s\n", counts[name], name)
	}
}
