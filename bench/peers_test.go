package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// counts are the queries that count a peer's events, if they are those that everybody appends.
var counts = map[string]string{
	emmett.name:    "SELECT count(*) FROM emt_messages WHERE message_data = $1 AND message_metadata = $2",
	messageDB.name: "SELECT count(*) FROM message_store.messages WHERE data = $1 AND metadata = $2",
}

// Every append of a peer is an event in its table, and a replay stores none.
func TestPeers(t *testing.T) {
	p := onPostgres(t)
	for _, peer := range allPeers() {
		t.Run(peer.name, func(t *testing.T) {
			if err := peer.ready(t.Context()); err != nil {
				t.Skip(err)
			}
			for _, r := range slices.DeleteFunc(peers(), func(r row) bool { return !peer.has(r) }) {
				t.Run(r.name+fmt.Sprint(r.clients), func(t *testing.T) { testPeer(t, p, r, counts[peer.name]) })
			}
		})
	}
}

func testPeer(t *testing.T, p *place, r row, query string) {
	s := p.site(r.clients)
	closeAfter(t, s.close)
	load, err := r.start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	before := countIn(t, s, query)
	ops := countRun(t, load) + countRun(t, load)

	grown := countIn(t, s, query) - before
	replays := strings.HasSuffix(r.name, "replay 1000")
	if replays && grown != 0 || !replays && grown != ops || ops < 2*r.clients {
		t.Errorf("%d operations of %d clients stored %d events", ops, r.clients, grown)
	}
	if deepened := !strings.HasSuffix(r.name, "append"); deepened && before != r.clients*deep {
		t.Errorf("there were %d events before, want %d for each client", before, deep)
	}
}

func countIn(t *testing.T, s *site, query string) (n int) {
	t.Helper()
	server, err := s.place.server(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	url, err := withDatabase(server, s.databaseName())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, func() error { return conn.Close(context.Background()) })
	data, meta := stored()
	if err := conn.QueryRow(t.Context(), query, data, meta).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWithoutMissing_LeavesOutWhatTheMachineLacks(t *testing.T) {
	rows := []row{{name: "append"}, {name: "lost: append"}, {name: "lost: replay 1000"}, {name: "lostandfound"}}
	lost := peer{name: "lost", ready: func(context.Context) error { return errors.New("npm is not installed") }}
	unasked := peer{name: "unasked", ready: func(context.Context) error { t.Error("asked for a peer without rows"); return nil }}
	p := &place{}

	var got []string
	for _, r := range withoutMissing(t.Context(), p, rows, []peer{lost, unasked}) {
		got = append(got, r.name)
	}
	if want := []string{"append", "lostandfound"}; !slices.Equal(got, want) {
		t.Errorf("got rows %q, want %q", got, want)
	}
	if want := []string{"lost is left out: npm is not installed."}; !slices.Equal(p.notes, want) {
		t.Errorf("got notes %q, want %q", p.notes, want)
	}
}
