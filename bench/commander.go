package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// commander is a client that makes commands, each again and again until it is committed.
type commander struct {
	client     int
	conn       *pgxpool.Conn
	work       work
	guard      guard
	known      *versions
	tally      *tally
	data, meta []byte
	remember   bool
	committed  []command // where it remembers
}

// versions are what is known of streams, as a log keeps their states in memory.
type versions struct {
	mu sync.Mutex
	of map[string]int64 // guarded by mu
}

// get takes a stream that nothing is known of to be as it was made.
func (v *versions) get(stream string) int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return max(1, v.of[stream])
}

func (v *versions) set(stream string, version int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.of[stream] = max(version, v.of[stream])
}

func (v *versions) all(names []string) []at {
	var all []at
	for _, name := range names {
		all = append(all, at{name, v.get(name)})
	}
	return all
}

// tally counts commands, and why some were tried again.
type tally struct {
	done, taken, moved, serialization, deadlock atomic.Int64
}

func (t *tally) String() string {
	if t == nil {
		return "\t\t\t\t"
	}
	percent := func(n int64) float64 { return 100 * float64(n) / float64(max(1, t.done.Load())) }
	taken, moved, serialization, deadlock := t.taken.Load(), t.moved.Load(), t.serialization.Load(), t.deadlock.Load()
	return fmt.Sprintf("%.1f\t%.1f\t%.1f\t%.1f\t%.2f",
		percent(taken+moved+serialization+deadlock), percent(taken), percent(moved), percent(serialization), percent(deadlock))
}

// errMoved says that the check in an insert found a stream at another version.
var errMoved = errors.New("a stream has moved on")

// count reports whether err is a reason to try again.
func (t *tally) count(err error) bool {
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, errMoved):
		t.moved.Add(1)
		return true
	case !errors.As(err, &refused):
		return false
	}
	counter := map[string]*atomic.Int64{
		"23505": &t.taken, "IR002": &t.moved, "40001": &t.serialization, "40P01": &t.deadlock,
	}[refused.Code]
	if counter != nil {
		counter.Add(1)
	}
	return counter != nil
}

func (w work) start(g guard, t *tally) start {
	return func(ctx context.Context, s *site) (load, error) {
		found, err := w.commanders(ctx, s, g, t)
		if err != nil {
			return nil, err
		}
		return loops(found), nil
	}
}

func loops(all []*commander) clients {
	c := make(clients, len(all))
	for i := range c {
		c[i].op = all[i].op
	}
	return c
}

// commanders are as many as the site has clients, on a log whose streams have one record each.
func (w work) commanders(ctx context.Context, s *site, g guard, t *tally) ([]*commander, error) {
	pool, err := s.pool(ctx)
	if err != nil {
		return nil, err
	}
	data, meta := stored()
	for _, statement := range g.schema {
		if _, err := pool.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	if err := makeStreams(ctx, pool, data, meta); err != nil {
		return nil, err
	}

	all := make([]*commander, s.clients)
	known := &versions{of: map[string]int64{}}
	for i := range all {
		conn, err := connFor(ctx, s, pool, g)
		if err != nil {
			return nil, err
		}
		if !w.shared {
			known = &versions{of: map[string]int64{}}
		}
		all[i] = &commander{client: i, conn: conn, work: w, guard: g, known: known, tally: t, data: data, meta: meta}
	}
	return all, nil
}

func makeStreams(ctx context.Context, pool *pgxpool.Pool, data, meta []byte) error {
	_, err := pool.Exec(ctx, `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at)
		SELECT
			nextval('event_entries_position_seq'), 1, $1, 'stream-' || to_char(n, 'FM000'), 1, gen_random_uuid(),
			'account.deposited', 1, $2, $3, now(), now()
		FROM generate_series(0, $4 - 1) AS n`, account.Type, data, meta, streams)
	return err
}

func connFor(ctx context.Context, s *site, pool *pgxpool.Pool, g guard) (*pgxpool.Conn, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	s.later(func() error { conn.Release(); return nil })
	if g.serializable {
		_, err = conn.Exec(ctx, "SET default_transaction_isolation = 'serializable'")
	}
	return conn, err
}

// op decides from what is known, and where that turns out to be old, looks and decides again.
func (c *commander) op(ctx context.Context) error {
	read, written := c.work.pick(c.client)
	for {
		decided := command{read: c.known.all(read), written: c.known.all(written), data: c.data, meta: c.meta}
		err := c.send(ctx, decided)
		if err == nil {
			c.learn(decided)
			return nil
		}
		if !c.tally.count(err) {
			return err
		}
		if err := c.look(ctx, append(read, written...)); err != nil {
			return err
		}
	}
}

// send runs the command in one implicit transaction. Its last statement inserts the records.
func (c *commander) send(ctx context.Context, decided command) error {
	var b pgx.Batch
	c.guard.queue(&b, decided)
	answers := c.conn.SendBatch(ctx, &b)

	var tag pgconn.CommandTag
	var err error
	for range b.Len() {
		if tag, err = answers.Exec(); err != nil {
			break
		}
	}
	if closeErr := answers.Close(); err == nil {
		err = closeErr
	}
	if err == nil && tag.RowsAffected() == 0 {
		return errMoved
	}
	return err
}

func (c *commander) learn(decided command) {
	c.tally.done.Add(1)
	for _, w := range decided.written {
		c.known.set(w.stream, w.version+1)
	}
	if c.remember {
		c.committed = append(c.committed, decided)
	}
}

// look reads the streams' last versions.
func (c *commander) look(ctx context.Context, names []string) error {
	rows, err := c.conn.Query(ctx, `
		SELECT given.id, (
			SELECT version
			FROM event_entries
			WHERE stream_type = $1
			AND stream_id = given.id
			ORDER BY version DESC
			LIMIT 1)
		FROM unnest($2::text[]) AS given (id)`, account.Type, names)
	if err == nil {
		var stream string
		var version int64
		_, err = pgx.ForEachRow(rows, []any{&stream, &version}, func() error {
			c.known.set(stream, version)
			return nil
		})
	}
	if err != nil && c.tally.count(err) {
		return nil // it is decided on what is known, and looked again
	}
	return err
}

// countAnomalies has eight clients fight over two streams, every second one with plain appends, and
// notes what was committed that should not have been, or that the log has in another order.
func countAnomalies(ctx context.Context, p *place, g guard, d time.Duration) (err error) {
	s := p.site(8)
	defer func() { err = errors.Join(err, s.close()) }()
	all, err := work{pick: readOneOfTwo}.commanders(ctx, s, g, &tally{})
	if err != nil {
		return err
	}
	for _, c := range all {
		c.remember = true
	}
	if _, err := loops(all).run(ctx, d); err != nil {
		return err
	}

	var committed []command
	for _, c := range all {
		committed = append(committed, c.committed...)
	}
	committed = slices.DeleteFunc(committed, func(c command) bool { return len(c.read) == 0 })
	positions, err := positionsOf(ctx, all[0].conn)
	p.note(fmt.Sprintf("%s: %d commands beside plain appends to the same two streams, %d write skews, %d behind a record they had not seen.",
		g.name, len(committed), skews(committed), behind(committed, positions)))
	return err
}

// skews counts the pairs of commands of which each read a stream before the other's record, and
// wrote the stream that the other read.
func skews(committed []command) (pairs int) {
	by := map[string][]command{}
	for _, c := range committed {
		by[c.written[0].stream] = append(by[c.written[0].stream], c)
	}
	for _, one := range by[numbered(0)] {
		for _, other := range by[numbered(1)] {
			if one.unaware(other) && other.unaware(one) {
				pairs++
			}
		}
	}
	return pairs
}

// unaware reports whether the stream that c read got the other's record later.
func (c command) unaware(other command) bool {
	return c.read[0].version <= other.written[0].version
}

// positionsOf are those of all records.
func positionsOf(ctx context.Context, conn *pgxpool.Conn) (map[at]int64, error) {
	rows, err := conn.Query(ctx, "SELECT stream_id, version, position FROM event_entries")
	if err != nil {
		return nil, err
	}
	positions := map[at]int64{}
	var record at
	var position int64
	_, err = pgx.ForEachRow(rows, []any{&record.stream, &record.version, &position}, func() error {
		positions[record] = position
		return nil
	})
	return positions, err
}

// behind counts the commands whose record lies behind the next one of the stream they had read: who
// reads the log in its order meets that one first.
func behind(committed []command, positions map[at]int64) (n int) {
	for _, c := range committed {
		own := positions[at{c.written[0].stream, c.written[0].version + 1}]
		if missed, ok := positions[at{c.read[0].stream, c.read[0].version + 1}]; ok && missed < own {
			n++
		}
	}
	return n
}
