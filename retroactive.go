package ireneo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ireneo-dev/ireneo/store"
)

// foldBetween judges events that happened before something the stream holds already.
// They are folded where replay will place them, and everything after them again. What
// goes wrong only because of them, on themselves or on the events after, refuses them.
// The whole stream is held in memory meanwhile.
func (a *appending) foldBetween(ctx context.Context, base *head) (*head, error) {
	history, err := a.history(ctx, base)
	if err != nil {
		return nil, err
	}

	before := a.trial(history)
	if err := before.run(); err != nil {
		return nil, err
	}
	after := a.trial(a.merged(history))
	if err := after.run(); err != nil {
		return nil, err
	}

	a.blame(before, after)
	after.head.version = base.version + int64(len(a.records))
	after.head.recordedAt = a.records[len(a.records)-1].RecordedAt
	return after.head, nil
}

// step is one event of a trial.
type step struct {
	record store.Record
	given  AnyEvent // the new event; nil for one of the history
}

func (a *appending) history(ctx context.Context, base *head) ([]step, error) {
	var steps []step
	q := store.Query{Stream: a.key, UpToVersion: base.version, Tx: a.tx}
	for r, err := range a.log.store.Read(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("load %s/%s: %w", a.key.Type, a.key.ID, err)
		}
		steps = append(steps, step{record: r})
	}
	return steps, nil
}

// merged is the history with the new events in their places.
func (a *appending) merged(history []step) []step {
	steps := slices.Clone(history)
	for i, r := range a.records {
		steps = append(steps, step{record: r, given: a.events[i]})
	}
	slices.SortFunc(steps, func(x, y step) int {
		return cmp.Or(x.record.OccurredAt.Compare(y.record.OccurredAt), cmp.Compare(x.record.Version, y.record.Version))
	})
	return steps
}

// trial folds steps and keeps what is wrong after each, by version.
type trial struct {
	a     *appending
	steps []step
	head  *head
	wrong map[int64][]FieldError
}

func (a *appending) trial(steps []step) *trial {
	return &trial{a: a, steps: steps, head: a.plan.newHead(a.log.now()), wrong: map[int64][]FieldError{}}
}

func (t *trial) run() error {
	for _, s := range t.steps {
		if err := t.fold(s); err != nil {
			return err
		}
		if p := t.a.plan.consistency; p != nil {
			t.wrong[s.record.Version] = append(t.wrong[s.record.Version], t.a.judge(p, t.head.states[0])...)
		}
	}
	return nil
}

func (t *trial) fold(s step) error {
	if s.given != nil {
		return t.a.foldNew(t.head, s.record, s.given)
	}
	return t.a.log.fold(t.a.plan, t.head, s.record, func(f *projection, folded AnyEvent) {
		if f == t.a.plan.consistency {
			t.wrong[s.record.Version] = append(t.wrong[s.record.Version], folded.Errors().own...)
		}
	})
}

// blame gives the first new event all that goes wrong after it and did not before.
func (a *appending) blame(before, after *trial) {
	var culprit AnyEvent
	for i, s := range after.steps {
		if s.given != nil {
			culprit = s.given
		}
		if culprit == nil {
			continue
		}
		for _, fe := range after.wrong[s.record.Version] {
			if slices.Contains(before.wrong[s.record.Version], fe) {
				continue
			}
			a.addState(culprit, a.place(s, i == len(after.steps)-1), []FieldError{fe})
		}
	}
}

// place describes the event of the history at which something went wrong.
func (a *appending) place(s step, last bool) string {
	if s.given != nil || last {
		return ""
	}
	return fmt.Sprintf("%s of %s (version %d)", s.record.Type, s.record.OccurredAt.Format("2006-01-02"), s.record.Version)
}
