package ireneo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/fingerprint"
	"github.com/ireneo-dev/ireneo/internal/rebuild"
	"github.com/ireneo-dev/ireneo/internal/runner"
	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/store"
)

// Rebuild makes the rows of a projection anew from the whole log, beside those in use, and
// puts them in their place when they have caught up. Appends, Run and readers go on
// meanwhile: they see the old rows until, in one commit, they see the new ones. Only that
// moment keeps writers of the table waiting. The table that was replaced is kept until the
// next rebuild; see UndoRebuild. Streams are folded by several goroutines at a time.
//
// It is also the remedy where a projection kept up after the commit selects other events
// than before, or has stopped at one: its cursor is put to where the new rows are, and it
// goes on from there, unless it is paused. Such rows are not kept behind by Wait until the
// next event comes.
//
// report, if not nil, is called from the goroutine that calls, some times a second and in
// the end. One process at a time is at it, others get ErrRebuilding. Where ctx ends, or the
// process is lost, or the database cannot be reached, what was done is kept: the next
// Rebuild goes on from there, if it is of the same program; one that was killed may be
// taken over after Config.Lease. Any other error ends the rebuild for good and leaves
// nothing behind, such as a row that breaks its own tags, which the error names. In either
// case the rows in use are as they were.
//
// It is ErrCanceled where somebody calls CancelRebuild, ErrNotMaterialized where nobody
// keeps such rows, ErrPersistsItself with PersistWith, and ErrNotSwappable where something
// hangs on the table, such as a view: the text says what.
func (l *Log) Rebuild(ctx context.Context, name string, report func(Rebuild)) error {
	return l.rebuild(ctx, name, false, pace{rows: 5000, step: rebuild.Throttled(report, Rebuild.over)})
}

// UndoRebuild puts the table back in use that the last rebuild replaced, brought up to
// date, as Rebuild does with the new one. What it replaces is kept in turn. Where nothing
// was replaced it is ErrNothingReplaced. It takes a program that selects the same events
// as the one whose rows they are, or it is ErrOtherEvents.
func (l *Log) UndoRebuild(ctx context.Context, name string, report func(Rebuild)) error {
	return l.rebuild(ctx, name, true, pace{step: rebuild.Throttled(report, Rebuild.over)})
}

// CancelRebuild ends the rebuild of a projection, whichever process is at it, and drops
// what it has made. The rows in use are as they were. It is ErrNotRebuilding where there
// is none.
func (l *Log) CancelRebuild(ctx context.Context, name string) error {
	s, err := l.storedFor(name)
	if err != nil {
		return err
	}
	canceled, err := store.CancelRebuild(ctx, l.DB(), name, store.Now())
	if err == nil && !canceled {
		err = fmt.Errorf("%w: %s", ErrNotRebuilding, name)
	}
	if err != nil {
		return err
	}
	return l.store.Discard(ctx, store.ShadowOf(s.schema.Table))
}

// pace is how a rebuild goes.
type pace struct {
	rows int           // filled at once
	step func(Rebuild) // told of every step
}

// rebuilding is one call of Rebuild or UndoRebuild.
type rebuilding struct {
	log    *Log
	of     *stored
	pace   pace
	filter string    // what is selected, as text
	keep   selection // and to be used
	row    store.Rebuild
	work   runner.Work // which brings the table up to date

	telling bool // whoever asked for it is being told of it

	began time.Time // when this process took it on, and how many events had been read
	had   int64
}

func (l *Log) rebuild(ctx context.Context, name string, undo bool, p pace) error {
	r, err := l.rebuildingOf(name, p)
	if err == nil {
		err = r.claim(ctx, undo)
	}
	if err != nil {
		return err
	}
	kept, stop := rebuild.Keep(ctx, l.DB(), r.row, l.config.Lease)
	defer stop()
	if err = r.attempt(kept); err != nil {
		return fmt.Errorf("rebuild %s: %w", name, r.end(ctx, kept, err))
	}
	return nil
}

func (l *Log) rebuildingOf(name string, p pace) (*rebuilding, error) {
	s, err := l.storedFor(name)
	if err != nil {
		return nil, err
	}
	r := &rebuilding{log: l, of: s, pace: p}
	filters := []Filter{{Streams: s.streams}}
	if !s.transactional {
		filters = s.projection.handles(s.streams)
	}
	if r.filter, err = describe(filters); err == nil {
		r.keep, err = l.selects(filters)
	}
	return r, err
}

// claim makes this process the one that is at it, and finds out where it begins.
func (r *rebuilding) claim(ctx context.Context, undo bool) error {
	name, table := r.of.projection.name, r.of.schema.Table
	before, err := store.FindRebuild(ctx, r.log.DB(), name)
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return err
	}
	if before.Alive(store.Now()) {
		return fmt.Errorf("%w: %s", ErrRebuilding, rebuildOf(before))
	}
	program, err := fingerprint.Of(name, r.of.projection.model)
	if err != nil {
		program = uuid.NewString() // nobody else's
	}

	next := before
	switch {
	case undo && before.ReplacedFilter == "":
		return fmt.Errorf("%w: %s", ErrNothingReplaced, name)
	case undo && before.ReplacedFilter != r.filter:
		return fmt.Errorf("%w: those of %s that were replaced are of %s, not of %s", ErrOtherEvents, name, before.ReplacedFilter, r.filter)
	case undo:
		next = store.Rebuild{Shadow: store.OldOf(table), Back: true, Phase: store.Following, Position: before.Replaced}
	case !before.Open() || before.Phase == store.Starting || before.Back || before.Program != program || before.Filter != r.filter:
		next = store.Rebuild{Shadow: store.ShadowOf(table), Phase: store.Starting}
	}
	next.Projection, next.Program, next.Filter = name, program, r.filter
	r.row, err = rebuild.Claim(ctx, r.log.DB(), before, next, r.log.config.Lease)
	if errors.Is(err, store.ErrFenced) {
		err = fmt.Errorf("%w: %s, just now", ErrRebuilding, name)
	}
	r.began, r.had = time.Now(), r.row.Events
	return err
}

// begin begins the work of bringing the table up to date.
func (r *rebuilding) begin() { r.work = r.of.fold(r.log, r.row.Shadow) }

func (r *rebuilding) run(ctx context.Context) error {
	r.begin()
	if r.row.Phase == store.Starting {
		if err := r.start(ctx); err != nil {
			return err
		}
	}
	if r.row.Phase == store.Filling {
		if err := r.fill(ctx); err != nil {
			return err
		}
	}
	return r.follow(ctx)
}

// start makes the table, and finds out how much there is to read.
func (r *rebuilding) start(ctx context.Context) error {
	if _, err := r.log.store.Shadow(ctx, r.of.schema.Table); err != nil {
		return err
	}
	mark, err := store.SettledPosition(ctx, r.log.store)
	if err != nil {
		return err
	}
	next := r.row
	if next.Total, err = store.CountRecords(ctx, r.log.DB(), r.of.streams, r.of.events(), mark); err != nil {
		return err
	}
	next.Phase = store.Filling
	if !r.of.keyed() {
		next.Position = mark
	}
	return r.save(ctx, next)
}

// save stores how far it has come, and tells of it.
func (r *rebuilding) save(ctx context.Context, next store.Rebuild) error {
	if err := r.stamped(&next).Save(ctx, r.log.DB()); err != nil {
		return err
	}
	r.reached(next)
	return nil
}

// stamped sets what changes with every step.
func (r *rebuilding) stamped(next *store.Rebuild) *store.Rebuild {
	next.ChangedAt = store.Now()
	if passed := time.Since(r.began); passed > 0 {
		next.Rate = int64(float64(next.Events-r.had) / passed.Seconds())
	}
	return next
}

// reached takes note of what is stored.
func (r *rebuilding) reached(next store.Rebuild) {
	r.row = next
	told := rebuildOf(next)
	told.Running = next.Owner != "" // whatever became of the lease meanwhile
	r.telling = true
	r.pace.step(told)
	r.telling = false
}

// fill writes what the log holds at the start.
func (r *rebuilding) fill(ctx context.Context) error {
	var err error
	switch {
	case r.of.keyed():
		_, err = r.apply(ctx)
	case r.row.Position > 0:
		err = r.fillStreams(ctx)
	}
	if err != nil {
		return err
	}
	next := r.row
	next.Phase, next.StreamID = store.Following, ""
	return r.save(ctx, next)
}

// fillStreams folds stream by stream, from where the table ends. The rows of a batch are
// committed together with how far that is.
func (r *rebuilding) fillStreams(ctx context.Context) error {
	source := r.of.source(r.log, r.row.Position, nil)
	source.After = r.row.StreamID
	next := r.row
	var rows [][]any
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		err := r.log.store.Fill(ctx, next.Shadow, r.of.names, rows, func(tx *gorm.DB) error {
			return r.stamped(&next).Save(ctx, tx)
		})
		if err != nil {
			return err
		}
		rows = nil
		r.reached(next)
		return nil
	}
	fold := func(ctx context.Context, streams rebuild.Records) ([]filled, error) {
		return r.rowsOf(ctx, source, streams)
	}
	for some, err := range rebuild.Fold(ctx, source.Records(ctx), fold) {
		if err != nil {
			return err
		}
		for _, f := range some {
			rows = append(rows, f.row)
			next.StreamID, next.Events, next.Rows = f.id, next.Events+f.events, next.Rows+1
			if len(rows) == r.pace.rows {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

// filled is the row of a stream.
type filled struct {
	id     string
	events int64
	row    []any
}

// rowsOf folds some streams. Several goroutines do at a time.
func (r *rebuilding) rowsOf(ctx context.Context, from rebuild.Source, streams rebuild.Records) (rows []filled, err error) {
	for f, err := range r.of.modelsOf(ctx, r.log, from, streams) {
		if err != nil {
			return nil, err
		}
		row, err := r.log.asyncRow(r.of.async, f.id, f.model)
		if err != nil {
			return nil, err
		}
		rows = append(rows, filled{f.id, f.events, row.Values})
	}
	return rows, nil
}

const (
	little  = 1000                   // so many events may be left to the swap
	pause   = 100 * time.Millisecond // after the first attempt to swap; it doubles
	longest = 10 * time.Second       // at most: whoever wants the table waits behind each attempt
)

// follow catches up until little is left, or no less than before, and swaps the tables.
func (r *rebuilding) follow(ctx context.Context) error {
	wait := pause
	for before := int64(-1); ; {
		events, err := r.apply(ctx)
		if err != nil {
			return err
		}
		if events > little && (before < 0 || events < before) {
			before = events
			continue
		}
		if err = r.swap(ctx); !errors.Is(err, store.ErrBusy) {
			return err
		}
		r.begin()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait = min(2*wait, longest)
		}
	}
}

// apply brings the table up to where the log is settled now.
func (r *rebuilding) apply(ctx context.Context) (events int64, err error) {
	upTo, err := store.SettledPosition(ctx, r.log.store)
	if err != nil || upTo <= r.row.Position {
		return 0, err
	}
	had := r.row.Events
	for page, err := range rebuild.Pages(ctx, r.log.store, r.row.Position, upTo, nil) {
		if err != nil {
			return 0, err
		}
		var next store.Rebuild
		err := r.log.DB().WithContext(ctx).Transaction(func(tx *gorm.DB) (err error) {
			if next, err = r.handle(ctx, tx, r.row, page); err != nil {
				return err
			}
			return r.stamped(&next).Save(ctx, tx)
		})
		if err != nil {
			return 0, err
		}
		r.work.Committed()
		r.reached(next)
	}
	return r.row.Events - had, nil
}

// handle applies a page of the log to the table.
func (r *rebuilding) handle(ctx context.Context, tx *gorm.DB, next store.Rebuild, page tail.Page) (store.Rebuild, error) {
	var kept tail.Page
	for _, batch := range page {
		records, err := r.keep.keep(batch)
		if err != nil {
			return next, err
		}
		if len(records) > 0 {
			kept, next.Events = append(kept, records), next.Events+int64(len(records))
		}
	}
	next.Position = page.End()
	if next.Back {
		next.Replaced = next.Position
	}
	if len(kept) == 0 {
		return next, nil
	}
	return next, r.work.Handle(ctx, tx, kept)
}

// swap puts the table in the place of the one in use, in one commit with the rest of what
// it lacks.
//
// While it holds the table nobody else writes to it. Rows that are written by the append:
// an append that has written its row has committed, or the table would not have been let
// go, so the transaction sees its events, settled or not; one that has not will write its
// row into the new table. Others: everything up to where the log is settled, and the
// cursor along with it; whoever leads the projection is fenced off by that, and begins
// anew from there.
func (r *rebuilding) swap(ctx context.Context) error {
	mark, err := store.SettledPosition(ctx, r.log.store)
	if err != nil {
		return err
	}
	var next store.Rebuild
	err = r.log.store.Swap(ctx, r.of.schema.Table, r.row.Shadow, func(tx *gorm.DB) (err error) {
		next = r.row
		next.Phase, next.Owner, next.Replaced, next.ReplacedFilter = store.Done, "", r.row.Position, r.filter
		if r.of.transactional {
			next, err = r.rest(ctx, tx, next, 0)
		} else {
			next, err = r.rebase(ctx, tx, next, mark)
		}
		if err != nil {
			return err
		}
		return r.stamped(&next).Finish(ctx, tx, r.row.Owner)
	})
	if err == nil {
		r.reached(next)
	}
	return err
}

// rest applies what is left up to a position; zero is all that tx sees.
func (r *rebuilding) rest(ctx context.Context, tx *gorm.DB, next store.Rebuild, upTo int64) (store.Rebuild, error) {
	replaced := next.Replaced
	for page, err := range rebuild.Pages(ctx, r.log.store, next.Position, upTo, tx) {
		if err == nil {
			next, err = r.handle(ctx, tx, next, page)
		}
		if err != nil {
			return next, err
		}
		r.work.Committed() // the next page builds on it; where that is rolled back the work is begun anew
	}
	next.Replaced = replaced
	return next, nil
}

// rebase applies what is left, up to a position or as far as the rows in use have come,
// and puts the cursor there.
func (r *rebuilding) rebase(ctx context.Context, tx *gorm.DB, next store.Rebuild, mark int64) (store.Rebuild, error) {
	name := r.of.projection.name
	i := slices.IndexFunc(r.log.runner.Jobs, func(j runner.Job) bool { return j.Name == name })
	if err := runner.Declare(ctx, tx, r.log.runner.Jobs[i]); err != nil {
		return next, err
	}
	cursor, err := store.FindSubscription(ctx, tx, name)
	if err != nil {
		return next, err
	}
	next.Replaced, next.ReplacedFilter = cursor.Position, cursor.Filter
	upTo := max(mark, cursor.Position)
	if upTo > next.Position {
		if next, err = r.rest(ctx, tx, next, upTo); err != nil {
			return next, err
		}
	}
	return next, store.Rebase(ctx, tx, name, r.filter, upTo, store.Now())
}
