package history

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// What a process started by a test is told.
const (
	roleEnv    = "HISTORY_ROLE" // write or deliver
	urlEnv     = "HISTORY_URL"
	dirEnv     = "HISTORY_DIR"     // where histories are kept
	processEnv = "HISTORY_PROCESS" // its name, a dot and which of its lives this is
	seedEnv    = "HISTORY_SEED"    // of the whole run
	mutantEnv  = "HISTORY_MUTANT"  // what its store does wrong
)

// hosted is an operation in a transaction of the host.
const hosted = "AppendTx"

const writers = 6 // goroutines of a process

func TestMain(m *testing.M) {
	role := os.Getenv(roleEnv)
	if role == "" {
		flag.Parse()
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := play(ctx, role); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, role, err)
		os.Exit(1)
	}
}

func play(ctx context.Context, role string) (err error) {
	process := os.Getenv(processEnv)
	r, err := newRecorder(os.Getenv(dirEnv), process)
	if err != nil {
		return err
	}
	log, end, err := openLog(ctx, os.Getenv(urlEnv), os.Getenv(mutantEnv), r)
	for errors.Is(err, ireneo.ErrUnavailable) && ctx.Err() == nil { // its connection was cut at once
		log, end, err = openLog(ctx, os.Getenv(urlEnv), os.Getenv(mutantEnv), r)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if role == "write" {
		write(ctx, log, r, process)
		return nil
	}
	var parts sync.WaitGroup
	parts.Go(func() { log.Run(ctx) })
	parts.Go(func() { follow(ctx, log, r, process) })
	parts.Wait()
	return nil
}

// write does one operation after the other, until it is told to end. What it has begun it
// brings to its end.
func write(ctx context.Context, log *ireneo.Log, r *recorder, process string) {
	var all sync.WaitGroup
	for n := range writers {
		w := &writer{
			log: log, recorder: r, process: process, name: process + "-" + strconv.Itoa(n),
			random: rand.New(rand.NewPCG(seedOf(process), uint64(n))), works: worksOf(os.Getenv(mutantEnv)),
		}
		all.Go(func() {
			for ctx.Err() == nil {
				w.next(ireneo.WithLog(context.Background(), log))
				_, _ = os.Stdout.WriteString(".")
			}
		})
	}
	all.Wait()
}

// seedOf derives the seed of a process, or of anything else that has a name, from the one
// that is printed.
func seedOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(os.Getenv(seedEnv) + "/" + name))
	return h.Sum64()
}

// follow follows the log from the last checkpoint of its name on, again and again where the
// database is lost.
func follow(ctx context.Context, log *ireneo.Log, r *recorder, process string) {
	after, err := checkpoint(os.Getenv(dirEnv), process)
	if err != nil {
		panic(err)
	}
	for n := 0; ctx.Err() == nil; n++ {
		r.write(line{Kind: following, Op: fmt.Sprint(process, "/", n), Position: after})
		for batch, err := range log.Follow(ctx, ireneo.After(after)) {
			if err != nil {
				break
			}
			if len(batch.Events) == 0 {
				continue
			}
			l := line{Kind: delivered, Position: batch.Position}
			for _, ev := range batch.Events {
				l.Entries = append(l.Entries, fmt.Sprint(streamOf(ev), "@", ev.Version()))
			}
			r.write(l)
			after = batch.Position
			r.write(line{Kind: reached, Position: after})
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// checkpoint is the last one in the histories of a process's earlier lives.
func checkpoint(dir, process string) (position int64, err error) {
	names, err := filepath.Glob(filepath.Join(dir, teller(process)+".*.jsonl"))
	for _, name := range names {
		lines, readErr := readHistory(name)
		err = errors.Join(err, readErr)
		for _, l := range lines {
			if l.Kind == reached {
				position = max(position, l.Position)
			}
		}
	}
	return position, err
}

// openLog opens a log whose store does something wrong, if mutant says what.
func openLog(ctx context.Context, url, mutant string, r *recorder) (*ireneo.Log, func() error, error) {
	st, err := openStore(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	subscribed := subscriptions()
	if mutant == "checkpoint" {
		subscribed = outside(st.DB())
	}
	log, err := ireneo.Open(&witness{mutate(st, mutant), r}, config(subscribed...))
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	return log, st.Close, nil
}
