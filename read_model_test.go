package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

// Owner is a row with a constraint of its own.
type Owner struct {
	ID   string `gorm:"primaryKey"`
	Name string
}

func (Owner) TableName() string { return "owners" }

var Owners = ireneo.NewProjection("owners",
	ireneo.On(func(o *Owner, e *Opened, _ time.Time) { o.Name = e.Owner }))

var Owned = &ireneo.Stream{Type: "owned", Purpose: "Has an owner", Transactional: ireneo.Materialize(Balances, Owners)}

func TestF11_AUniqueViolationOfAReadModelIsThatProjectionsError(t *testing.T) {
	each(t, with([]*ireneo.Stream{Owned}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Owned.For("a").Append(ctx, &Opened{Owner: "Ana"}))
		err := Owned.For("b").Append(ctx, &Opened{Owner: "Ana"})
		var failed *ireneo.ProjectionError
		if !errors.As(err, &failed) || failed.Projection != "owners" || errors.Is(err, ireneo.ErrConflict) {
			t.Fatalf("got %#v: %v", err, err)
		}
	})
}

func TestF12_AfterAFailedProjectionHandleAndEventAreReusable(t *testing.T) {
	each(t, with([]*ireneo.Stream{Owned}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Owned.For("a").Append(ctx, &Opened{Owner: "Ana"}))
		b, ev := Owned.For("b"), &Opened{Owner: "Ana"}
		if err := b.Append(ctx, ev); err == nil || ev.Persisted() {
			t.Fatalf("error %v, persisted %v", err, ev.Persisted())
		}
		wantVersion(t, ctx, b, 0)
		wantNoBalance(t, ctx, "b")
		ev.Owner = "Bob"
		must(t, b.Append(ctx, ev))
		wantVersion(t, ctx, b, 1)
	})
}

func TestF13_EventThenProjectionsInOrderThenCommit(t *testing.T) {
	var order []string
	step := func(name string) *ireneo.Projection[Balance] {
		return ireneo.NewProjection(name,
			ireneo.PersistWith(func(ctx context.Context, tx *gorm.DB, b *Balance) error {
				var inside int64
				if err := tx.WithContext(ctx).Table("event_entries").Where("stream_id = ?", b.ID).Count(&inside).Error; err != nil {
					return err
				}
				order = append(order, fmt.Sprintf("%s sees %d", name, inside))
				return nil
			}),
			ireneo.On(func(*Balance, *Deposited, time.Time) {}))
	}
	stream := &ireneo.Stream{Type: "ordered", Purpose: "Order of writes", Transactional: ireneo.Materialize(step("first"), Balances, step("second"))}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		order = nil
		must(t, stream.For("a").Append(ctx, &Deposited{Amount: 4}))
		if diff := cmp.Diff([]string{"first sees 1", "second sees 1"}, order); diff != "" {
			t.Errorf("order differs (-want +got):\n%s", diff)
		}
		wantBalance(t, ctx, "a", 4)
	})
}

var errPersist = errors.New("the printer is on fire")

func TestF14_AFailingProjectionRollsEverythingBack(t *testing.T) {
	broken := true
	failing := ireneo.NewProjection("failing",
		ireneo.PersistWith(func(context.Context, *gorm.DB, *Owner) error {
			if broken {
				return fmt.Errorf("persist: %w", errPersist)
			}
			return nil
		}),
		ireneo.On(func(*Owner, *Deposited, time.Time) {}))
	stream := &ireneo.Stream{Type: "failing", Purpose: "Fails", Transactional: ireneo.Materialize(Balances, failing)}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		broken = true
		ev := &Deposited{Amount: 4}
		err := stream.For("a").Append(ctx, ev)
		var failed *ireneo.ProjectionError
		if !errors.Is(err, errPersist) || !errors.As(err, &failed) || failed.Projection != "failing" {
			t.Fatalf("got %v", err)
		}
		if ev.Persisted() {
			t.Error("the event says it is persisted")
		}
		wantVersion(t, ctx, stream.For("a"), 0)
		wantNoBalance(t, ctx, "a")

		broken = false
		must(t, stream.For("a").Append(ctx, ev))
		wantBalance(t, ctx, "a", 4)
	})
}
