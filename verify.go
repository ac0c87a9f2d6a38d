package ireneo

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/ireneo-dev/ireneo/internal/rebuild"
	"github.com/ireneo-dev/ireneo/store"
)

// Difference is one thing in the rows of a projection that the log does not bear out.
type Difference struct {
	Key     string `json:"key"`               // the row's primary key
	Column  string `json:"column,omitempty"`  // empty where the whole row is meant
	Stored  string `json:"stored,omitempty"`  // what the column holds
	Folded  string `json:"folded,omitempty"`  // what it should
	Missing bool   `json:"missing,omitempty"` // the row is not there
	Extra   bool   `json:"extra,omitempty"`   // the row is there, but nothing in the log asks for it
}

// String says it in one line.
func (d Difference) String() string {
	switch {
	case d.Missing:
		return fmt.Sprintf("%s: the row is missing", d.Key)
	case d.Extra:
		return fmt.Sprintf("%s: there should be no row", d.Key)
	default:
		return fmt.Sprintf("%s: %s is %s, should be %s", d.Key, d.Column, d.Stored, d.Folded)
	}
}

// Verified is what Verify has compared.
type Verified struct {
	Rows        int64 `json:"rows"`     // that are in the table
	Events      int64 `json:"events"`   // that were folded
	Position    int64 `json:"position"` // as far as the log was read
	Differences int64 `json:"differences"`
}

// Verify folds the log anew and compares that with the rows of a projection: nothing that
// keeps them up is made use of. It reads both as they are at one moment, so that it may
// run at any time; of a projection kept up after the commit it folds as much as its
// cursor has passed. Differences are reported as they are found, in no particular order,
// from the goroutine that calls; a nil report counts them only.
//
// Rows are those of this program: where its declaration has changed, they differ until
// they are rebuilt. What an Initial of a transactional projection makes of its moment is
// not on record and differs, too. It holds one transaction that reads for as long as it
// takes, and some 50 000 states at most. It is ErrNotMaterialized
// where nobody keeps such rows, and ErrPersistsItself with PersistWith.
func (l *Log) Verify(ctx context.Context, name string, report func(Difference)) (Verified, error) {
	return l.verify(ctx, name, states, report)
}

func (l *Log) verify(ctx context.Context, name string, most int, report func(Difference)) (Verified, error) {
	s, err := l.storedFor(name)
	if err != nil {
		return Verified{}, err
	}
	v := &verifying{log: l, of: s, most: most, report: report}
	err = store.AsOne(ctx, l.store, func(tx *gorm.DB) error {
		v.tx = tx
		return v.run(ctx)
	})
	if err != nil {
		return Verified{}, fmt.Errorf("verify %s: %w", name, err)
	}
	return v.verified, nil
}

// states is how many rows by key are held at once.
const states = 50_000

// verifying is one call of Verify.
type verifying struct {
	log      *Log
	of       *stored
	tx       *gorm.DB
	most     int // rows by key that are held at once
	report   func(Difference)
	verified Verified
	matched  int64 // rows that the log asks for
}

func (v *verifying) run(ctx context.Context) error {
	if err := v.tx.WithContext(ctx).Table(v.of.schema.Table).Count(&v.verified.Rows).Error; err != nil {
		return err
	}
	upTo, err := v.position(ctx)
	if err != nil {
		return err
	}
	v.verified.Position = upTo
	switch {
	case v.of.keyed():
		return v.keys(ctx)
	case upTo > 0:
		err = v.streams(ctx)
	}
	if err == nil && v.matched < v.verified.Rows {
		err = v.extra(ctx)
	}
	return err
}

// position is as far as the rows should have come.
func (v *verifying) position(ctx context.Context) (int64, error) {
	if v.of.transactional {
		last, err := v.log.first(ctx, store.Query{Order: store.NewestFirst, Tx: v.tx})
		return last.Position, err
	}
	s, err := store.FindSubscription(ctx, v.tx, v.of.projection.name)
	if errors.Is(err, gorm.ErrRecordNotFound) { // Run has never run
		return 0, nil
	}
	return s.Position, err
}

func (v *verifying) found(d Difference) {
	v.verified.Differences++
	if v.report != nil {
		v.report(d)
	}
}

// together is how many rows are read at once.
const together = 500

// streams compares the row of each stream.
func (v *verifying) streams(ctx context.Context) error {
	folded := map[string]any{}
	for f, err := range v.of.models(ctx, v.log, v.of.source(v.log, v.verified.Position, v.tx)) {
		if err != nil {
			return err
		}
		v.verified.Events += f.events
		folded[f.id] = f.model
		if len(folded) == together {
			if err := v.compare(ctx, folded); err != nil {
				return err
			}
			clear(folded)
		}
	}
	return v.compare(ctx, folded)
}

// compare compares models with the rows of their keys.
func (v *verifying) compare(ctx context.Context, folded map[string]any) error {
	keys := make([]string, 0, len(folded))
	for key := range folded {
		keys = append(keys, key)
	}
	rows, err := v.read(ctx, keys)
	if err != nil {
		return err
	}
	for key, model := range folded {
		if err := v.row(key, rows[key], model); err != nil {
			return err
		}
	}
	return nil
}

// read reads rows by their keys, all that are there, whatever GORM hides.
func (v *verifying) read(ctx context.Context, keys []string) (map[string]any, error) {
	found := reflect.New(reflect.SliceOf(v.of.projection.model))
	tx := v.tx.Session(&gorm.Session{NewDB: true, Context: ctx, SkipHooks: true})
	if err := store.Keyed(tx, v.of.key.DBName, keys).Find(found.Interface()).Error; err != nil {
		return nil, fmt.Errorf("read the rows: %w", err)
	}
	rows := map[string]any{}
	for i := range found.Elem().Len() {
		row := found.Elem().Index(i)
		rows[v.of.key.ReflectValueOf(ctx, row).String()] = row.Addr().Interface()
	}
	return rows, nil
}

// row compares one row, nil where it is not there, with what it should be.
func (v *verifying) row(key string, row, folded any) error {
	if row == nil {
		v.found(Difference{Key: key, Missing: true})
		return nil
	}
	v.matched++
	got, want := v.of.row(row), v.of.row(folded)
	for i, column := range v.of.columns {
		if !column.Readable {
			continue
		}
		same, err := store.Same(got.Values[i], want.Values[i], numeric(column))
		if err != nil {
			return fmt.Errorf("row %s, column %s: %w", key, column.DBName, err)
		}
		if !same {
			v.found(Difference{Key: key, Column: column.DBName, Stored: shown(got.Values[i]), Folded: shown(want.Values[i])})
		}
	}
	return nil
}

// numeric reports whether texts of a column may be numbers.
func numeric(f *schema.Field) bool { return f.IndirectFieldType.Kind() != reflect.String }

func shown(value any) string {
	plain, _ := store.Plain(value) // which has been asked of it before
	switch p := plain.(type) {
	case nil:
		return "null"
	case []byte:
		return string(p)
	default:
		return fmt.Sprint(p)
	}
}

// extra finds the rows of which there is no stream.
func (v *verifying) extra(ctx context.Context) error {
	for keys, err := range v.tableKeys(ctx) {
		if err != nil {
			return err
		}
		known := []string{}
		if v.verified.Position > 0 {
			known, err = store.WithStreams(ctx, v.tx, v.of.streams, keys, v.of.events(), v.verified.Position)
		}
		if err != nil {
			return err
		}
		for _, key := range keys {
			if !slices.Contains(known, key) {
				v.found(Difference{Key: key, Extra: true})
			}
		}
	}
	return nil
}

// tableKeys yields the keys of all rows, page by page.
func (v *verifying) tableKeys(ctx context.Context) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		var after *string
		for {
			keys, err := store.KeysAfter(ctx, v.tx, v.of.schema.Table, v.of.key.DBName, after, together)
			if err != nil || len(keys) == 0 {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			last := keys[len(keys)-1]
			if !yield(keys, nil) {
				return
			}
			after = &last
		}
	}
}

// keys compares the row of each key. The keys are not known before the log is read, and
// may be too many to hold: they are folded by ranges of their hashes, each in a pass over
// the whole log and then over the whole table.
func (v *verifying) keys(ctx context.Context) error {
	for from := uint64(0); from <= math.MaxUint32; {
		p := &pass{of: v.of, log: v.log, from: from, to: math.MaxUint32, models: map[string]any{}, most: v.most}
		if err := v.fold(ctx, p); err != nil {
			return err
		}
		if from == 0 {
			v.verified.Events = p.events
		}
		if err := v.comparePass(ctx, p); err != nil {
			return err
		}
		from = p.to + 1
	}
	return nil
}

func (v *verifying) fold(ctx context.Context, p *pass) error {
	if v.verified.Position == 0 {
		return nil
	}
	for page, err := range rebuild.Pages(ctx, v.log.store, 0, v.verified.Position, v.tx) {
		if err != nil {
			return err
		}
		for _, batch := range page {
			for i := range batch {
				if err := p.add(&batch[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// comparePass compares the rows whose keys are in the range of a pass.
func (v *verifying) comparePass(ctx context.Context, p *pass) error {
	for keys, err := range v.tableKeys(ctx) {
		if err != nil {
			return err
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return !p.covers(key) })
		rows, err := v.read(ctx, keys)
		if err != nil {
			return err
		}
		for key, row := range rows {
			model := p.models[key]
			if model == nil {
				v.found(Difference{Key: key, Extra: true})
				continue
			}
			delete(p.models, key)
			if err := v.row(key, row, model); err != nil {
				return err
			}
		}
	}
	for key := range p.models {
		v.found(Difference{Key: key, Missing: true})
	}
	return nil
}

// pass folds the keys of a range of hashes.
type pass struct {
	of       *stored
	log      *Log
	from, to uint64 // both included; to comes down where there are too many keys
	models   map[string]any
	most     int
	events   int64
}

func (p *pass) covers(key string) bool {
	h := hashOf(key)
	return p.from <= h && h <= p.to
}

func hashOf(key string) uint64 {
	h := fnv.New32a()
	h.Write([]byte(key))
	return uint64(h.Sum32())
}

func (p *pass) add(r *store.Record) error {
	h, err := p.of.projection.handlerFor(r.Type)
	if h == nil || err != nil {
		return err
	}
	ev, err := h.typ.decode(*r)
	if err != nil {
		return err
	}
	p.events++
	key := h.keyOf(ev)
	if key == "" || !p.covers(key) {
		return nil
	}
	if p.models[key] == nil {
		if p.models[key], err = p.begin(key, *r); err != nil {
			return err
		}
	}
	h.apply(p.models[key], ev, r.OccurredAt)
	for len(p.models) > p.most && p.from < p.to {
		p.narrow()
	}
	return nil
}

func (p *pass) begin(key string, first store.Record) (any, error) {
	at, err := p.log.momentOf(p.of.projection, []store.Record{first})
	if err != nil {
		return nil, err
	}
	model := p.of.projection.empty()
	p.of.projection.begin(model, at)
	return model, p.of.setKey(key, model)
}

// narrow leaves the upper half of the range to another pass.
func (p *pass) narrow() {
	p.to = p.from + (p.to-p.from)/2
	for key := range p.models {
		if !p.covers(key) {
			delete(p.models, key)
		}
	}
}
