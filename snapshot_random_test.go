package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

// Hoard is a row that shows in which order it was folded.
type Hoard struct {
	ID    string `gorm:"primaryKey"`
	Trail string
}

func (Hoard) TableName() string { return "hoards" }

func hoards() *ireneo.Projection[Hoard] {
	return ireneo.NewProjection("hoards",
		ireneo.On(func(h *Hoard, e *Deposited, at time.Time) { h.Trail += fmt.Sprintf("+%d", e.Amount) }),
		ireneo.On(func(h *Hoard, e *Withdrawn, at time.Time) { h.Trail += fmt.Sprintf("-%d", e.Amount) }))
}

var hoardTable = fstest.MapFS{"00001_hoards.sql": &fstest.MapFile{Data: []byte(`-- +goose Up
CREATE TABLE hoards (
  id TEXT PRIMARY KEY,
  trail TEXT NOT NULL
);
`)}}

func TestC16_SnapshotsChangeNoState(t *testing.T) {
	keptHoards, plainHoards := hoards().Snapshot(4), hoards()
	keptSavings := plainSavings.Snapshot(3)
	stream := safe(keptSavings)
	stream.Transactional = ireneo.Materialize(keptHoards)
	c := only(stream)
	c.CachedStreams = 1 // nearly every append begins cold
	c.Migrations = hoardTable

	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0))
		logs := []*ireneo.Log{log, sibling(t, log, c)}
		for step := range 150 {
			h := stream.In(logs[random.IntN(2)]).For(fmt.Sprint(random.IntN(3)))
			if err := somethingHappens(ctx, random, log, h); err != nil && !errors.Is(err, ireneo.ErrInvalid) && !errors.Is(err, errHost) {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
			want, err := plainHoards.Replay(ctx, h)
			if errors.Is(err, ireneo.ErrNotFound) {
				continue
			}
			must(t, err)
			row, err := keptHoards.Find(ctx, h.ID())
			must(t, err)
			again, err := keptHoards.Replay(ctx, h)
			must(t, err)
			whole, err := plainSavings.Replay(ctx, h)
			must(t, err)
			short, err := keptSavings.Replay(ctx, h)
			must(t, err)
			got, wanted := []any{row.Trail, again.Trail, short}, []any{want.Trail, want.Trail, whole}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Fatalf("seed %d, step %d: differs (-without +with snapshots):\n%s", seed, step, diff)
			}
		}
	})
}

// somethingHappens appends one thing or another, sometimes late.
func somethingHappens(ctx context.Context, random *rand.Rand, log *ireneo.Log, h *ireneo.Handle) error {
	var opts []ireneo.AppendOption
	if random.IntN(8) == 0 {
		opts = append(opts, ireneo.At(time.Now().Add(-time.Duration(random.IntN(2_000))*time.Millisecond)))
	}
	var ev ireneo.AnyEvent = &Deposited{Amount: 1 + random.Int64N(50), Note: fmt.Sprint(random.IntN(3))}
	switch random.IntN(6) {
	case 0, 1:
		return h.Append(ctx, &Withdrawn{Amount: 1 + random.Int64N(60)}, opts...)
	case 2:
		return h.AppendAll(ctx, []ireneo.AnyEvent{ev, &Deposited{Amount: 3}, &Withdrawn{Amount: 2}}, opts...)
	case 3:
		return log.DB().Transaction(func(tx *gorm.DB) error {
			if err := h.AppendTx(ctx, tx, ev, opts...); err != nil {
				return err
			}
			if random.IntN(2) == 0 {
				return errHost
			}
			return nil
		})
	default:
		return h.Append(ctx, ev, opts...)
	}
}
