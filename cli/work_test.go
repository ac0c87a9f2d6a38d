package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// deaf is a log whose subscription handles one event for as long as the test, whatever it
// is told.
func deaf(t *testing.T) (log *ireneo.Log, handling <-chan struct{}) {
	began := make(chan struct{})
	c := scripted()
	c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	c.Subscriptions = []*ireneo.Subscription{{Name: "deaf", Attempts: 1, Handle: func(context.Context, ireneo.Batch) error {
		close(began)
		<-t.Context().Done()
		return errors.New("the test is over")
	}}}
	log = ireneotest.SQLite(t, c)
	if err := c.Streams[0].For("a").Append(ireneo.WithLog(t.Context(), log), &Written{Text: "one"}); err != nil {
		t.Fatal(err)
	}
	return log, began
}

func TestWork_EndsInTimeWhateverHandlersDo(t *testing.T) {
	t.Parallel()
	log, handling := deaf(t)
	p := program(t, func(a *cli.App) { a.Log = log })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var asked time.Time
	go func() {
		<-handling
		asked = time.Now()
		stop()
	}()

	var errs bytes.Buffer
	code := cli.Run(ctx, p, []string{"work"}, io.Discard, &errs)
	if code != 1 || !strings.Contains(errs.String(), "still running when the program had to stop") {
		t.Errorf("got %d, %s", code, &errs)
	}
	if took := time.Since(asked); took >= 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestTail_ShowsNothingThatMovesTheTerminal(t *testing.T) {
	log := ireneotest.SQLite(t, scripted())
	evil := "\x1b]0;gotcha\a\u009b2J\u202enoitcerid\nsecond line\u0085"
	if err := scripted().Streams[0].For("a").Append(ireneo.WithLog(t.Context(), log), &Written{Text: evil}); err != nil {
		t.Fatal(err)
	}
	_, out, _ := run(t, program(t, func(a *cli.App) { a.Log = log }), "tail", "--no-follow")
	if strings.Count(out, "\n") != 1 || strings.ContainsAny(out, "\x1b\a\u009b\u202e\u0085") {
		t.Errorf("got %q", out)
	}
}

// A closed pipe is how a reader says that it has seen enough.
func TestTail_EndsWithItsReader(t *testing.T) {
	log := ireneotest.SQLite(t, scripted())
	if err := scripted().Streams[0].For("a").Append(ireneo.WithLog(t.Context(), log), &Written{Text: "one"}); err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	code := cli.Run(t.Context(), program(t, func(a *cli.App) { a.Log = log }), []string{"tail"}, writer, &errs)
	if code != 0 || errs.Len() > 0 {
		t.Errorf("got %d, %s", code, &errs)
	}
}
