package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo"
)

// Ours and the bare one leave the same rows: one for each form that was sent, with what was typed.
func TestPost_EachLeavesARow(t *testing.T) {
	machine := onPostgres(t)
	for name, tt := range map[string]struct {
		start start
		keyed bool
	}{
		"bare":        {startBarePost, true},
		"ours":        {startPost(recordOnce), true},
		"without key": {startPost(recordUnkeyed), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := machine.site(2)
			closeAfter(t, s.close)
			l, err := tt.start(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			var sent [2]int
			for range 3 {
				found, err := l.run(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				sent[0], sent[1] = sent[0]+len(found[0].each), sent[1]+len(found[1].each)
			}

			data, _ := stored()
			for client, n := range sent {
				want := entries{count: n, version: n, data: string(data), metaSize: len(bareMeta), correlations: n}
				if tt.keyed {
					want.keys = n
				}
				if got := entriesOf(t, s, streamID(client)); n < 3 || got != want {
					t.Errorf("%s after %d posts: got %+v, want %+v", streamID(client), n, got, want)
				}
			}
		})
	}
}

// What makes the server slower than a bare handler is really on.
func TestPost_IsRefusedWithoutWhatThePageGave(t *testing.T) {
	s := onPostgres(t).site(1)
	closeAfter(t, s.close)
	address, err := startServer(t.Context(), s, recordOnce)
	if err != nil {
		t.Fatal(err)
	}

	stranger := browsers(s, address)[0]
	if err := stranger.post(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("without token and cookie: got %v, want 403", err)
	}
	stranger.page = strings.Replace(stranger.page, "127.0.0.1", "localhost", 1)
	if err := stranger.visit(t.Context()); err == nil || !strings.Contains(err.Error(), "421") {
		t.Errorf("by another name: got %v, want 421", err)
	}
}

// BenchmarkPost is the time and the allocations of a form post outside the network and the database.
func BenchmarkPost(b *testing.B) {
	log, err := ireneo.Open(newNowhere(b), config(account))
	if err != nil {
		b.Fatal(err)
	}
	h, err := newServer(log, recordOnce)
	if err != nil {
		b.Fatal(err)
	}
	post := browsers(&site{clients: 1}, "127.0.0.1")[0]
	post.client.Transport = within{h.Handler()}
	if err := post.visit(b.Context()); err != nil {
		b.Fatal(err)
	}

	b.ReportAllocs()
	for b.Loop() {
		if err := post.post(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// within is a network to a handler in this process.
type within struct{ http.Handler }

func (w within) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	req.RemoteAddr = "127.0.0.1:1"
	w.ServeHTTP(rec, req)
	return rec.Result(), nil
}

// entries are what a stream consists of.
type entries struct {
	count, version, keys int
	correlations         int    // events that can be looked up by their request
	data                 string // of all events: they are alike
	metaSize             int
}

func entriesOf(t *testing.T, s *site, stream string) (e entries) {
	t.Helper()
	url, err := s.url(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, func() error { return conn.Close(context.WithoutCancel(t.Context())) })

	err = conn.QueryRow(t.Context(), `
		SELECT count(*), max(version), count(DISTINCT idempotency_key),
			string_agg(DISTINCT data::text, ' '), max(length(meta::text)), count(correlation_id)
		FROM event_entries
		WHERE stream_type = 'account' AND stream_id = $1`,
		stream).Scan(&e.count, &e.version, &e.keys, &e.data, &e.metaSize, &e.correlations)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// onPostgres is a place with a PostgreSQL, which a machine may lack.
func onPostgres(t *testing.T) *place {
	t.Helper()
	if _, err := postgresBin(); err != nil {
		t.Skip(err)
	}
	p := &place{dir: os.TempDir()} // the server's user cannot enter that of the test
	closeAfter(t, p.close)
	if _, err := p.server(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func closeAfter(t *testing.T, closing func() error) {
	t.Helper()
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
}
