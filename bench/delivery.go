package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store/postgres"
)

// startDelivery has one log append at half load, and another one, on connections of its own as in
// another process, keep up a projection after the commit. What is timed is from when an append has
// returned until a third connection sees the projection's commit.
func startDelivery(ctx context.Context, s *site) (load, error) {
	carrier, err := s.log(ctx, config(accountAfter))
	if err != nil {
		return nil, err
	}
	url, err := s.url(ctx)
	if err != nil {
		return nil, err
	}
	st, err := postgres.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	s.later(st.Close)
	other, err := ireneo.Open(st, config(accountAfter))
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	s.later(func() error { return conn.Close(context.WithoutCancel(ctx)) })
	return &delivery{carrier: carrier, clients: s.clients, other: other, conn: conn}, nil
}

// delivery is that load.
type delivery struct {
	carrier context.Context // of the log that appends
	clients int
	other   *ireneo.Log // which delivers
	conn    *pgx.Conn   // of the watcher
}

// run returns when all that was appended was delivered. Its rate is that of appends.
func (l *delivery) run(ctx context.Context, d time.Duration) ([]timings, error) {
	running, stop := context.WithCancel(ctx)
	var runner sync.WaitGroup
	defer runner.Wait()
	defer stop()
	runner.Go(func() { l.other.Run(running) })

	if _, err := l.measure(ctx, 0); err != nil { // until it delivers
		return nil, err
	}
	all, err := l.measure(ctx, d)
	return []timings{{each: all, busy: d * time.Duration(l.clients)}}, err
}

// measure has each client append for as long as d, but once in any case, and returns what each
// delivery took.
func (l *delivery) measure(ctx context.Context, d time.Duration) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	appended := make(chan committed, 1024)
	var group sync.WaitGroup
	for i := range l.clients {
		group.Go(func() {
			if err := l.client(ctx, i, d, appended); err != nil {
				cancel(err)
			}
		})
	}
	go func() { group.Wait(); close(appended) }()
	found, err := l.watch(ctx, appended)
	cancel(err)
	group.Wait()
	if err != nil {
		return nil, context.Cause(ctx)
	}
	return found, nil
}

// committed is an append that has returned.
type committed struct {
	position int64
	at       time.Time
}

// client waits after each append for as long as that took.
func (l *delivery) client(ctx context.Context, i int, d time.Duration, appended chan<- committed) error {
	carrier, last := ireneo.LastAppended(l.carrier)
	h := accountAfter.For(streamID(i))
	until := time.Now().Add(d)
	for {
		begin := time.Now()
		if err := h.Append(carrier, deposited()); err != nil {
			return err
		}
		end := time.Now()
		select {
		case appended <- committed{last(), end}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := sleep(ctx, end.Sub(begin)); err != nil {
			return err
		}
		if !time.Now().Before(until) {
			return nil
		}
	}
}

// looked is how often the watcher looks.
const looked = time.Millisecond

// watch looks at the cursor, which moves in the commit of the projection's rows, until all that was
// appended was delivered.
func (l *delivery) watch(ctx context.Context, appended <-chan committed) (found []time.Duration, err error) {
	tick := time.NewTicker(looked)
	defer tick.Stop()
	var waiting []committed
	for more := true; more || len(waiting) > 0; {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		position, err := l.delivered(ctx)
		if err != nil {
			return nil, err
		}
		seen := time.Now()
		waiting, more = gather(waiting, appended)
		var rest []committed
		for _, c := range waiting {
			if c.position > position {
				rest = append(rest, c)
			} else {
				found = append(found, max(0, seen.Sub(c.at)))
			}
		}
		waiting = rest
	}
	return found, nil
}

// gather takes what has been appended since; more is false when nothing will be any more.
func gather(waiting []committed, appended <-chan committed) (all []committed, more bool) {
	for {
		select {
		case c, ok := <-appended:
			if !ok {
				return waiting, false
			}
			waiting = append(waiting, c)
		default:
			return waiting, true
		}
	}
}

// delivered is how far the projection has come.
func (l *delivery) delivered(ctx context.Context) (position int64, err error) {
	err = l.conn.QueryRow(ctx, "SELECT position FROM event_subscriptions WHERE name = $1", balances.Name()).Scan(&position)
	if errors.Is(err, pgx.ErrNoRows) { // it has not begun
		err = nil
	}
	return position, err
}
