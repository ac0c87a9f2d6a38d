package history

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// The ways in which the proxy cuts a connection.
const (
	cutBefore  = "cut before the commit"
	cutAtOnce  = "cut at the commit"     // it is sent on, and nobody waits for it
	cutAfter   = "cut after the commit"  // it is answered, and the answer is kept back
	cutInside  = "cut inside the answer" // a part of the answer gets through
	cutAnyTime = "cut at any time"       // before some message that commits nothing
)

// proxy passes PostgreSQL's messages on in both directions, and cuts connections.
type proxy struct {
	network, address string
	oneIn            int               // commits of which one is cut
	tell             func(kind string) // of each cut

	mu     sync.Mutex // guards what is below
	random *rand.Rand
	rough  int // messages for which any connection may be cut, because another just was
}

// newProxy listens, and returns the URL of the same database behind it. One in so many
// commits is cut; none where it is zero.
func newProxy(t *testing.T, database string, oneIn int, seed uint64, tell func(kind string)) string {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	p := &proxy{network: "tcp", address: u.Host, oneIn: oneIn, tell: tell, random: rand.New(rand.NewPCG(seed, 0))}
	q := u.Query()
	if socket := q.Get("host"); socket != "" {
		port := q.Get("port")
		if port == "" {
			port = "5432"
		}
		p.network, p.address = "unix", socket+"/.s.PGSQL."+port
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable") // so that a connection begins with its start-up message
	u.Host, u.RawQuery = listener.Addr().String(), q.Encode()
	return u.String()
}

// decide says how to cut a connection that is about to send a message; not at all, as a
// rule.
func (p *proxy) decide(commits bool) (kind string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.oneIn == 0 {
		return ""
	}
	if commits && p.random.IntN(p.oneIn) == 0 {
		p.rough = 15
		return []string{cutBefore, cutAtOnce, cutAfter, cutAfter, cutInside}[p.random.IntN(5)]
	}
	if p.rough--; !commits && p.rough > 0 && p.random.IntN(10) == 0 {
		return cutAnyTime
	}
	return ""
}

// within is a random number from 1 to n-1.
func (p *proxy) within(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 1 + p.random.IntN(n-1)
}

// link is one connection of a client, and that to the server for it.
type link struct {
	*proxy
	client, server net.Conn
	writes         map[string]bool // prepared statements that write to the log, by name
	pending        bool            // one was bound since the last Sync

	mu   sync.Mutex // guards what is below
	idle bool       // the server is in no transaction
	cut  string     // how to treat the next answer
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial(p.network, p.address)
	if err != nil {
		return
	}
	defer server.Close()
	l := &link{proxy: p, client: client, server: server, writes: map[string]bool{}}
	if start, err := message(client, 0); err != nil {
		return
	} else if _, err := server.Write(start); err != nil {
		return
	}
	go func() {
		defer client.Close() // whichever side ends first takes the other with it
		defer server.Close()
		_ = l.answers()
	}()
	_ = l.requests()
}

// requests passes on what the client says.
func (l *link) requests() error {
	for {
		m, err := message(l.client, 1)
		if err != nil {
			return err
		}
		kind := l.decide(l.commits(m))
		if kind == cutBefore || kind == cutAnyTime {
			l.tell(kind)
			return errCut
		}
		l.mu.Lock()
		l.cut = kind
		l.mu.Unlock()
		if _, err := l.server.Write(m); err != nil {
			return err
		}
		if kind == cutAtOnce {
			l.tell(kind)
			return errCut
		}
	}
}

var errCut = errors.New("cut")

// commits reports whether a message from the client makes the server commit: the statement
// COMMIT, or the Sync after a statement that writes to the log outside a transaction.
func (l *link) commits(m []byte) bool {
	body := m[5:]
	switch m[0] {
	case 'Q':
		return hasPrefixFold(body, "commit") || l.isIdle() && writesLog(body)
	case 'P':
		name, query, _ := bytes.Cut(body, []byte{0})
		l.writes[string(name)] = writesLog(query)
	case 'B':
		_, rest, _ := bytes.Cut(body, []byte{0})
		name, _, _ := bytes.Cut(rest, []byte{0})
		l.pending = l.pending || l.writes[string(name)]
	case 'S':
		pending := l.pending
		l.pending = false
		return pending && l.isIdle()
	}
	return false
}

func hasPrefixFold(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(string(text[:len(prefix)]), prefix)
}

func writesLog(query []byte) bool { return bytes.Contains(query, []byte("INSERT INTO event_entries")) }

func (l *link) isIdle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle
}

// answers passes on what the server says, unless the answer to a commit is to be lost.
func (l *link) answers() error {
	var held []byte
	for {
		m, err := message(l.server, 1)
		if err != nil {
			return err
		}
		ready := m[0] == 'Z'
		l.mu.Lock()
		cut := l.cut
		if ready {
			l.idle = m[5] == 'I'
		}
		l.mu.Unlock()
		if cut == "" {
			if _, err := l.client.Write(m); err != nil {
				return err
			}
			continue
		}
		if held = append(held, m...); !ready {
			continue
		}
		if cut == cutInside {
			_, _ = l.client.Write(held[:l.within(len(held))])
		}
		l.tell(cut)
		return errCut
	}
}

// message reads one, whose length follows after so many bytes.
func message(from io.Reader, before int) ([]byte, error) {
	head := make([]byte, before+4)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	m := make([]byte, before+int(binary.BigEndian.Uint32(head[before:])))
	copy(m, head)
	_, err := io.ReadFull(from, m[len(head):])
	return m, err
}
