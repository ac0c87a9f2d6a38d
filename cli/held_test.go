package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// A transaction that stays open after its append is named, with what to do.
func TestRun_NamesWhoHoldsBack(t *testing.T) {
	journal := &ireneo.Stream{Type: "journal", Purpose: "Notes"}
	log := ireneotest.Postgres(t, ireneo.Config{Streams: []*ireneo.Stream{journal}, Events: []ireneo.EventType{ireneo.TypeOf[Written]()}})
	program := cli.Program{Name: "shop", Boot: func(context.Context) (*cli.App, error) {
		return &cli.App{Log: log, Close: func() error { return nil }}, nil
	}}
	list := func() string {
		var out, errs bytes.Buffer
		if code := cli.Run(t.Context(), program, []string{"subscriptions", "list"}, &out, &errs); code != 0 {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		return out.String()
	}
	err := log.DB().Transaction(func(tx *gorm.DB) error {
		if err := journal.For("a").AppendTx(ireneo.WithLog(t.Context(), log), tx, &Written{}); err != nil {
			return err
		}
		if text := list(); strings.Contains(text, "held back") {
			t.Errorf("an append under way is worth a word: %s", text)
		}
		for deadline := time.Now().Add(20 * time.Second); ; <-time.After(50 * time.Millisecond) {
			text := list()
			if strings.Contains(text, "held back") && strings.Contains(text, "idle in transaction") && strings.Contains(text, "idle_in_transaction_session_timeout") {
				return nil
			}
			if time.Now().After(deadline) {
				t.Fatalf("nobody is named: %s", text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := list(); strings.Contains(text, "held back") {
		t.Errorf("it is over: %s", text)
	}
}
