package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// Who may not see what others do is told whom to end all the same, and how to see more.
func TestHeldBy_SaysSoWhereItMayNotSeeSinceWhen(t *testing.T) {
	const want = "What was appended last is held back by process 17 of the database, whose transaction is open for an unknown time " +
		"(GRANT pg_read_all_stats to see): if it stays, end it with SELECT pg_terminate_backend(17), and see idle_in_transaction_session_timeout"
	if diff := cmp.Diff(want, heldBy(ireneo.Holder{Process: 17})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
