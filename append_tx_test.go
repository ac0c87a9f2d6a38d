package ireneo_test

import (
	"context"
	"errors"
	"testing"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

func TestF17_AppendTxJoinsTheHostsTransaction(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ev := &Deposited{Amount: 5}
		must(t, log.DB().Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&Owner{ID: "o", Name: "Ana"}).Error; err != nil {
				return err
			}
			if err := Account.For("a").AppendTx(ctx, tx, ev); err != nil {
				return err
			}
			if err := Account.For("b").AppendTx(ctx, tx, &Deposited{Amount: 7}); err != nil {
				return err
			}
			second := &Withdrawn{Amount: 3}
			err := Account.For("a").AppendTx(ctx, tx, second)
			if second.Version() != 2 {
				t.Errorf("the second append to one stream is version %d", second.Version())
			}
			return err
		}))
		if !ev.Persisted() || ev.Version() != 1 {
			t.Errorf("persisted %v, version %d", ev.Persisted(), ev.Version())
		}
		wantBalance(t, ctx, "a", 2)
		wantBalance(t, ctx, "b", 7)
		var owners int64
		must(t, log.DB().Model(&Owner{}).Count(&owners).Error)
		if owners != 1 {
			t.Errorf("%d owners, want 1", owners)
		}
	})
}

func TestF17_TheHostsRollbackTakesEverything(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		rolledBack(t, log, func(tx *gorm.DB) {
			must(t, tx.Create(&Owner{ID: "o", Name: "Ana"}).Error)
			must(t, Account.For("a").AppendTx(ctx, tx, &Deposited{Amount: 5}))
			must(t, Account.For("b").AppendTx(ctx, tx, &Deposited{Amount: 5}))
			must(t, Journal.For("c").AppendTx(ctx, tx, &Noted{}))
		})
		for _, h := range []*ireneo.Handle{Account.For("a"), Account.For("b"), Journal.For("c")} {
			wantVersion(t, ctx, h, 0)
		}
		wantNoBalance(t, ctx, "a")
		var owners int64
		must(t, log.DB().Model(&Owner{}).Count(&owners).Error)
		if owners != 0 {
			t.Errorf("%d owners, want none", owners)
		}
	})
}

func TestF18_RefusalsLeaveTheHostsTransactionUsable(t *testing.T) {
	each(t, with([]*ireneo.Stream{Owned}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 5}))
		must(t, Owned.For("x").Append(ctx, &Opened{Owner: "Ana"}))

		must(t, log.DB().Transaction(func(tx *gorm.DB) error {
			invalid := &Withdrawn{Amount: 6}
			wantError(t, Account.For("a").AppendTx(ctx, tx, invalid), ireneo.ErrInvalid)
			stale := &Deposited{Amount: 1}
			wantError(t, Account.For("a").AppendTx(ctx, tx, stale, ireneo.ExpectVersion(7)), ireneo.ErrConflict)
			taken := &Opened{Owner: "Ana"} // violates a constraint inside the transaction
			var failed *ireneo.ProjectionError
			if err := Owned.For("y").AppendTx(ctx, tx, taken); !errors.As(err, &failed) {
				t.Errorf("got %v, want a ProjectionError", err)
			}
			if invalid.Persisted() || stale.Persisted() || taken.Persisted() {
				t.Error("a refused event says it is persisted")
			}
			return Account.For("a").AppendTx(ctx, tx, &Withdrawn{Amount: 5})
		}))
		wantBalance(t, ctx, "a", 0)
		wantVersion(t, ctx, Owned.For("y"), 0)
	})
}

func TestF18_ALostRaceLeavesTheHostsTransactionUsable(t *testing.T) {
	g := &gate{reached: make(chan struct{}), open: make(chan struct{})}
	gated := gatedStream(g)
	c := with([]*ireneo.Stream{gated})
	postgresOnly(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) { // SQLite has one writer: nobody can be in between
		must(t, gated.For("a").Append(ctx, &Deposited{Amount: 100}))
		done := make(chan error, 1)
		go func() {
			done <- log.DB().Transaction(func(tx *gorm.DB) error {
				ev := &Withdrawn{Amount: 7}
				if err := gated.For("a").AppendTx(ctx, tx, ev); !errors.Is(err, ireneo.ErrConflict) {
					return errors.Join(errors.New("expected a conflict"), err)
				}
				return gated.For("a").AppendTx(ctx, tx, ev) // the transaction still works
			})
		}()
		<-g.reached
		must(t, gated.For("a").Append(ireneo.WithLog(ctx, sibling(t, log, c)), &Withdrawn{Amount: 50}))
		close(g.open)
		must(t, <-done)
		wantBalance(t, ctx, "a", 43)
	})
}

func TestF19_AfterAnOuterRollbackNothingRemains(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 10})) // the cache is warm
		ev := &Deposited{Amount: 1_000_000}
		rolledBack(t, log, func(tx *gorm.DB) { must(t, a.AppendTx(ctx, tx, ev)) })

		wantVersion(t, ctx, a, 1)
		wantBalance(t, ctx, "a", 10)
		wantError(t, a.Append(ctx, &Withdrawn{Amount: 11}), ireneo.ErrInvalid) // no cache remembers the million
		must(t, a.Append(ctx, ev))                                             // the event can be appended again
		if ev.Version() != 2 {
			t.Errorf("got version %d, want 2", ev.Version())
		}
		wantBalance(t, ctx, "a", 1_000_010)
	})
}

func TestF19_ACommittedHostTransactionIsSeenByAWarmCache(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 10}))
		must(t, log.DB().Transaction(func(tx *gorm.DB) error { return a.AppendTx(ctx, tx, &Withdrawn{Amount: 10}) }))
		wantError(t, a.Append(ctx, &Withdrawn{Amount: 1}), ireneo.ErrInvalid)
		must(t, a.Append(ctx, &Deposited{Amount: 1}))
		wantVersion(t, ctx, a, 3)
	})
}

func TestAppendTx_NeedsATransaction(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		err := Account.For("a").AppendTx(ctx, log.DB(), &Deposited{Amount: 1})
		wantError(t, err, ireneo.ErrNotInTransaction)
		wantVersion(t, ctx, Account.For("a"), 0)
	})
}

func TestAppendTx_HonoursIdempotencyKeys(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for range 2 {
			must(t, log.DB().Transaction(func(tx *gorm.DB) error {
				return Account.For("a").AppendTx(ctx, tx, &Deposited{Amount: 5}, ireneo.IdempotencyKey("k"))
			}))
		}
		wantBalance(t, ctx, "a", 5)
	})
}
