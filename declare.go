package ireneo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ireneo-dev/ireneo/store"
)

// declare reads all that the command says it will load, and that is not in memory, in one
// statement.
func (b *Boundary) declare(ctx context.Context) error {
	d, ok := b.cmd.(Declarer)
	if !ok {
		return nil
	}
	joint := &jointRead{boundary: b, reads: map[store.Stream]*partRead{}}
	for _, r := range d.Loads() {
		part, err := b.join(ctx, r.Handle)
		if err == nil {
			err = errors.Join(r.Projection.untyped().mistakes...)
		}
		if err == nil && part.head == nil {
			err = joint.add(ctx, part, r.Projection.untyped())
		}
		if err != nil {
			return err
		}
	}
	return joint.read(ctx)
}

// jointRead are streams that are read in one statement.
type jointRead struct {
	boundary *Boundary
	query    store.Query
	reads    map[store.Stream]*partRead
}

// partRead is what is read of one of them.
type partRead struct {
	part *participant
	by   *projection
	with *plan
	base *head // what is folded on
	head *head
	late bool // some of it belongs between what the base has folded
}

// add is told what is to be read, which is nothing where it is in memory. Where a snapshot
// may help, the stream is read on its own.
func (j *jointRead) add(ctx context.Context, part *participant, p *projection) error {
	b, key := j.boundary, part.handle.key()
	if j.reads[key] != nil {
		return nil
	}
	r := &partRead{part: part, by: p, with: part.plan}
	if slices.Contains(part.plan.folds, p) {
		r.base, _ = b.log.heads.Get(key)
		if r.base != nil && !b.fresh || r.base == nil && len(part.plan.keepers) > 0 {
			return b.read(ctx, part, p)
		}
	} else {
		r.with = part.plan.with(p)
	}
	if r.base == nil {
		r.base = r.with.newHead(b.log.now())
	}
	r.head, j.reads[key] = r.with.next(r.base), r
	j.query.Several = append(j.query.Several, store.At{Stream: key, Version: r.base.version})
	return nil
}

// read reads them, and hands over what was read.
func (j *jointRead) read(ctx context.Context) error {
	if len(j.reads) == 0 {
		return nil
	}
	j.boundary.statements++
	ctx, end := j.boundary.measured.Step(ctx, "read")
	err := j.fold(ctx)
	end(err)
	if err != nil {
		return fmt.Errorf("load what the command declares: %w", err)
	}
	for _, r := range j.reads {
		if err := r.end(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fold reconstructs the states while the records come.
func (j *jointRead) fold(ctx context.Context) (err error) {
	var end func(error)
	for rec, readErr := range j.boundary.log.store.Read(ctx, j.query) {
		if end == nil {
			_, end = j.boundary.measured.Step(ctx, "reconstruct")
			defer func() { end(err) }()
		}
		if readErr != nil {
			return readErr
		}
		if err := j.reads[rec.Stream].fold(j.boundary.log, rec); err != nil {
			return err
		}
	}
	return nil
}

func (r *partRead) fold(log *Log, rec store.Record) error {
	if r.late = r.late || r.base.version > 0 && rec.OccurredAt.Before(r.base.occurredAt); r.late {
		return nil
	}
	return log.fold(r.with, r.head, rec, nil)
}

// end hands over what was read. A stream whose tail does not simply follow is read again.
func (r *partRead) end(ctx context.Context) error {
	if r.late {
		return r.part.boundary.read(ctx, r.part, r.by)
	}
	r.part.take(r.head, r.with, r.by)
	return nil
}
