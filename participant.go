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

// at is the stream and the version it was read at.
func (part *participant) at() store.At {
	return store.At{Stream: part.handle.key(), Version: part.head.version}
}
