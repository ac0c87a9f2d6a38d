package delivery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// S20: a rebuild that is killed at any point is taken over and brought to its end by
// another process, while appends and deliveries go on.
func TestS20_ARebuildKilledAtAnyPointIsTakenOver(t *testing.T) {
	for _, point := range []string{
		"purses/at filling", "purses/before the progress", "purses/after the progress",
		"payers/at filling", "payers/before the rows", "payers/after the progress", "payers/after the cursor",
	} {
		t.Run(point, func(t *testing.T) {
			each(t, func(t *testing.T, url string) { rebuildFails(t, url, point) })
		})
	}
}

func rebuildFails(t *testing.T, url, point string) {
	ctx, log := migrated(t, url)
	for n := range 40 {
		must(t, purse.For(fmt.Sprint("purse-", n%20)).AppendAll(ctx, []ireneo.AnyEvent{paid(), paid()}))
	}
	start(t, "deliver", url)
	going, stop := context.WithCancel(ctx)
	defer stop()
	more := make(chan struct{})
	go func() {
		defer close(more)
		for going.Err() == nil {
			if err := purse.For("purse-1").Append(ctx, paid()); err != nil {
				t.Error(err)
			}
			_ = hold(going)
		}
	}()

	marker := filepath.Join(t.TempDir(), "marker")
	first := start(t, "rebuild", url, failEnv+"="+point, markerEnv+"="+marker)
	select {
	case <-first.ended:
	case <-time.After(30 * time.Second):
		t.Fatal("it does not die")
	}
	if _, err := os.Stat(marker); err != nil {
		t.Fatalf("it died elsewhere: %v", err)
	}
	name, _, _ := strings.Cut(point, "/")
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(20 * time.Millisecond) {
		err := log.Rebuild(ctx, name, nil)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody can take it over: %v", err)
		}
	}
	stop()
	<-more
	settle(t, ctx, log)
	if problems := inspect(t, ctx, log); len(problems) > 0 {
		t.Error(strings.Join(problems, "\n"))
	}
	for _, p := range log.Projections() {
		found, err := log.Verify(ctx, p.Name, func(d ireneo.Difference) { t.Errorf("%s: %s", p.Name, d) })
		must(t, err)
		if found.Rows == 0 {
			t.Errorf("%s has no rows", p.Name)
		}
	}
}
