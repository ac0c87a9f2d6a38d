package admin

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ireneo-dev/ireneo"
)

func (v *visit) pauseAction(kind, name string) action {
	return action{
		Name: "pause", Label: "Pause", Kind: kind, Target: name, Reason: true,
		Effect: "It stays where it is, in all processes and after restarts, until somebody resumes it.",
		Path:   v.path(kind+"s", name, "pause"), Return: v.path(kind+"s", name),
	}
}

func (v *visit) resumeAction(d delivery) action {
	effect := "It goes on after position " + grouped(d.Position) + "."
	if d.FailedAt > 0 {
		effect = "It tries position " + grouped(d.FailedAt) + " again, and stops there again if that fails."
	}
	return action{
		Name: "resume", Label: "Resume", Effect: effect, Kind: d.Kind, Target: d.Name,
		Path: v.path(d.Kind+"s", d.Name, "resume"), Return: v.path(d.Kind+"s", d.Name),
	}
}

func (v *visit) skipAction(d delivery) action {
	return action{
		Name: "skip", Label: "Skip the append", Kind: d.Kind, Target: d.Name, Reason: true, Danger: true,
		Effect: "It goes on after position " + grouped(d.FailedAt) + " and never sees that append again. The append stays on record below, with the reason.",
		Path:   v.path("subscriptions", d.Name, "skip"), Return: v.path("subscriptions", d.Name),
	}
}

func (v *visit) retryAction(d delivery) action {
	return action{
		Name: "retry", Label: "Retry all", Kind: d.Kind, Target: d.Name,
		Effect: "What it has put aside is handed out once more, in order. What was skipped stays skipped.",
		Path:   v.path("subscriptions", d.Name, "retry"), Return: v.path("subscriptions", d.Name),
	}
}

func (v *visit) rebuildAction(name string) action {
	return action{
		Name: "rebuild", Label: "Rebuild", Kind: projectionKind, Target: name,
		Effect: "Its rows are made anew from the whole log, beside those in use, and take their place when they have caught up. Everything else goes on meanwhile.",
		Path:   v.path("projections", name, "rebuild"), Return: v.path("rebuilds", name),
	}
}

func (v *visit) cancelAction(name string) action {
	return action{
		Name: "cancel", Label: "Cancel the rebuild", Kind: projectionKind, Target: name, Danger: true,
		Effect: "What the rebuild has made is dropped. The rows in use are as they were.",
		Path:   v.path("projections", name, "cancel"), Return: v.path("rebuilds", name),
	}
}

func (v *visit) undoAction(name string) action {
	return action{
		Name: "undo", Label: "Undo the rebuild", Kind: projectionKind, Target: name,
		Effect: "The rows that the last rebuild replaced are brought up to date and used again. Those in use now are kept in their turn.",
		Path:   v.path("projections", name, "undo"), Return: v.path("rebuilds", name),
	}
}

// toProjection does an action to the projection that the path names. One that is not there
// is not put on record.
func (a *admin) toProjection(v *visit, actionOf func(k keptRows) (action, error), do func(ctx context.Context, name, reason string) error) (*page, error) {
	k, err := a.keptRowsOf(v)
	if err != nil {
		return nil, err
	}
	act, err := actionOf(*k)
	if err != nil {
		return nil, err
	}
	return a.perform(v, act, a.projection, func(ctx context.Context, reason string) error { return do(ctx, k.Name, reason) })
}

// ofDelivery is an action on a projection's delivery; those written with each append have
// none.
func ofDelivery(actionOf func(d delivery) action) func(keptRows) (action, error) {
	return func(k keptRows) (action, error) {
		if k.Delivery == nil {
			return action{}, ireneo.ErrUnknownSubscription
		}
		return actionOf(*k.Delivery), nil
	}
}

// ofRows is an action on a projection's rows, which must be declared.
func ofRows(actionOf func(name string) action) func(keptRows) (action, error) {
	return func(k keptRows) (action, error) {
		if !k.Declared {
			return action{}, ireneo.ErrNotMaterialized
		}
		return actionOf(k.Name), nil
	}
}

func (a *admin) pauseProjection(v *visit) (*page, error) {
	return a.toProjection(v, ofDelivery(func(d delivery) action { return v.pauseAction(d.Kind, d.Name) }), a.log.Pause)
}

func (a *admin) resumeProjection(v *visit) (*page, error) {
	return a.toProjection(v, ofDelivery(v.resumeAction), func(ctx context.Context, name, _ string) error { return a.log.Resume(ctx, name) })
}

func (a *admin) rebuildProjection(v *visit) (*page, error) {
	return a.toProjection(v, ofRows(v.rebuildAction), func(ctx context.Context, name, _ string) error { return a.begin(ctx, name, a.log.Rebuild) })
}

func (a *admin) undoRebuild(v *visit) (*page, error) {
	return a.toProjection(v, ofRows(v.undoAction), func(ctx context.Context, name, _ string) error { return a.begin(ctx, name, a.log.UndoRebuild) })
}

func (a *admin) cancelRebuild(v *visit) (*page, error) {
	return a.toProjection(v, ofRows(v.cancelAction), func(ctx context.Context, name, _ string) error { return a.log.CancelRebuild(ctx, name) })
}

// begins is how long a form waits for a rebuild to begin, or to be refused.
const begins = 2 * time.Second

// begin begins a rebuild, which goes on when the form is answered, until the server stops.
// Whatever keeps it from beginning is returned; what happens later is on the page of the
// rebuild.
func (a *admin) begin(ctx context.Context, name string, rebuild func(context.Context, string, func(ireneo.Rebuild)) error) error {
	run, end := context.WithCancel(context.WithoutCancel(ctx))
	begun := make(chan error, 1)
	var once sync.Once
	go func() {
		defer end()
		err := recovered(func() error {
			defer naming(name)
			return rebuild(run, name, func(ireneo.Rebuild) { once.Do(func() { begun <- nil }) })
		})
		late := true
		once.Do(func() { late = false; begun <- err })
		if err != nil && late && run.Err() == nil && !errors.Is(err, ireneo.ErrCanceled) {
			a.report(run, "a rebuild has ended", err, "projection", name)
		}
	}()
	go func() {
		select {
		case <-a.config.Stopping:
			end()
		case <-run.Done():
		}
	}()

	timer := time.NewTimer(begins)
	defer timer.Stop()
	select {
	case err := <-begun:
		return err
	case <-timer.C: // it counts what there is to read
		return nil
	}
}

// toSubscription does an action to the subscription that the path names, likewise.
func (a *admin) toSubscription(v *visit, actionOf func(d delivery) action, do func(ctx context.Context, name, reason string) error) (*page, error) {
	d, err := a.subscriptionOf(v)
	if err != nil {
		return nil, err
	}
	return a.perform(v, actionOf(*d), a.subscription, func(ctx context.Context, reason string) error { return do(ctx, d.Name, reason) })
}

func (a *admin) pauseSubscription(v *visit) (*page, error) {
	return a.toSubscription(v, func(d delivery) action { return v.pauseAction(d.Kind, d.Name) }, a.log.Pause)
}

func (a *admin) resumeSubscription(v *visit) (*page, error) {
	return a.toSubscription(v, v.resumeAction, func(ctx context.Context, name, _ string) error { return a.log.Resume(ctx, name) })
}

func (a *admin) skipInSubscription(v *visit) (*page, error) {
	d, err := a.subscriptionOf(v)
	if err != nil {
		return nil, err
	}
	return a.toSubscription(v, v.skipAction, func(ctx context.Context, name, reason string) error {
		return a.log.Skip(ctx, name, d.FailedAt, reason)
	})
}

func (a *admin) retrySubscription(v *visit) (*page, error) {
	return a.toSubscription(v, v.retryAction, func(ctx context.Context, name, _ string) error {
		_, err := a.log.Retry(ctx, name)
		return err
	})
}
