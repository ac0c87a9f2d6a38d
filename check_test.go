package ireneo_test

import (
	"context"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// Check says what Append would say, on what the stream holds now, and writes nothing.
func TestHandle_Check(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 100}))
		elsewhere := Account.In(sibling(t, log, config())).For("a")
		must(t, elsewhere.Append(ctx, &Withdrawn{Amount: 60})) // the cache of log knows nothing of it

		passes, overdraws, unlucky := &Withdrawn{Amount: 40}, &Withdrawn{Amount: 41}, &Withdrawn{Amount: 13}
		must(t, a.Check(ctx, passes))
		if passes.Persisted() || passes.Version() != 0 || !passes.Errors().Empty() {
			t.Errorf("a checked event: persisted %v, version %d, errors %v", passes.Persisted(), passes.Version(), passes.Errors())
		}
		wantError(t, a.Check(ctx, overdraws), ireneo.ErrInvalid)
		if len(overdraws.Errors().State()) != 1 {
			t.Errorf("state errors are %v", overdraws.Errors().State())
		}
		wantError(t, a.Check(ctx, unlucky), ireneo.ErrInvalid)
		if len(unlucky.Errors().Own()) != 1 {
			t.Errorf("own errors are %v", unlucky.Errors().Own())
		}
		wantError(t, a.Check(ctx, &Withdrawn{}), ireneo.ErrInvalid)
		wantError(t, a.Check(ctx, passes, ireneo.ExpectVersion(1)), ireneo.ErrConflict)
		wantError(t, a.Check(ctx, &Withdrawn{Amount: 60}, ireneo.At(time.Now().Add(-time.Hour))), ireneo.ErrInvalid)

		wantVersion(t, ctx, a, 2)
		must(t, a.Append(ctx, passes))
		must(t, a.Append(ctx, &Closed{}))
		wantError(t, a.Check(ctx, &Deposited{Amount: 1}), ireneo.ErrClosed)
		wantError(t, Journal.For("new").Check(ctx, &Deposited{}), ireneo.ErrInvalid)
		must(t, Journal.For("new").Check(ctx, &Deposited{Amount: 1}))
		wantVersion(t, ctx, Journal.For("new"), 0)
	})
}
