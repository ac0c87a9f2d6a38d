package delivery

import (
	"context"
	"fmt"
	"testing"

	"github.com/ireneo-dev/ireneo"
)

// inspect compares what was delivered and projected with what the log holds, stream by
// stream and read in another way, and says what is wrong.
func inspect(t *testing.T, ctx context.Context, log *ireneo.Log) (problems []string) {
	t.Helper()
	var rows []delivered
	must(t, log.DB().Order("seq").Find(&rows).Error)
	seen := map[string]int64{}
	var last int64
	for _, r := range rows {
		if r.Position < last {
			problems = append(problems, fmt.Sprintf("position %d comes after %d", r.Position, last))
		}
		if last = r.Position; r.Version != seen[r.Stream]+1 {
			problems = append(problems, fmt.Sprintf("%s: version %d comes after %d", r.Stream, r.Version, seen[r.Stream]))
		}
		seen[r.Stream] = r.Version
	}

	paid, events := map[string]Payer{}, 0
	types, err := log.Types(ctx)
	must(t, err)
	var ids []string
	must(t, log.DB().Table("event_entries").Distinct().Pluck("stream_id", &ids).Error)
	for _, id := range ids {
		for ev, err := range purse.For(id).Events(ctx) {
			must(t, err)
			p := paid[ev.(*Paid).Payer]
			p.Amount, p.Times = p.Amount+ev.(*Paid).Amount, p.Times+1
			paid[ev.(*Paid).Payer] = p
			events++
		}
		problems = append(problems, inspectPurse(t, ctx, id)...)
	}
	if events == 0 {
		return append(problems, "nothing was written")
	}
	if int64(events) != types[0].Events || events != len(rows) {
		problems = append(problems, fmt.Sprintf("%d events are in the log, %d were delivered", events, len(rows)))
	}
	for id, want := range paid {
		got, err := payers.Find(ctx, id)
		must(t, err)
		if got.Amount != want.Amount || got.Times != want.Times {
			problems = append(problems, fmt.Sprintf("%s has paid %d in %d times, its row says %d in %d", id, want.Amount, want.Times, got.Amount, got.Times))
		}
	}
	t.Logf("%d events in %d streams", events, len(ids))
	if len(problems) > 20 {
		problems = problems[:20]
	}
	return problems
}

func inspectPurse(t *testing.T, ctx context.Context, id string) (problems []string) {
	t.Helper()
	want, err := purses.Replay(ctx, purse.For(id))
	must(t, err)
	got, err := purses.Find(ctx, id)
	must(t, err)
	if *got != *want {
		problems = append(problems, fmt.Sprintf("the row of %s is %+v, its stream says %+v", id, *got, *want))
	}
	return problems
}
