package delivery

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

// What a process started by a test is told.
const (
	roleEnv   = "DELIVERY_ROLE" // write, deliver or rebuild
	urlEnv    = "DELIVERY_URL"
	mutantEnv = "DELIVERY_MUTANT" // not empty: the cursor moves outside the transaction
	failEnv   = "DELIVERY_FAIL"   // where the process dies, as "once/after the handler", or stops
	markerEnv = "DELIVERY_MARKER" // a file that says that it has
	signalEnv = "DELIVERY_SIGNAL" // STOP: it stops itself instead of dying
	aloneEnv  = "DELIVERY_ALONE"  // not empty: it has no projections
)

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
	st, log, err := openLog(ctx, os.Getenv(urlEnv), os.Getenv(mutantEnv) != "")
	for errors.Is(err, ireneo.ErrUnavailable) && ctx.Err() == nil { // its connection was cut at once
		st, log, err = openLog(ctx, os.Getenv(urlEnv), os.Getenv(mutantEnv) != "")
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	fmt.Println("ready")
	failAtUpdates(log.DB())
	switch role {
	case "write":
		write(ctx, log)
	case "rebuild":
		return rebuildAll(ctx, log)
	default:
		log.Run(ctx)
	}
	return nil
}

// write appends in all the ways there are, until it is told to end. That it fails at times,
// because its connections are cut, is as it should be: the log is what counts.
func write(ctx context.Context, log *ireneo.Log) {
	ctx = ireneo.WithLog(ctx, log)
	var writers sync.WaitGroup
	for range 20 {
		writers.Go(func() {
			for ctx.Err() == nil {
				_ = writeOnce(ctx, log)
			}
		})
	}
	writers.Wait()
}

var errUndone = errors.New("undone")

func writeOnce(ctx context.Context, log *ireneo.Log) error {
	h := purse.For(fmt.Sprint("purse-", rand.IntN(30)))
	switch rand.IntN(4) {
	case 0:
		return h.AppendAll(ctx, []ireneo.AnyEvent{paid(), paid(), paid()})
	case 1:
		return log.DB().WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			err := errors.Join(h.AppendTx(ctx, tx, paid()), hold(ctx))
			if err == nil && rand.IntN(5) == 0 { // one in 20 of all
				err = errUndone
			}
			return err
		})
	default:
		return errors.Join(h.Append(ctx, paid()), hold(ctx))
	}
}

// hold waits for up to 20 milliseconds.
func hold(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(20 * time.Millisecond)):
	}
	return ctx.Err()
}

func paid() *Paid {
	return &Paid{Payer: fmt.Sprint("payer-", rand.IntN(10)), Amount: rand.Int64N(100)}
}

// passed counts how often each point was passed.
var passed = struct {
	sync.Mutex
	times map[string]int
}{times: map[string]int{}}

// at is passed where a process may be made to die, which it does once at the third time.
func at(job, point string) {
	name := job + "/" + point
	if os.Getenv(failEnv) != name {
		return
	}
	passed.Lock()
	defer passed.Unlock()
	if passed.times[name]++; passed.times[name] != 3 {
		return
	}
	marker, err := os.OpenFile(os.Getenv(markerEnv), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return // it has died already
	}
	_ = marker.Close()
	sig := syscall.SIGKILL
	if os.Getenv(signalEnv) != "" {
		sig = syscall.SIGSTOP
	}
	_ = syscall.Kill(os.Getpid(), sig)
	time.Sleep(10 * time.Millisecond) //nolint:forbidigo // a stopped process goes on here when it is continued
}

// rebuildAll rebuilds all projections again and again, taking over from whoever was killed.
func rebuildAll(ctx context.Context, log *ireneo.Log) error {
	for ctx.Err() == nil {
		for _, p := range log.Projections() {
			err := log.Rebuild(ctx, p.Name, func(r ireneo.Rebuild) { at(p.Name, "at "+r.Phase) })
			if err != nil && !errors.Is(err, ireneo.ErrRebuilding) && !errors.Is(err, ireneo.ErrUnavailable) {
				return err
			}
		}
		if os.Getenv(failEnv) == "" {
			return nil
		}
	}
	return nil
}

// failAtUpdates makes the process die around the statement that stores how far it is.
func failAtUpdates(db *gorm.DB) {
	point := func(when string) func(*gorm.DB) {
		return func(tx *gorm.DB) {
			set, _ := tx.Statement.Dest.(map[string]any)
			if set["position"] == nil && !slices.Contains(tx.Statement.Selects, "position") {
				return
			}
			what := map[string]string{"event_subscriptions": " the cursor", "event_rebuilds": " the progress"}[tx.Statement.Table]
			for _, job := range []string{"once", "purses", "payers"} {
				if strings.Contains(fmt.Sprint(tx.Statement.Clauses["WHERE"].Expression), job) {
					at(job, when+what)
				}
			}
		}
	}
	update := db.Callback().Update()
	if err := errors.Join(
		update.Before("gorm:update").Register("delivery:before", point("before")),
		update.After("gorm:update").Register("delivery:after", point("after")),
	); err != nil {
		panic(err)
	}
}

// process is this binary in a role.
type process struct {
	*exec.Cmd
	ended chan struct{} // closed when it has
}

func start(t *testing.T, role, url string, env ...string) *process {
	t.Helper()
	p := &process{exec.Command(os.Args[0]), make(chan struct{})}
	p.Env = append(os.Environ(), append(env, roleEnv+"="+role, urlEnv+"="+url)...)
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	must(t, err)
	must(t, p.Start())
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Errorf("%s does not begin: %v", role, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.Wait() // killed, as a rule
	}()
	t.Cleanup(func() { p.end(syscall.SIGKILL) })
	return p
}

// end sends a signal and waits for the end.
func (p *process) end(sig syscall.Signal) {
	_ = p.Process.Signal(sig) // it may have ended
	<-p.ended
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
