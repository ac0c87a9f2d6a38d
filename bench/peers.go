package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
)

// peer is another event store on the same PostgreSQL. What it does is as close to what ours does as
// its documented interface allows: the same event and meta, encoded for each operation, one stream a
// client, and the version that it has told expected by the next append. It validates nothing.
type peer struct {
	name  string
	ready func(context.Context) error // fails where the machine lacks what it takes
	start func(task) start
}

// task is what a peer is kept busy with.
type task string

const (
	appending task = "append" // the next event, to a stream whose version is known
	replaying task = "replay" // read all events of a stream and fold them
	deciding  task = "decide" // the same, and append the next event at the version found
)

// depth is how many events a stream has to begin with.
func (t task) depth() int {
	if t == appending {
		return 0
	}
	return deep
}

func allPeers() []peer {
	return []peer{emmett, messageDB}
}

// peers are the rows of all of them.
func peers() []row {
	var rows []row
	for _, p := range allPeers() {
		for _, n := range []int{1, 8, 32} {
			rows = append(rows, row{name: p.name + ": append", clients: n, limit: postgresL(n), start: p.start(appending)})
		}
		rows = append(
			rows,
			row{name: p.name + ": replay 1000", clients: 1, start: p.start(replaying)},
			row{name: p.name + ": load + append, depth 1000", clients: 32, limit: postgresL(32), start: p.start(deciding)},
		)
	}
	return rows
}

// withoutMissing leaves out the rows of peers that this machine cannot run, and has the report say so.
func withoutMissing(ctx context.Context, machine *place, rows []row, all []peer) []row {
	for _, p := range all {
		if !slices.ContainsFunc(rows, p.has) {
			continue
		}
		if err := p.ready(ctx); err != nil {
			machine.note(fmt.Sprintf("%s is left out: %v.", p.name, err))
			rows = slices.DeleteFunc(rows, p.has)
		}
	}
	return rows
}

func (p peer) has(r row) bool { return strings.HasPrefix(r.name, p.name+": ") }

// database is the URL of a fresh database, for what keeps to no schema.
func (s *site) database(ctx context.Context) (string, error) {
	server, err := s.place.server(ctx)
	if err != nil {
		return "", err
	}
	if err := execute(ctx, server, "CREATE DATABASE "+s.databaseName()); err != nil {
		return "", err
	}
	s.later(func() error {
		return execute(context.WithoutCancel(ctx), server, "DROP DATABASE "+s.databaseName()+" WITH (FORCE)")
	})
	return withDatabase(server, s.databaseName())
}

func (s *site) databaseName() string { return fmt.Sprintf("bench_%d_%d", os.Getpid(), s.number) }

func withDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}
