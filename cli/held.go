package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// long is how long a transaction is open before it is worth a word.
const long = 2 * time.Second

// warnHeld says who keeps a transaction open, which holds back what was appended after it.
func warnHeld(ctx context.Context, out io.Writer, log *ireneo.Log) error {
	holders, err := log.HeldBack(ctx)
	if err != nil {
		return err
	}
	for _, h := range holders {
		if time.Since(h.Since) < long { // where Since is unknown, it is long
			continue
		}
		if _, err := fmt.Fprintf(out, "\n%s\n", heldBy(h)); err != nil {
			return err
		}
	}
	return nil
}

// heldBy says who holds back, since when where that may be seen, and how to end it.
func heldBy(h ireneo.Holder) string {
	process := fmt.Sprintf("process %d of the database", h.Process)
	known := slices.DeleteFunc([]string{h.Application, h.Client, h.State}, func(s string) bool { return s == "" })
	if len(known) > 0 {
		process += " (" + oneLine(strings.Join(known, ", ")) + ")"
	}
	end := fmt.Sprintf("end it with SELECT pg_terminate_backend(%d), and see idle_in_transaction_session_timeout", h.Process)

	if h.Since.IsZero() {
		return "What was appended last is held back by " + process +
			", whose transaction is open for an unknown time (GRANT pg_read_all_stats to see): if it stays, " + end
	}
	return "What was appended after " + at(h.Since) + " is held back by " + process + ", whose transaction is open since then: " + end
}
