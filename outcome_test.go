package ireneo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store/postgres"
)

// What the proxy does to the next message.
const (
	pass          = iota
	cutRequest    // the server never sees it
	cutReply      // the server has done it, the client never hears
	cutCommit     // so with the reply to a COMMIT
	cutAllReplies // and goes on so
)

// proxy sits between a log and PostgreSQL and cuts connections when told to.
type proxy struct {
	next atomic.Int32
	cuts atomic.Int32
}

// through returns the URL of a fresh schema as seen through the proxy.
func (p *proxy) through(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(pgtest.URL(t))
	must(t, err)
	network, address := target(u)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client, network, address)
		}
	}()
	q := u.Query()
	q.Del("host")
	q.Del("port")
	u.Host, u.RawQuery = l.Addr().String(), strings.ReplaceAll(q.Encode(), "+", "%20") // libpq reads no + as a space
	return u.String()
}

// target is where the server listens: a socket in a folder, or a port.
func target(u *url.URL) (network, address string) {
	host, port := u.Query().Get("host"), u.Query().Get("port")
	if port == "" {
		port = u.Port()
	}
	if port == "" {
		port = "5432"
	}
	if filepath.IsAbs(host) {
		return "unix", filepath.Join(host, ".s.PGSQL."+port)
	}
	return "tcp", net.JoinHostPort(u.Hostname(), port)
}

func (p *proxy) serve(client net.Conn, network, address string) {
	defer client.Close()
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	defer server.Close()
	spared := &atomic.Bool{}
	go func() {
		defer client.Close()
		defer server.Close()
		p.pump(server, client, cutRequest, spared)
	}()
	p.pump(client, server, cutReply, spared)
}

// encryption reports whether two ends only talk about encryption, before it is known who
// connects.
func encryption(said []byte) bool {
	return bytes.Equal(said, []byte{0, 0, 0, 8, 4, 210, 22, 47}) || bytes.Equal(said, []byte("N"))
}

// pump copies until the connection ends or is to be cut in this direction.
func (p *proxy) pump(to io.Writer, from io.Reader, cut int32, spared *atomic.Bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], []byte("signals\x00")) { // the store's own, which comes and goes as it likes
			spared.Store(true)
		}
		if spared.Load() || encryption(buffer[:n]) {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
			continue
		}
		if cut == cutRequest && bytes.Contains(buffer[:n], []byte("commit")) {
			p.next.CompareAndSwap(cutCommit, cutReply)
		}
		if p.next.CompareAndSwap(cut, pass) || cut == cutReply && p.next.Load() == cutAllReplies {
			p.cuts.Add(1)
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func throughProxy(t *testing.T, c ireneo.Config) (*proxy, context.Context, *ireneo.Log) {
	t.Helper()
	p := &proxy{}
	st, err := postgres.Open(t.Context(), p.through(t))
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	log, err := ireneo.Open(st, c)
	must(t, err)
	must(t, log.Migrate(t.Context()))
	return p, ireneo.WithLog(t.Context(), log), log
}

func TestAppend_ResolvesACommitWhoseAnswerIsLost(t *testing.T) {
	calling := ireneo.NewProjection("calling", // needs an explicit transaction
		ireneo.PersistWith(func(context.Context, *gorm.DB, *Owner) error { return nil }),
		ireneo.On(func(*Owner, *Deposited, time.Time) {}))
	called := &ireneo.Stream{Type: "called", Purpose: "Writes by itself", Transactional: ireneo.Materialize(Balances, calling)}
	p, ctx, _ := throughProxy(t, with([]*ireneo.Stream{called}))
	for _, tt := range []struct {
		name   string
		cut    int32
		stream *ireneo.Stream
	}{
		{"decided, request", cutRequest, Account},
		{"decided, reply", cutReply, Account},
		{"next version, request", cutRequest, Journal},
		{"next version, reply", cutReply, Journal},
		{"explicit transaction, last reply", cutCommit, called},
	} {
		h := tt.stream.For(tt.name)
		must(t, h.Append(ctx, &Deposited{Amount: 1})) // statements are prepared, the cache is warm
		before := p.cuts.Load()
		p.next.Store(tt.cut)
		batch := []ireneo.AnyEvent{&Deposited{Amount: 2}, &Deposited{Amount: 3}}
		must(t, h.AppendAll(ctx, batch))
		if p.cuts.Load() != before+1 {
			t.Fatalf("%s was not cut", tt.name)
		}
		if got := versions(batch); got != " 2 3" || batch[0].Position() == 0 || !batch[1].Persisted() {
			t.Errorf("%s: the events say they are versions%s", tt.name, got)
		}
		must(t, h.Append(ctx, &Deposited{Amount: 4}))
		if got := versions(collect(t, ctx, h)); got != " 1 2 3 4" {
			t.Errorf("%s: the stream has versions%s", tt.name, got)
		}
	}
	wantBalance(t, ctx, "decided, reply", 10)
}

func TestAppend_SaysWhenTheOutcomeStaysUnknown(t *testing.T) {
	c := config()
	c.CommitTimeout = 300 * time.Millisecond
	p, ctx, _ := throughProxy(t, c)
	a := Account.For("a")
	must(t, a.Append(ctx, &Deposited{Amount: 1}))
	p.next.Store(cutAllReplies)
	ev := &Deposited{Amount: 2}
	err := a.Append(ctx, ev)
	p.next.Store(pass)
	if !errors.Is(err, ireneo.ErrOutcomeUnknown) || ev.Persisted() {
		t.Fatalf("got %v, persisted %v", err, ev.Persisted())
	}
	must(t, a.Append(ctx, &Deposited{Amount: 4}, ireneo.ExpectVersion(2))) // it had been stored
	wantBalance(t, ctx, "a", 7)
}

func TestAppendTx_ALostConnectionLeavesNothing(t *testing.T) {
	p, ctx, log := throughProxy(t, config())
	a := Account.For("a")
	must(t, a.Append(ctx, &Deposited{Amount: 1}))
	err := log.DB().Transaction(func(tx *gorm.DB) error {
		if err := a.AppendTx(ctx, tx, &Deposited{Amount: 2}); err != nil {
			return err
		}
		p.next.Store(cutRequest)
		return a.AppendTx(ctx, tx, &Deposited{Amount: 3})
	})
	if err == nil {
		t.Error("the transaction was committed over a cut connection")
	}
	wantVersion(t, ctx, a, 1)
	must(t, a.Append(ctx, &Deposited{Amount: 4}))
	wantBalance(t, ctx, "a", 5)
}

func TestAppend_RacesOfManyProcessesLoseNothing(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("contested")
		must(t, a.Append(ctx, &Deposited{Amount: 50}))
		results := make(chan int64)
		const processes, appenders, tries = 3, 4, 12
		for range processes {
			at := ireneo.WithLog(ctx, sibling(t, log, config()))
			for range appenders {
				go func() { results <- hammer(t, at, a, tries) }()
			}
		}
		var accepted int64
		for range processes * appenders {
			accepted += <-results
		}

		position, err := AccountPosition.Replay(ctx, a)
		must(t, err)
		wantVersion(t, ctx, a, accepted+1)
		wantBalance(t, ctx, "contested", position.Balance)
		for i, ev := range collect(t, ctx, a) {
			if ev.Version() != int64(i+1) {
				t.Fatalf("event %d has version %d", i+1, ev.Version())
			}
			at, err := AccountPosition.Replay(ctx, a, ireneo.AtVersion(ev.Version()))
			must(t, err)
			if at.Balance < 0 {
				t.Fatalf("at version %d the balance is %d", ev.Version(), at.Balance)
			}
		}
	})
}

// hammer withdraws and deposits, and counts what was accepted.
func hammer(t *testing.T, ctx context.Context, h *ireneo.Handle, tries int) (accepted int64) {
	for i := range tries {
		var ev ireneo.AnyEvent = &Withdrawn{Amount: 20}
		if i%3 == 0 {
			ev = &Deposited{Amount: 15}
		}
		switch err := h.Append(ctx, ev); {
		case err == nil:
			accepted++
		case !errors.Is(err, ireneo.ErrConflict) && !errors.Is(err, ireneo.ErrInvalid):
			t.Error(fmt.Errorf("try %d: %w", i, err))
		}
	}
	return accepted
}
