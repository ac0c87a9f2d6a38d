package ireneo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo/internal/rebuild"
	"github.com/ireneo-dev/ireneo/store"
)

// attempt runs it; a panic is an error, as it is after the commit, unless it is of whoever
// is told.
func (r *rebuilding) attempt(ctx context.Context) (err error) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case r.telling:
			panic(p)
		default:
			err = &rebuild.PanicError{Value: p, Stack: debug.Stack()}
		}
		if panicked, ok := errors.AsType[*rebuild.PanicError](err); ok {
			r.log.config.Logger.Error("a projection panicked in its rebuild", slog.String("projection", r.of.projection.name),
				slog.Any("panic", panicked.Value), slog.String("stack", string(panicked.Stack)))
		}
	}()
	return r.run(ctx)
}

// end stores why it does not go on, and leaves no table behind that nobody goes on with.
func (r *rebuilding) end(ctx, kept context.Context, failed error) error {
	ended := ctx.Err() != nil
	if !ended && kept.Err() != nil {
		failed = context.Cause(kept)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()

	r.row.Error, r.row.ChangedAt = failed.Error(), store.Now()
	if !ended && !passing(failed) {
		r.row.Phase = store.Failed
	}
	err := r.row.Release(ctx, r.log.DB())
	if errors.Is(err, store.ErrFenced) { // which has led to what failed
		return r.fenced(ctx)
	}
	if err == nil && r.row.Phase == store.Failed {
		err = r.discard(ctx)
	}
	return errors.Join(failed, err)
}

// fenced finds out why this process is not to go on.
func (r *rebuilding) fenced(ctx context.Context) error {
	now, err := store.FindRebuild(ctx, r.log.DB(), r.of.projection.name)
	switch {
	case err != nil:
		return err
	case now.Phase != store.Canceled || now.Epoch != r.row.Epoch+1:
		return fmt.Errorf("%w by another process, which has taken it over", ErrRebuilding)
	default:
		return errors.Join(ErrCanceled, r.discard(ctx))
	}
}

// discard drops the table that was made; one that was replaced is kept.
func (r *rebuilding) discard(ctx context.Context) error {
	if r.row.Back {
		return nil
	}
	return r.log.store.Discard(ctx, r.row.Shadow)
}

// passing reports whether an error is of a kind that is over some time.
func passing(err error) bool {
	return slices.ContainsFunc([]error{ErrUnavailable, ErrOutcomeUnknown, ErrBusy, ErrFull},
		func(kind error) bool { return errors.Is(err, kind) })
}
