package groupcommit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// gate is a real database whose Inserts wait until the test says how they go on.
type gate struct {
	*sqlite.Store
	writers int
	arrived chan *call
	count   int // Inserts that have arrived
}

// call is an Insert at the gate.
type call struct {
	batches []*store.Batch
	lot     chan lot
}

// lot is what becomes of an Insert: it fails before anything is written, or after all is, or
// it is the database that answers.
type lot struct{ before, after error }

func (g *gate) Writers() int { return g.writers }

func (g *gate) Insert(ctx context.Context, batches ...*store.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{batches, make(chan lot, 1)}
	g.arrived <- c
	var is lot
	select {
	case is = <-c.lot:
	case <-ctx.Done():
		is.before = fmt.Errorf("%w: %w", store.ErrOutcomeUnknown, ctx.Err())
	}
	if is.before != nil {
		return is.before
	}
	return cmp.Or(g.Store.Insert(ctx, batches...), is.after)
}

func (c *call) pass()             { c.lot <- lot{} }
func (c *call) fail(err error)    { c.lot <- lot{before: err} }
func (c *call) loseAnswer()       { c.lot <- lot{after: store.ErrOutcomeUnknown} }
func (c *call) wrote() (s string) { return written(c.batches) }

// written says which versions of which streams are in batches, such as "a1 a2+b1".
func written(batches []*store.Batch) string {
	var all []string
	for _, b := range batches {
		var records []string
		for _, r := range b.Records {
			records = append(records, fmt.Sprint(r.Stream.ID, r.Version))
		}
		all = append(all, strings.Join(records, "+"))
	}
	return strings.Join(all, " ")
}

// fixture is a committer and the owners of its tickets.
type fixture struct {
	*testing.T
	gate   *gate
	c      *Committer
	owners []*owner
}

// each runs a test in a bubble, where time passes only when all wait. In the end nothing may
// be left in the committer.
func each(t *testing.T, writers int, run func(f *fixture)) {
	t.Helper()
	migrated() // not in a bubble, which ends
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{T: t, gate: &gate{Store: open(t), writers: writers, arrived: make(chan *call)}}
		f.c = New(f.gate)
		run(f)
		for _, o := range f.owners {
			if !o.asked {
				t.Errorf("nobody has asked what became of %s", written([]*store.Batch{o.batch}))
			}
		}
		wantEmpty(t, f.c, writers)
	})
}

// open opens a copy of a migrated database.
func open(t testing.TB) *sqlite.Store {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log.db")
	must(t, os.WriteFile(file, migrated(), 0o600))
	st, err := sqlite.Open(t.Context(), file)
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	return st
}

// migrated is the file of an empty log.
var migrated = sync.OnceValue(func() []byte {
	folder, err := os.MkdirTemp("", "groupcommit")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "log.db")
	data, err := migrate(context.Background(), file)
	if err != nil {
		panic(err)
	}
	return data
})

func migrate(ctx context.Context, file string) ([]byte, error) {
	st, err := sqlite.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	providers, err := st.Migrations(nil)
	if err == nil {
		err = store.Up(ctx, providers...)
	}
	if err := errors.Join(err, st.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantEmpty checks that a committer is as it was when it was new.
func wantEmpty(t testing.TB, c *Committer, free int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free != free || len(c.queue) > 0 || len(c.alone) > 0 || len(c.last) > 0 {
		t.Errorf("in the end %d flushers are free, want %d; %d wait in the queue, %d alone, %d streams are remembered",
			c.free, free, len(c.queue), len(c.alone), len(c.last))
	}
	for _, kept := range append(c.queue[:cap(c.queue)], c.alone[:cap(c.alone)]...) {
		if kept != nil {
			t.Error("a ticket that has gone is kept in memory")
			break
		}
	}
}

// owner is whoever appends a batch.
type owner struct {
	f       *fixture
	ticket  *Ticket
	batch   *store.Batch
	verdict Verdict
	done    chan error
	asked   bool

	waiting, committing       context.Context
	endWaiting, endCommitting context.CancelFunc
}

// enter queues a record of a stream, decided on what after has.
func (f *fixture) enter(stream string, version int64, after *owner) *owner {
	return f.enterBatch(batchOf(record(stream, version)), after)
}

func (f *fixture) enterBatch(batch *store.Batch, after *owner) *owner {
	o := &owner{f: f, batch: batch, done: make(chan error, 1)}
	o.waiting, o.endWaiting = context.WithCancel(f.Context())
	o.committing, o.endCommitting = context.WithTimeout(context.WithoutCancel(f.Context()), 10*time.Second)
	var on *Ticket
	if after != nil {
		on = after.ticket
	}
	o.ticket = f.c.Enter(batch, on)
	f.owners = append(f.owners, o)
	go func() {
		defer o.endWaiting()
		defer o.endCommitting()
		o.done <- o.see()
	}()
	return o
}

// see sees the batch into the log, as an append does.
func (o *owner) see() (err error) {
	defer func() { o.ticket.Settle(err == nil, err) }()
	o.verdict, err = o.ticket.Wait(o.waiting, o.committing)
	if err != nil || o.verdict == Committed {
		return err
	}
	err = o.f.gate.Insert(o.committing, o.batch)
	taken := errors.Is(err, store.ErrVersionTaken) || errors.Is(err, store.ErrEventTaken)
	if o.verdict == Doubtful && taken && o.f.gate.has(o.batch) {
		return nil
	}
	if o.verdict == Doubtful && o.committing.Err() != nil {
		err = fmt.Errorf("%w: %w", store.ErrOutcomeUnknown, err)
	}
	return err
}

// has reports whether the first record of a batch is in the log.
func (g *gate) has(batch *store.Batch) bool {
	for r, err := range g.Read(context.Background(), store.Query{EventID: batch.Records[0].EventID}) {
		return err == nil && r.Version > 0
	}
	return false
}

// wants checks what an owner is told, and that it is true.
func (o *owner) wants(verdict Verdict, want error) {
	o.f.Helper()
	o.asked = true
	err := <-o.done
	name := written([]*store.Batch{o.batch})
	if !errors.Is(err, want) || want == nil && o.verdict != verdict {
		o.f.Errorf("%s: got verdict %d, error %v, want %d, %v", name, o.verdict, err, verdict, want)
	}
	if there := o.f.gate.has(o.batch); there != (err == nil) && !errors.Is(err, store.ErrOutcomeUnknown) {
		o.f.Errorf("%s: told %v, but that it is in the log is %v", name, err, there)
	}
}

// next is the next Insert at the gate, which has to be of these batches.
func (f *fixture) next(want string) *call {
	f.Helper()
	c := <-f.gate.arrived
	if got := c.wrote(); got != want {
		f.Fatalf("an insert of %q arrived, want %q", got, want)
	}
	f.gate.count++
	return c
}

// wantStream checks that a stream has the versions 1 to n.
func (f *fixture) wantStream(stream string, n int64) {
	f.Helper()
	wantVersions(f.T, f.gate, stream, n)
}

func wantVersions(t testing.TB, log store.Log, stream string, n int64) {
	t.Helper()
	var last int64
	q := store.Query{Stream: store.Stream{Type: "s", ID: stream}, Order: store.ByVersion}
	for r, err := range log.Read(context.Background(), q) {
		must(t, err)
		if last++; r.Version != last {
			t.Fatalf("stream %s has version %d, want %d", stream, r.Version, last)
		}
	}
	if last != n {
		t.Errorf("stream %s has %d versions, want %d", stream, last, n)
	}
}

func record(stream string, version int64) store.Record {
	return store.Record{
		Stream: store.Stream{Type: "s", ID: stream}, Version: version, EventID: uuid.New(), Type: "noted", SchemaVersion: 1,
		Data: []byte(`{}`), Meta: []byte(`{}`), RecordedAt: time.Now(),
	}
}

func batchOf(records ...store.Record) *store.Batch { return &store.Batch{Records: records} }
