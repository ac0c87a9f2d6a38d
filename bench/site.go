package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/postgres"
)

// place is where all is measured: a directory, and a PostgreSQL that is started when the first row
// needs it.
type place struct {
	dir     string
	url     string // of the server; empty until there is one
	durable bool   // the server was looked at
	cluster *cluster
	// postmaster is the process id of the server's first process; zero where it is not known.
	postmaster int
	sites      int
	events     int // of a history
	kept       []*history
	notes      []string // for the report
}

// server is the URL of the PostgreSQL to measure. One that may lose what it has committed is refused.
func (p *place) server(ctx context.Context) (string, error) {
	if p.durable {
		return p.url, nil
	}
	if p.url == "" {
		if err := p.start(ctx); err != nil {
			return "", err
		}
	}
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		value, err := show(ctx, p.url, setting)
		if err != nil {
			return "", err
		}
		if value != "on" {
			return "", fmt.Errorf("PostgreSQL has %s = %s: only a durable server is measured", setting, value)
		}
	}
	p.durable = true
	var err error
	p.postmaster, err = postmasterOf(ctx, p.url)
	return p.url, err
}

func (p *place) start(ctx context.Context) error {
	c, err := startCluster(ctx, p.dir)
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	p.cluster, p.url = c, c.url()
	return nil
}

// checkpoint lets PostgreSQL write what earlier rounds and the preparation of this one left to be
// written.
func (p *place) checkpoint(ctx context.Context) error {
	if p.url == "" {
		return nil
	}
	return execute(ctx, p.url, "CHECKPOINT")
}

// note adds to the report how something was measured.
func (p *place) note(said string) {
	if !slices.Contains(p.notes, said) {
		p.notes = append(p.notes, said)
	}
}

func (p *place) close() error {
	var errs []error
	for _, h := range p.kept {
		errs = append(errs, h.site.close())
	}
	if p.cluster != nil {
		errs = append(errs, p.cluster.remove())
	}
	return errors.Join(errs...)
}

// site is what one measurement has for itself: a schema, a directory, and as many connections as it
// has clients, unless they are many, and some more where something else goes on beside them.
type site struct {
	place   *place
	number  int
	clients int
	more    int    // connections
	schema  string // once one was asked for
	undo    []func() error
}

func (p *place) site(clients int) *site {
	p.sites++
	return &site{place: p, number: p.sites, clients: clients}
}

// later has something done when the measurement is over, the last first.
func (s *site) later(undo func() error) { s.undo = append(s.undo, undo) }

func (s *site) close() error {
	var errs []error
	for _, undo := range slices.Backward(s.undo) {
		errs = append(errs, undo())
	}
	return errors.Join(errs...)
}

// dir is a fresh directory on the disk that is measured.
func (s *site) dir() (string, error) {
	dir, err := os.MkdirTemp(s.place.dir, "ireneo-bench-")
	if err == nil {
		s.later(func() error { return os.RemoveAll(dir) })
	}
	return dir, err
}

// url is that of a fresh schema, in the form that both pgx and libpq understand.
func (s *site) url(ctx context.Context) (string, error) {
	server, err := s.place.server(ctx)
	if err != nil {
		return "", err
	}
	if s.schema == "" {
		schema := fmt.Sprintf("bench_%d_%d", os.Getpid(), s.number)
		if err := execute(ctx, server, "CREATE SCHEMA "+schema); err != nil {
			return "", err
		}
		s.schema = schema
		s.later(func() error {
			return execute(context.WithoutCancel(ctx), server, "DROP SCHEMA "+schema+" CASCADE")
		})
	}
	return withQuery(server, "options", "-c search_path="+s.schema)
}

// manyClients are more than a pool has connections for: a program has so many callers, and no more
// connections than it was told to.
const manyClients = 64

// poolURL is url with the size of the pool, for pgx. Many clients get by with the pool that a program
// has which says nothing of it.
func (s *site) poolURL(ctx context.Context) (string, error) {
	plain, err := s.url(ctx)
	if err != nil {
		return "", err
	}
	if s.clients > manyClients {
		return plain, nil
	}
	return withQuery(plain, "pool_max_conns", strconv.Itoa(s.clients+s.more))
}

// postgres opens a store on a fresh, migrated schema.
func (s *site) postgres(ctx context.Context) (*postgres.Store, error) {
	url, err := s.poolURL(ctx)
	if err != nil {
		return nil, err
	}
	st, err := postgres.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	s.later(st.Close)

	providers, err := st.Migrations(tables)
	if err != nil {
		return nil, err
	}
	return st, store.Up(ctx, providers...)
}

// log opens a log on a fresh, migrated schema, and a context that carries it.
func (s *site) log(ctx context.Context, c ireneo.Config) (context.Context, error) {
	st, err := s.postgres(ctx)
	if err != nil {
		return nil, err
	}
	return withLog(ctx, st, c)
}

// pool opens connections for a row that goes without a store, to a fresh, migrated schema.
func (s *site) pool(ctx context.Context) (*pgxpool.Pool, error) {
	if _, err := s.postgres(ctx); err != nil {
		return nil, err
	}
	url, err := s.poolURL(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	s.later(func() error { pool.Close(); return nil })
	return pool, nil
}

// analyze has PostgreSQL look at the log's table as autovacuum would.
func (s *site) analyze(ctx context.Context) error {
	if s.schema == "" {
		return nil
	}
	url, err := s.url(ctx)
	if err != nil {
		return err
	}
	return execute(ctx, url, "ANALYZE event_entries")
}

// execute runs statements on a connection of their own.
func execute(ctx context.Context, url string, statements ...string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()

	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func withQuery(raw, key, value string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("-postgres: %w", err)
	}
	query := u.Query()
	query.Set(key, value)
	u.RawQuery = encode(query)
	return u.String(), nil
}

// encode writes a space as %20, because libpq takes "+" literally.
func encode(query url.Values) string { return strings.ReplaceAll(query.Encode(), "+", "%20") }
