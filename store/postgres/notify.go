package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/store"
)

// A commit is announced after it, never within it: PostgreSQL lets those that notify
// commit one at a time. Announcements say who, not what, and go to one channel for each
// schema, as a log is in one.
const channelOfLog = `
		SELECT 'ireneo_log_' || relnamespace
		FROM pg_class
		WHERE oid = 'event_entries'::regclass`

// Listen keeps a connection of its own, outside the pool, and LISTENs on it. The store's
// own commits wake nobody. Those of InsertTx are announced by no store, because it is the
// host who commits: whoever waits for them reads the log now and then. Nothing is
// announced to somebody behind a proxy that shares connections between transactions.
//
// It fails with [store.ErrUnavailable] where the connection is lost or the store is
// closed, with [store.ErrNotMigrated] where there is no log.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	s.listening.RLock()
	defer s.listening.RUnlock()
	if s.closing.Err() != nil {
		return fmt.Errorf("listen: %w: closed", store.ErrUnavailable)
	}
	open, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()

	err := s.listen(open, wake)
	if ctx.Err() != nil {
		return nil
	}

	return fmt.Errorf("listen: %w", broken(ctx, err))
}

// listen ends with an error, if only that of ctx.
func (s *Store) listen(ctx context.Context, wake func()) error {
	conn, channel, err := dial(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}

	wake()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.Payload != s.announcer.origin {
			wake()
		}
	}
}

// signals is what such a connection adds to the application's name, for whoever wonders
// what it is for.
const signals = "signals"

// dial connects outside the pool and asks for the log's channel.
func dial(ctx context.Context, config *pgx.ConnConfig) (conn *pgx.Conn, channel string, err error) {
	config = config.Copy()
	name := config.RuntimeParams["application_name"] + " " + signals
	config.RuntimeParams["application_name"] = strings.TrimSpace(name)
	if conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, "", err
	}
	if err = conn.QueryRow(ctx, channelOfLog).Scan(&channel); err != nil {
		hangUp(conn)
		return nil, "", err
	}

	return conn, channel, nil
}

// Announcements are at least so far apart; after one that failed, far enough to spare a
// server that refuses connections. None takes longer than patience.
const (
	debounce = 5 * time.Millisecond
	backOff  = time.Second
	patience = time.Second
)

// announcer tells other processes of this one's commits, many at once where they come
// fast. It begins with the first of them. Commits never wait for it, and its errors are
// nobody's: announcements are only hints.
//
// It has a connection of its own, so that it takes none from those that append, and
// waits for none of them.
type announcer struct {
	config  *pgx.ConnConfig
	conn    *pgx.Conn // of run alone, as is channel; nil: to be dialled
	channel string
	origin  string        // whose announcements these are
	commits chan struct{} // holds one: there is something to announce
	begun   sync.Once
	closed  sync.Once
	ended   chan struct{} // closed by run, or by close where run never began
}

func newAnnouncer(config *pgx.ConnConfig) *announcer {
	return &announcer{
		config: config, origin: uuid.NewString(),
		commits: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

// announce is called after a commit and before its connection goes back to the pool.
func (a *announcer) announce() {
	a.begun.Do(func() { go a.run() })
	select {
	case a.commits <- struct{}{}:
	default:
	}
}

// close announces what is left and ends. Nothing may be announced afterwards, which
// closing the pool before sees to.
func (a *announcer) close() {
	a.begun.Do(func() { close(a.ended) })
	a.closed.Do(func() { close(a.commits) })
	<-a.ended
}

// run sends each announcement up to twice: the connection may have been lost since the
// last one.
func (a *announcer) run() {
	defer close(a.ended)
	defer a.hangUp()

	for range a.commits {
		pause, err := debounce, a.send()
		if err != nil {
			err = a.send()
		}
		if err != nil {
			pause = backOff
		}
		<-time.After(pause)
	}
}

func (a *announcer) send() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	if a.conn == nil {
		if a.conn, a.channel, err = dial(ctx, a.config); err != nil {
			return err
		}
	}
	if _, err = a.conn.Exec(ctx, "NOTIFY "+a.channel+", '"+a.origin+"'"); err != nil {
		a.hangUp()
	}

	return err
}

func (a *announcer) hangUp() {
	if a.conn != nil {
		hangUp(a.conn)
		a.conn = nil
	}
}

// hangUp closes conn and does not care how.
func hangUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = conn.Close(ctx)
}
