package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// A transaction that stays open after its append is named, with what to do.
func TestRun_NamesWhoHoldsBack(t *testing.T) {
	config := scripted()
	log := ireneotest.Postgres(t, config)
	program := cli.Program{Name: "shop", Boot: func(context.Context) (*cli.App, error) {
		return &cli.App{Log: log, Close: func() error { return nil }}, nil
	}}
	run := func(args ...string) string {
		var out, errs bytes.Buffer
		if code := cli.Run(t.Context(), program, args, &out, &errs); code != 0 {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		return out.String()
	}
	commands := [][]string{{"subscriptions", "list"}, {"subscriptions", "status", "notes"}, {"projections", "list"}, {"projections", "status", "lengths"}}
	err := log.DB().Transaction(func(tx *gorm.DB) error {
		if err := config.Streams[0].For("a").AppendTx(ireneo.WithLog(t.Context(), log), tx, &Written{}); err != nil {
			return err
		}
		var process int
		if err := tx.Raw("SELECT pg_backend_pid()").Scan(&process).Error; err != nil {
			return err
		}
		if text := run(commands[0]...); held(text, process) {
			t.Errorf("an append under way is worth a word: %s", text)
		}
		for deadline := time.Now().Add(20 * time.Second); !held(run(commands[0]...), process); <-time.After(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("nobody is named: %s", run(commands[0]...))
			}
		}
		for _, command := range commands[1:] {
			if text := run(command...); !held(text, process) {
				t.Errorf("%v names nobody: %s", command, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := run(commands[0]...); regexp.MustCompile("held back").MatchString(text) {
		t.Errorf("it is over: %s", text)
	}
}

// held reports whether a text names the process that holds back, and what ends it.
func held(text string, process int) bool {
	return regexp.MustCompile(fmt.Sprintf(
		`held back by process %d of the database \(.*idle in transaction\), .* SELECT pg_terminate_backend\(%[1]d\), and see idle_in_transaction_session_timeout`, process,
	)).MatchString(text)
}
