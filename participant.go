package ireneo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ireneo-dev/ireneo/store"
)

// participant is a stream of the boundary.
type participant struct {
	boundary *Boundary
	handle   *Handle
	plan     *plan
	head     *head
	state    any         // before Final, by also
	also     *projection // one that is not of the plan; nil: none
	events   []AnyEvent  // to be appended
}

// load finds a stream of the boundary, or reads it, and returns its state by p.
func (b *Boundary) load(ctx context.Context, h *Handle, p *projection) (*participant, any, error) {
	if b.finished {
		return nil, nil, fmt.Errorf("load %s/%s: the command's Handle has returned", h.Type(), h.id)
	}
	if err := errors.Join(p.mistakes...); err != nil {
		return nil, nil, err
	}
	part, err := b.join(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	if part.head == nil || !part.has(p) {
		if err := b.read(ctx, part, p); err != nil {
			return nil, nil, err
		}
	}
	state, err := part.model(p)
	return part, state, err
}

// join finds the stream among the participants, or adds it, unread.
func (b *Boundary) join(ctx context.Context, h *Handle) (*participant, error) {
	log, plan, err := h.open(ctx)
	if err != nil {
		return nil, err
	}
	if log != b.log {
		return nil, fmt.Errorf("load %s/%s: it is bound to another log than the command's", h.Type(), h.id)
	}
	if part := b.parts[h.key()]; part != nil {
		return part, nil
	}
	if len(b.order) == maxStreams {
		return nil, fmt.Errorf("%w: a command loads at most %d streams", ErrTooLarge, maxStreams)
	}
	part := &participant{boundary: b, handle: h, plan: plan}
	b.parts[h.key()], b.order = part, append(b.order, part)
	return part, nil
}

// read folds the stream: from memory, where that is to be trusted, else from the log.
// What was read before is read up to the same version.
func (b *Boundary) read(ctx context.Context, part *participant, p *projection) error {
	key, own := part.handle.key(), slices.Contains(part.plan.folds, p)
	if part.head != nil {
		return part.reread(ctx, p)
	}
	cached, _ := b.log.heads.Get(key)
	if cached != nil && own && !b.fresh {
		part.head, b.remembered = cached, true
		return nil
	}

	b.statements++
	with := part.plan
	if !own {
		with, cached = part.plan.with(p), nil
	}
	ctx, end := b.measured.Step(ctx, "read")
	h, err := b.log.load(ctx, with, key, cached, nil)
	end(err)
	if err != nil {
		return err
	}
	part.take(h, with, p)
	return nil
}

// reread folds what was read already by another projection.
func (part *participant) reread(ctx context.Context, p *projection) error {
	log := part.boundary.log
	if part.head.version == 0 {
		part.also, part.state = p, p.empty()
		p.begin(part.state, log.now())
		return nil
	}
	part.boundary.statements++
	folded, err := log.foldStream(ctx, p, store.Query{Stream: part.handle.key(), UpToVersion: part.head.version}, log.now())
	if err == nil {
		part.also, part.state = p, folded.state
	}
	return err
}

// with is the plan with one more projection folded.
func (p *plan) with(also *projection) *plan {
	more := *p
	more.folds = append(slices.Clip(p.folds), also)
	return &more
}

// take keeps a head that was read with a plan, which may have one more projection than the
// stream's own, and remembers it for others.
func (part *participant) take(h *head, with *plan, p *projection) {
	if with != part.plan {
		last := len(h.states) - 1
		part.also, part.state = p, h.states[last]
		own := *h
		own.states = h.states[:last:last]
		h = &own
	}
	part.head = h
	part.remember(h)
}

// remember keeps a head that is in the log for others, unless a later one is there.
func (part *participant) remember(h *head) {
	log, key := part.boundary.log, part.handle.key()
	if known, _ := log.heads.Peek(key); part.plan.reads() && (known == nil || known.version < h.version) {
		log.heads.Add(key, h)
	}
}

// has reports whether the stream is folded by p already.
func (part *participant) has(p *projection) bool {
	return part.also == p || slices.Contains(part.plan.folds, p)
}

// model is the completed state by p, which nobody else has.
func (part *participant) model(p *projection) (any, error) {
	state := part.state
	if part.also != p {
		state = part.head.states[slices.Index(part.plan.folds, p)]
	}
	model := p.finished(state, part.boundary.log.now())
	if m := part.boundary.log.readModels[p.name]; m != nil {
		return model, m.setKey(part.handle.id, model)
	}
	return model, nil
}

// declare reads all that the command says it will load, and that is not in memory, in one
// statement.
func (b *Boundary) declare(ctx context.Context) error {
	d, ok := b.cmd.(Declarer)
	if !ok {
		return nil
	}
	joint := &jointRead{boundary: b, reads: map[store.Stream]*reading{}}
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
	reads    map[store.Stream]*reading
}

// reading is one of them.
type reading struct {
	part *participant
	by   *projection
	with *plan
	base *head // what is folded on
	head *head
	late bool // some of it belongs between what the base has folded
}

// add is told what is to be read, which is nothing where it is in memory. Where a snapshot
// may help, the stream is read on its own.
func (t *jointRead) add(ctx context.Context, part *participant, p *projection) error {
	b, key := t.boundary, part.handle.key()
	if t.reads[key] != nil {
		return nil
	}
	r := &reading{part: part, by: p, with: part.plan}
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
	r.head, t.reads[key] = r.with.next(r.base), r
	t.query.Several = append(t.query.Several, store.At{Stream: key, Version: r.base.version})
	return nil
}

func (t *jointRead) read(ctx context.Context) error {
	if len(t.reads) == 0 {
		return nil
	}
	t.boundary.statements++
	ctx, end := t.boundary.measured.Step(ctx, "read")
	err := t.fold(ctx)
	end(err)
	if err != nil {
		return fmt.Errorf("load what the command declares: %w", err)
	}
	for _, r := range t.reads {
		if err := r.end(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fold reconstructs the states while the records come.
func (t *jointRead) fold(ctx context.Context) (err error) {
	var end func(error)
	for rec, readErr := range t.boundary.log.store.Read(ctx, t.query) {
		if end == nil {
			_, end = t.boundary.measured.Step(ctx, "reconstruct")
			defer func() { end(err) }()
		}
		if readErr != nil {
			return readErr
		}
		if err := t.reads[rec.Stream].fold(t.boundary.log, rec); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) fold(log *Log, rec store.Record) error {
	if r.late = r.late || r.base.version > 0 && rec.OccurredAt.Before(r.base.occurredAt); r.late {
		return nil
	}
	return log.fold(r.with, r.head, rec, nil)
}

// end hands over what was read. A stream whose tail does not simply follow is read again.
func (r *reading) end(ctx context.Context) error {
	if r.late {
		return r.part.boundary.read(ctx, r.part, r.by)
	}
	r.part.take(r.head, r.with, r.by)
	return nil
}
