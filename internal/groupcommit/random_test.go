package groupcommit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/keylock"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// Whatever happens to inserts, and whenever callers leave: streams have no gaps, no record
// follows another than it was decided on, every answer is true, and nothing is left behind.
func TestRandom(t *testing.T) {
	seed, tries := rand.Uint64(), 50
	if testing.Short() {
		tries = 20
	}
	t.Logf("seed %d", seed)
	st := open(t)
	processes := []*process{newProcess(st, 1, seed), newProcess(st, 2, seed+1)}

	answers := make(chan answer, 10_000)
	var all sync.WaitGroup
	for i := range uint64(12) {
		p, random := processes[i%2], rand.New(rand.NewPCG(seed, i))
		all.Go(func() {
			for range tries {
				answers <- p.append(t.Context(), random)
			}
		})
	}
	all.Wait()
	close(answers)

	stored := wantChains(t, st)
	outcomes := map[string]int{}
	for a := range answers {
		outcomes[a.name()]++
		if there := stored[a.id]; there != (a.err == nil) && !errors.Is(a.err, store.ErrOutcomeUnknown) {
			t.Errorf("told %v, but that it is in the log is %v", a.err, there)
		}
	}
	t.Logf("%v, in groups of %v", outcomes, processes[0].log.groups)
	for _, p := range processes {
		wantEmpty(t, p.c, p.log.writers)
		if len(p.coming) > 0 {
			t.Errorf("%d states are expected still", len(p.coming))
		}
	}
}

// answer is what an append was told.
type answer struct {
	id  uuid.UUID // of its first record
	err error
}

func (a answer) name() string {
	if a.err == nil {
		return "committed"
	}
	return strings.SplitN(a.err.Error(), ":", 2)[0]
}

// wantChains checks that every stream has versions without gaps, and that each record names
// the one before it. It returns what is in the log.
func wantChains(t *testing.T, log store.Log) map[uuid.UUID]bool {
	t.Helper()
	stored, last := map[uuid.UUID]bool{}, map[store.Stream]store.Record{}
	for r, err := range log.Read(t.Context(), store.Query{Order: store.ByPosition}) {
		must(t, err)
		before := last[r.Stream]
		stored[r.EventID], last[r.Stream] = true, r
		if r.Version != before.Version+1 {
			t.Fatalf("%s goes from version %d to %d", r.Stream.ID, before.Version, r.Version)
		}
		if !next(r.Stream.ID) && string(r.Data) != string(after(before.EventID)) {
			t.Fatalf("version %d of %s was decided on %s, but follows %s", r.Version, r.Stream.ID, r.Data, before.EventID)
		}
	}
	return stored
}

// after is the payload of a record that was decided on the one with this id.
func after(id uuid.UUID) []byte { return fmt.Appendf(nil, `{"after": %q}`, id) }

// next reports whether a stream is one that takes the next version, whatever that is.
func next(stream string) bool { return strings.HasPrefix(stream, "next") }

// faulty is a database of which answers get lost, and more.
type faulty struct {
	*sqlite.Store
	writers int

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	groups map[int]int // how many Inserts there were, by how many batches they had
}

func (l *faulty) Writers() int { return l.writers }

func (l *faulty) Insert(ctx context.Context, batches ...*store.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch fault := l.fault(len(batches)); {
	case fault < 30:
		return store.ErrOutcomeUnknown
	case fault < 60:
		return cmp.Or(l.Store.Insert(ctx, batches...), store.ErrOutcomeUnknown)
	case fault < 80:
		return store.ErrUnavailable
	case fault < 100:
		return store.ErrBusy
	case fault < 105:
		<-ctx.Done()
		return store.ErrOutcomeUnknown
	case fault < 110:
		err := l.Store.Insert(ctx, batches...)
		<-ctx.Done()
		return cmp.Or(err, store.ErrOutcomeUnknown)
	default:
		return l.Store.Insert(ctx, batches...)
	}
}

// fault is a number below a thousand.
func (l *faulty) fault(batches int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.groups[batches]++
	return l.random.IntN(1000)
}

// process appends as the root package does.
type process struct {
	c     *Committer
	log   *faulty
	locks keylock.Locks[string]

	mu     sync.Mutex         // guards coming
	coming map[string]decided // by stream
}

// decided is the last record of a stream, as it will be with a ticket.
type decided struct {
	id      uuid.UUID
	version int64
	ticket  *Ticket // nil: as it is
}

func newProcess(st *sqlite.Store, writers int, seed uint64) *process {
	log := &faulty{Store: st, writers: writers, random: rand.New(rand.NewPCG(seed, seed)), groups: map[int]int{}}
	return &process{c: New(log), log: log, coming: map[string]decided{}}
}

// append appends a few records to a stream, one to two, or one of next version.
func (p *process) append(ctx context.Context, random *rand.Rand) answer {
	committing, end := context.WithTimeout(ctx, time.Duration(50+random.IntN(300))*time.Millisecond)
	defer end()
	waiting := committing
	if random.IntN(5) == 0 {
		limited, end := context.WithTimeout(committing, time.Duration(random.IntN(5_000))*time.Microsecond)
		defer end()
		waiting = limited
	}
	switch random.IntN(10) {
	case 0:
		r := record("next", 0)
		return answer{r.EventID, p.insert(waiting, committing, p.c.Enter(batchOf(r), nil))}
	case 1:
		return p.appendBoth(waiting, committing, "hot", fmt.Sprint("cold", random.IntN(20)))
	case 2, 3, 4:
		return p.appendTo(waiting, committing, fmt.Sprint("cold", random.IntN(20)), 1)
	default:
		return p.appendTo(waiting, committing, "hot", 1+random.IntN(3))
	}
}

// appendTo decides on what is expected, and where that does not do on what is there.
func (p *process) appendTo(waiting, committing context.Context, stream string, records int) answer {
	ids := make([]uuid.UUID, records)
	for i := range ids {
		ids[i] = uuid.New()
	}
	for {
		err := p.try(waiting, committing, stream, ids, p.newest)
		if errors.Is(err, store.ErrVersionTaken) {
			err = p.try(waiting, committing, stream, ids, p.stored)
		}
		if !errors.Is(err, ErrSuperseded) {
			return answer{ids[0], err}
		}
	}
}

func (p *process) try(waiting, committing context.Context, stream string, ids []uuid.UUID, read func(context.Context, string) (decided, error)) error {
	ticket, err := p.enter(waiting, stream, ids, read)
	if err != nil {
		return err
	}
	err = p.insert(waiting, committing, ticket)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.coming[stream].ticket == ticket {
		delete(p.coming, stream)
	}
	return err
}

func (p *process) enter(ctx context.Context, stream string, ids []uuid.UUID, read func(context.Context, string) (decided, error)) (*Ticket, error) {
	unlock, err := p.locks.Lock(ctx, stream)
	if err != nil {
		return nil, err
	}
	defer unlock()
	base, err := read(ctx, stream)
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return nil, err
	}
	batch, last := &store.Batch{}, base
	for _, id := range ids {
		r := record(stream, last.version+1)
		r.EventID, r.Data = id, after(last.id)
		batch.Records = append(batch.Records, r)
		last = decided{id: id, version: r.Version}
	}
	last.ticket = p.c.Enter(batch, base.ticket)

	p.mu.Lock()
	defer p.mu.Unlock()
	p.coming[stream] = last
	return last.ticket, nil
}

// newest is what is expected of a stream, else what is there.
func (p *process) newest(ctx context.Context, stream string) (decided, error) {
	p.mu.Lock()
	expected, ok := p.coming[stream]
	p.mu.Unlock()
	if ok && !expected.ticket.Failed() {
		return expected, nil
	}
	return p.read(ctx, stream)
}

// stored is what is there when nobody of the process is at it.
func (p *process) stored(ctx context.Context, stream string) (decided, error) {
	if err := p.c.Drain(ctx, store.Stream{Type: "s", ID: stream}); err != nil {
		return decided{}, err
	}
	return p.read(ctx, stream)
}

func (p *process) read(ctx context.Context, stream string) (decided, error) {
	q := store.Query{Stream: store.Stream{Type: "s", ID: stream}, Order: store.LastFirst, Limit: 1}
	for r, err := range p.log.Read(ctx, q) {
		return decided{id: r.EventID, version: r.Version}, err
	}
	return decided{}, nil
}

// appendBoth appends to two streams at once, on what is there, as a command does.
func (p *process) appendBoth(waiting, committing context.Context, streams ...string) answer {
	batch := &store.Batch{}
	for _, stream := range streams {
		base, err := p.read(waiting, stream)
		if err != nil {
			return answer{uuid.New(), err}
		}
		r := record(stream, base.version+1)
		r.Data = after(base.id)
		batch.Records = append(batch.Records, r)
	}
	return answer{batch.Records[0].EventID, p.insert(waiting, committing, p.c.Enter(batch, nil))}
}

// insert sees a batch into the log. Where it is in doubt it is inserted until that tells.
func (p *process) insert(waiting, committing context.Context, ticket *Ticket) (err error) {
	defer func() { ticket.Settle(err == nil, err) }()
	verdict, err := ticket.Wait(waiting, committing)
	if err != nil || verdict == Committed {
		return err
	}
	err = p.log.Insert(committing, ticket.batch)
	doubtful := verdict == Doubtful || errors.Is(err, store.ErrOutcomeUnknown)
	taken := func() bool { return errors.Is(err, store.ErrVersionTaken) || errors.Is(err, store.ErrEventTaken) }
	for doubtful && err != nil && !taken() {
		if committing.Err() != nil {
			return store.ErrOutcomeUnknown
		}
		err = p.log.Insert(committing, ticket.batch)
	}
	if doubtful && taken() && (&gate{Store: p.log.Store}).has(ticket.batch) {
		return nil
	}
	return err
}
