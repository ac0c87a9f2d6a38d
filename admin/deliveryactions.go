package admin

import (
	"context"
	"errors"
	"strconv"
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
		FailedAt: d.FailedAt, About: strconv.FormatInt(d.FailedAt, 10),
	}
}

func (v *visit) retryAction(d delivery) action {
	return action{
		Name: "retry", Label: "Retry all", Kind: d.Kind, Target: d.Name,
		Effect: "What it has put aside is handed out once more, in order. What was skipped stays skipped.",
		Path:   v.path("subscriptions", d.Name, "retry"), Return: v.path("subscriptions", d.Name),
	}
}

func (v *visit) rebuildAction(k keptRows) action {
	return action{
		Name: "rebuild", Label: "Rebuild", Kind: projectionKind, Target: k.Name,
		Effect: "Its rows are made anew from the whole log, beside those in use, and take their place when they have caught up. Everything else goes on meanwhile.",
		Path:   v.path("projections", k.Name, "rebuild"), Return: v.path("rebuilds", k.Name),
	}
}

func (v *visit) cancelAction(k keptRows) action {
	return action{
		Name: "cancel", Label: "Cancel the rebuild", Kind: projectionKind, Target: k.Name, Danger: true,
		Effect: "What the rebuild has made is dropped. The rows in use are as they were.",
		Path:   v.path("projections", k.Name, "cancel"), Return: v.path("rebuilds", k.Name),
	}
}

func (v *visit) undoAction(k keptRows) action {
	about := ""
	if k.Rebuild != nil {
		about = exactly(k.Rebuild.ChangedAt)
	}
	return action{
		Name: "undo", Label: "Undo the rebuild", Kind: projectionKind, Target: k.Name, About: about,
		Effect: "The rows that the last rebuild replaced are brought up to date and used again. Those in use now are kept in their turn.",
		Path:   v.path("projections", k.Name, "undo"), Return: v.path("rebuilds", k.Name),
	}
}

// toProjection does an action to the projection that the path names. One that is not there
// is not put on record.
func (a *admin) toProjection(v *visit, actionOf func(k keptRows) (action, error), do func(ctx context.Context, r *ActionRequested) error) (*page, error) {
	k, err := a.keptRowsOf(v)
	if err != nil {
		return nil, err
	}
	act, err := actionOf(*k)
	if err != nil {
		return nil, err
	}
	return a.perform(v, act, a.projection, do)
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
func ofRows(actionOf func(k keptRows) action) func(keptRows) (action, error) {
	return func(k keptRows) (action, error) {
		if !k.Declared {
			return action{}, ireneo.ErrNotMaterialized
		}
		return actionOf(k), nil
	}
}

func (a *admin) pause(ctx context.Context, r *ActionRequested) error {
	return a.log.Pause(ctx, r.Target, r.Reason)
}

func (a *admin) resume(ctx context.Context, r *ActionRequested) error {
	return a.log.Resume(ctx, r.Target)
}

func (a *admin) pauseProjection(v *visit) (*page, error) {
	return a.toProjection(v, ofDelivery(func(d delivery) action { return v.pauseAction(d.Kind, d.Name) }), a.pause)
}

func (a *admin) resumeProjection(v *visit) (*page, error) {
	return a.toProjection(v, ofDelivery(v.resumeAction), a.resume)
}

func (a *admin) rebuildProjection(v *visit) (*page, error) {
	return a.toProjection(v, ofRows(v.rebuildAction), func(ctx context.Context, r *ActionRequested) error { return a.begin(ctx, r, a.log.Rebuild) })
}

func (a *admin) undoRebuild(v *visit) (*page, error) {
	return a.toProjection(v, ofRows(v.undoAction), func(ctx context.Context, r *ActionRequested) error { return a.begin(ctx, r, a.log.UndoRebuild) })
}

func (a *admin) cancelRebuild(v *visit) (*page, error) {
	return a.toProjection(v, ofRows(v.cancelAction), func(ctx context.Context, r *ActionRequested) error { return a.log.CancelRebuild(ctx, r.Target) })
}

// begins is how long a form waits for a rebuild to begin, or to be refused.
const begins = 2 * time.Second

// begin begins a rebuild, which goes on when the form is answered, until the server stops.
// Whatever keeps it from beginning is returned. What fails later is on the page of the
// rebuild, and on record with who asked for it.
func (a *admin) begin(ctx context.Context, r *ActionRequested, rebuild func(context.Context, string, func(ireneo.Rebuild)) error) error {
	run, end := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		select {
		case <-a.config.Stopping:
			end()
		case <-run.Done():
		}
	}()
	begun := make(chan error, 1)
	var once sync.Once
	answer := func(err error) (first bool) {
		once.Do(func() { first = true; begun <- err })
		return first
	}
	go func() {
		defer end()
		err := interpreted(r.Target, func() error {
			return rebuild(run, r.Target, func(ireneo.Rebuild) { answer(nil) })
		})
		if !answer(err) && err != nil && run.Err() == nil && !errors.Is(err, ireneo.ErrCanceled) {
			err = errors.Join(err, a.recordFailure(run, r, err))
			a.report(run, "a rebuild has ended", err, "projection", r.Target)
		}
	}()

	timer := time.AfterFunc(begins, func() { answer(nil) }) // it counts what there is to read
	defer timer.Stop()
	return <-begun
}

// toSubscription does an action to the subscription that the path names, likewise.
func (a *admin) toSubscription(v *visit, actionOf func(d delivery) action, do func(ctx context.Context, r *ActionRequested) error) (*page, error) {
	d, err := a.subscriptionOf(v)
	if err != nil {
		return nil, err
	}
	return a.perform(v, actionOf(*d), a.subscription, do)
}

func (a *admin) pauseSubscription(v *visit) (*page, error) {
	return a.toSubscription(v, func(d delivery) action { return v.pauseAction(d.Kind, d.Name) }, a.pause)
}

func (a *admin) resumeSubscription(v *visit) (*page, error) {
	return a.toSubscription(v, v.resumeAction, a.resume)
}

func (a *admin) skipInSubscription(v *visit) (*page, error) {
	return a.toSubscription(v, v.skipAction, func(ctx context.Context, r *ActionRequested) error {
		return a.log.Skip(ctx, r.Target, r.FailedAt, r.Reason)
	})
}

func (a *admin) retrySubscription(v *visit) (*page, error) {
	return a.toSubscription(v, v.retryAction, func(ctx context.Context, r *ActionRequested) error {
		_, err := a.log.Retry(ctx, r.Target)
		return err
	})
}
