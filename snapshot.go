package ireneo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/fingerprint"
	"github.com/ireneo-dev/ireneo/internal/lossless"
	"github.com/ireneo-dev/ireneo/internal/payload"
	"github.com/ireneo-dev/ireneo/internal/text"
	"github.com/ireneo-dev/ireneo/store"
)

// Snapshot returns the projection with the folded state of long streams kept every so
// many events, so that a process that has not got the stream in memory reads only what
// came after. An append that moves a stream past a multiple of every writes the state in
// its own commit. Appends profit where all projections of the stream keep theirs; Replay
// does without AsOf, At and AtVersion.
//
// Only the program that wrote a snapshot uses it: every new build begins without. The
// projection has no Initial, since that depends on the moment, and JSON gives its model
// back as it was: exported fields, and types that encode and decode themselves. A time
// keeps its offset, not the name of its zone. Mistakes are reported by Open.
func (p *Projection[M]) Snapshot(every int) *Projection[M] {
	kept := *p.projection
	kept.every, kept.mistakes = every, slices.Clip(kept.mistakes)
	kept.checkSnapshot()
	return &Projection[M]{projection: &kept, log: p.log}
}

func (p *projection) checkSnapshot() {
	if p.every < 1 {
		p.mistake("Snapshot(%d): keep one every 1 or more events", p.every)
	}
	if p.initial != nil {
		p.mistake("a projection with Initial keeps no snapshots, since its state depends on the moment: use Final")
	}
	if !storedName.MatchString(p.name) { // without a slash: the parts of a key must be told apart
		p.mistake("the name of a projection with snapshots has lower case letters, digits, _ and dots")
	}
	if p.model.Kind() != reflect.Struct {
		return // that is its mistake
	}
	if err := lossless.Check(p.model); err != nil {
		p.mistake("a snapshot keeps the model as JSON: %w", err)
	}
}

// keeper keeps the states of one projection.
type keeper struct {
	projection  *projection
	fingerprint string // of the states this program folds
	states      *payload.Codec
	warned      sync.Once // that a state cannot be kept
}

// keepersFor are those of the projections that keep snapshots. Two different projections
// of a stream would write over each other's under one name.
func (l *Log) keepersFor(s *Stream) (map[*projection]*keeper, error) {
	keepers, names := map[*projection]*keeper{}, map[string]*projection{}
	for _, p := range s.folds() {
		if p.every < 1 || p.model.Kind() != reflect.Struct {
			continue
		}
		if other := names[p.name]; other != nil && other != p {
			return nil, fmt.Errorf("stream %s: two projections called %s keep snapshots", s.Type, p.name)
		}
		names[p.name] = p

		print, err := fingerprint.Of(p.name, p.model)
		if err != nil {
			l.config.Logger.Warn("a projection keeps no snapshots: nobody could tell which build they are of",
				slog.String("projection", p.name), slog.Any("error", err))
			continue
		}
		keepers[p] = &keeper{projection: p, fingerprint: print, states: payload.For(p.model)}
	}
	return keepers, nil
}

func (k *keeper) id(key store.Stream) string {
	return k.projection.name + "/" + key.Type + "/" + key.ID
}

// decode makes a state of a snapshot; nil where it is of another build, or unreadable.
func (k *keeper) decode(s store.Snapshot) any {
	if s.Fingerprint != k.fingerprint {
		return nil
	}
	state := k.projection.empty()
	if k.states.Decode([]byte(s.State), state) != nil {
		return nil
	}
	return state
}

// encode is the state as JSON, where JSON gives it back as it was. The type promises
// that, but for what only a value shows: text that is not UTF-8, a number that is none.
func (k *keeper) encode(state any) ([]byte, error) {
	data, err := k.states.Encode(state)
	if err != nil {
		return nil, err
	}
	if bad := text.Check(data, state); len(bad) > 0 {
		return nil, errors.New(bad[0].Message)
	}
	decoded := k.projection.empty()
	if err := k.states.Decode(data, decoded); err != nil {
		return nil, err
	}
	if again, err := k.states.Encode(decoded); err != nil || !bytes.Equal(data, again) {
		return nil, fmt.Errorf("%s is another after JSON", k.projection.model)
	}
	return data, nil
}

// due reports whether an append from base to next is to keep the states of all. A
// retroactive one is as soon as there may be a snapshot: that one is of no more use to
// anybody, and the fold of the whole stream is at hand.
func (p *plan) due(base, next *head, retroactive bool) bool {
	for _, k := range p.keepers {
		every := int64(k.projection.every)
		if next.version/every != base.version/every || retroactive && next.version >= every {
			return true
		}
	}
	return false
}

// snapshots are the rows that keep the states of next. They are all written when one is
// due, because an append starts from snapshots of one version only. They share the commit
// of the events, whose insert proves that the states are of these versions: one that
// comes too late is refused with its events, and never overwrites a newer one.
func (a *appending) snapshots(base, next *head) []store.Row {
	if !a.plan.due(base, next, a.retroactive(base)) {
		return nil
	}
	var rows []store.Row
	for i, p := range a.plan.folds {
		k := a.plan.keepers[p]
		if k == nil || slices.Contains(a.plan.folds[:i], p) {
			continue
		}
		state, err := k.encode(next.states[i])
		if err != nil {
			k.warned.Do(func() { a.warnOfSnapshot(p, err) })
			continue
		}
		s := store.Snapshot{
			ID: k.id(a.key), Fingerprint: k.fingerprint, Version: next.version,
			RecordedAt: next.recordedAt, OccurredAt: next.occurredAt, Closed: next.closed, State: string(state),
		}
		rows = append(rows, s.Row("snapshot of "+p.name))
	}
	return rows
}

func (a *appending) warnOfSnapshot(p *projection, err error) {
	a.log.config.Logger.Warn("a state cannot be kept as a snapshot, which is not said of others of this projection",
		slog.String("projection", p.name), slog.String("stream", a.key.Type), slog.String("id", a.key.ID), slog.Any("error", err))
}

// loadSnapshots reads the stream's end from the snapshots on; nil where there are none
// that help.
func (l *Log) loadSnapshots(ctx context.Context, p *plan, key store.Stream, tx *gorm.DB) (*head, error) {
	base, err := l.snapshotHead(ctx, p, key, tx)
	if base == nil || err != nil {
		return nil, err
	}

	return l.loadOn(ctx, p, key, base, tx)
}

// snapshotHead is the head that the snapshots of all folds make; nil without one of each,
// of this build and of the same version.
func (l *Log) snapshotHead(ctx context.Context, p *plan, key store.Stream, tx *gorm.DB) (*head, error) {
	var ids []string
	for _, f := range p.folds {
		k := p.keepers[f]
		if k == nil {
			return nil, nil // everything has to be read for this one
		}
		ids = append(ids, k.id(key))
	}
	stored, err := store.Snapshots(ctx, l.store, tx, ids...)
	if err != nil {
		return nil, fmt.Errorf("load %s/%s: %w", key.Type, key.ID, err)
	}

	byID := map[string]store.Snapshot{}
	for _, s := range stored {
		byID[s.ID] = s
	}
	h := &head{}
	for i, f := range p.folds {
		s := byID[ids[i]]
		state := p.keepers[f].decode(s)
		if state == nil || i > 0 && s.Version != h.version {
			return nil, nil
		}
		h.version, h.recordedAt, h.occurredAt, h.closed = s.Version, s.RecordedAt, s.OccurredAt, s.Closed
		h.states = append(h.states, state)
	}
	return h, nil
}

// replaySnapshot folds what came after the projection's own snapshot; nil where there is
// none that helps. Only the projection that the stream declares has one, by itself and
// not by its name.
func (l *Log) replaySnapshot(ctx context.Context, p *projection, key store.Stream) (any, error) {
	declared := l.plans[key.Type]
	if declared == nil || declared.keepers[p] == nil {
		return nil, nil
	}
	alone := &plan{stream: declared.stream, folds: []*projection{p}, keepers: declared.keepers}
	h, err := l.loadSnapshots(ctx, alone, key, nil)
	if h == nil || err != nil {
		return nil, err
	}
	return h.states[0], nil
}
