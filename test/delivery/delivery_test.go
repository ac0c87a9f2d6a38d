package delivery

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
)

var long = flag.Duration("delivery", 8*time.Second, "how long writers, faults and deliveries go on")

// each runs a test on both databases.
func each(t *testing.T, run func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { run(t, filepath.Join(t.TempDir(), "log.sqlite3")) })
	t.Run("postgres", func(t *testing.T) { run(t, pgtest.Database(t)) })
}

// migrated opens the log of the test itself.
func migrated(t *testing.T, url string) (context.Context, *ireneo.Log) {
	t.Helper()
	st, log, err := openLog(t.Context(), url, false)
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	must(t, log.Migrate(t.Context()))
	return ireneo.WithLog(t.Context(), log), log
}

// S01, S08, S13 and S15 under fire: 40 writers, some of which hold their transactions
// open or roll back; deliverers behind a slow line, one of which is killed again and
// again; and connections that break every 50 ms.
func TestS01_NothingIsLostReorderedOrRepeatedUnderFire(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, log := migrated(t, url)
		slow := url
		if strings.HasPrefix(url, "postgres") {
			slow = slowLine(t, url)
		}
		fire, cease := context.WithTimeout(t.Context(), *long)
		defer cease()
		var faults sync.WaitGroup
		for range 2 {
			faults.Go(func() {
				w := start(t, "write", url)
				<-fire.Done()
				w.end(syscall.SIGTERM)
			})
			faults.Go(func() { killAgainAndAgain(fire, t, slow) })
		}
		if slow != url {
			faults.Go(func() { cutConnections(fire, t, log) })
		}
		faults.Wait()
		start(t, "deliver", url)
		settle(t, ctx, log)
		if problems := inspect(t, ctx, log); len(problems) > 0 {
			t.Error(strings.Join(problems, "\n"))
		}
	})
}

// killAgainAndAgain runs a deliverer that is killed now and then.
func killAgainAndAgain(fire context.Context, t *testing.T, url string) {
	for fire.Err() == nil {
		p := start(t, "deliver", url)
		select {
		case <-fire.Done():
		case <-time.After(300*time.Millisecond + rand.N(2*time.Second)):
		}
		p.end(syscall.SIGKILL)
	}
}

// cutConnections breaks a connection of another process every 50 ms.
func cutConnections(fire context.Context, t *testing.T, log *ireneo.Log) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for { // it may hit the test's own, of which only the next use is told
		select {
		case <-fire.Done():
			return
		case <-tick.C:
		}
		err := log.DB().Exec(`SELECT pg_terminate_backend(pid) FROM (
			SELECT pid FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()
			ORDER BY random() LIMIT 1) AS victim`).Error
		if err != nil && fire.Err() == nil && !errors.Is(err, ireneo.ErrUnavailable) {
			t.Error(err)
		}
	}
}

// settle waits until everything is delivered.
func settle(t *testing.T, ctx context.Context, log *ireneo.Log) {
	t.Helper()
	var all []ireneo.Delivery
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		var err error
		all, err = log.Deliveries(ctx)
		must(t, err)
		behind := 0
		for _, d := range all {
			if d.Position < d.Head {
				behind++
			}
		}
		if behind == 0 && len(all) == 3 {
			return
		}
	}
	t.Fatalf("they do not come to the end: %+v", all)
}

// The cursor and what was written survive a kill -9 at every point, on both databases.
func TestS13_ADelivererKilledAtAnyPointRepeatsNothing(t *testing.T) {
	for _, point := range []string{
		"once/before the handler", "once/after the handler", "once/before the cursor", "once/after the cursor",
		"purses/before the rows", "purses/before the cursor", "purses/after the cursor",
		"payers/before the rows", "payers/before the cursor", "payers/after the cursor",
	} {
		t.Run(point, func(t *testing.T) {
			each(t, func(t *testing.T, url string) {
				if problems := failAt(t, url, point, ""); len(problems) > 0 {
					t.Error(strings.Join(problems, "\n"))
				}
			})
		})
	}
}

// The mutant: where the cursor moves in another transaction than the handler writes in, a
// process that dies in between makes its successor repeat.
func TestS09_MutantCheckpointOutsideTheTransactionIsSeen(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		if problems := failAt(t, url, "once/after the handler", "checkpoint"); len(problems) == 0 {
			t.Error("the mutant repeats nothing")
		}
	})
}

// failAt has a deliverer die at a point and another one go on, and returns what is wrong
// then.
func failAt(t *testing.T, url, point, mutant string) []string {
	t.Helper()
	ctx, log := migrated(t, url)
	marker := filepath.Join(t.TempDir(), "marker")
	env := []string{failEnv + "=" + point, markerEnv + "=" + marker, mutantEnv + "=" + mutant}
	first := start(t, "deliver", url, env...)
	for n := range 10 {
		must(t, purse.For(fmt.Sprint("purse-", n%3)).AppendAll(ctx, []ireneo.AnyEvent{paid(), paid()}))
	}
	more := make(chan struct{})
	go func() { // projections take many at once: they must come more than once to die at the third
		defer close(more)
		for {
			select {
			case <-first.ended:
				return
			case <-time.After(5 * time.Millisecond):
				if err := purse.For("purse-1").Append(ctx, paid()); err != nil {
					return
				}
			}
		}
	}()
	select {
	case <-first.ended:
	case <-time.After(30 * time.Second):
		t.Fatal("it does not die")
	}
	<-more
	if _, err := os.Stat(marker); err != nil {
		t.Fatalf("it died elsewhere: %v", err)
	}
	start(t, "deliver", url, env...)
	settle(t, ctx, log)
	return inspect(t, ctx, log)
}

// S15: one that was away for longer than its lease finds that it may not write any more.
// Not on SQLite, where whoever stops in a transaction keeps everybody from writing. It has
// one job only, whose rows it has not written yet: what it has written and not committed
// nobody could take over before it ends.
func TestS15_AZombieWritesNothing(t *testing.T) {
	url := pgtest.Database(t)
	ctx, log := migrated(t, url)
	marker := filepath.Join(t.TempDir(), "marker")
	zombie := start(t, "deliver", url, failEnv+"=once/before the handler", markerEnv+"="+marker, signalEnv+"=STOP", aloneEnv+"=1")
	for n := range 5 {
		must(t, purse.For(fmt.Sprint(n)).Append(ctx, paid()))
	}
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(5 * time.Millisecond) {
		if _, err := os.Stat(marker); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("it does not stop")
		}
	}
	start(t, "deliver", url)
	settle(t, ctx, log)
	must(t, zombie.Process.Signal(syscall.SIGCONT))
	for range 20 {
		must(t, purse.For("a").Append(ctx, paid()))
	}
	settle(t, ctx, log)
	zombie.end(syscall.SIGTERM)
	if problems := inspect(t, ctx, log); len(problems) > 0 {
		t.Error(strings.Join(problems, "\n"))
	}
}
