package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is one line of the table: what runs, and what it is held to.
type row struct {
	id      string // of a target, such as P1; L for the limit itself; empty where it only informs
	name    string
	clients int
	limit   limit  // what it is compared with; zero: nothing
	sum     sum    // zero: the limit alone
	target  target // zero: none
	start   start
	once    bool // one long turn a round instead of many, without a warm-up: its operations take seconds, or are no use in parts
}

// start prepares what a row measures: schema, data, connections. What has to be undone it
// leaves with the site.
type start func(ctx context.Context, s *site) (load, error)

// load is something that can be kept busy. Each call goes on where the last one ended, and returns
// what each client did.
type load interface {
	run(ctx context.Context, d time.Duration) ([]timings, error)
}

// limit names the row that another one is compared with.
type limit struct {
	name    string
	clients int
}

// sum is a bound made of two rows: so many times the limit, plus another one.
type sum struct {
	times float64
	plus  limit
}

// The rows that are the limit. PERFORMANCE.md defines L by pgbench; where the machine has none it
// is pgx.
const (
	pgbenchInsert = "INSERT, pgbench"
	pgxInsert     = "INSERT, pgx"
)

// postgresL is the limit L(clients).
func postgresL(clients int) limit { return limit{name: pgbenchInsert, clients: clients} }

func (r row) key() limit { return limit{r.name, r.clients} }

// against are the rows that it is compared with.
func (r row) against() []limit {
	var all []limit
	for _, l := range []limit{r.limit, r.sum.plus} {
		if l != (limit{}) {
			all = append(all, l)
		}
	}
	return all
}

// bound is how that is called.
func (r row) bound() string {
	if r.sum == (sum{}) {
		return r.limit.String()
	}
	return fmt.Sprintf("%g times %s, plus %s", r.sum.times, r.limit, r.sum.plus)
}

func (l limit) String() string { return fmt.Sprintf("%s × %d", l.name, l.clients) }

func (r row) String() string { return r.key().String() }

// choose keeps the rows wanted and those they are compared with, in the order of the table.
// Without pgbench its rows go, and pgx takes their place as the limit.
func choose(all []row, o options, pgbench bool) ([]row, error) {
	if !pgbench {
		all = withoutPgbench(all)
	}
	needed := with(all, func(r row) bool { return r.matches(o.only) && (!o.check || r.target != target{}) })
	if len(needed) == 0 {
		return nil, errors.New("-only " + o.only + " matches no row")
	}
	return slices.DeleteFunc(all, func(r row) bool { return !needed[r.key()] }), nil
}

// with are the rows wanted and those they are compared with. Of these, one that has a target itself
// brings its own limit along.
func with(all []row, wanted func(row) bool) map[limit]bool {
	found := map[limit]bool{}
	var add func(row)
	add = func(r row) {
		found[r.key()] = true
		for _, l := range r.against() {
			if l.name == pgbenchInsert {
				found[limit{pgxInsert, l.clients}] = true
			}
			if i := slices.IndexFunc(all, func(r row) bool { return r.key() == l }); i >= 0 && !found[l] && all[i].target != (target{}) {
				add(all[i])
			}
			found[l] = true
		}
	}
	for _, r := range all {
		if wanted(r) {
			add(r)
		}
	}
	return found
}

func withoutPgbench(all []row) []row {
	var rest []row
	for _, r := range all {
		if r.name == pgbenchInsert {
			continue
		}
		if r.limit.name == pgbenchInsert {
			r.limit.name = pgxInsert
		}
		if r.limit == r.key() {
			r.limit = limit{}
		}
		rest = append(rest, r)
	}
	return rest
}

// matches reports whether a comma-separated list has the row's id or a part of its name.
func (r row) matches(only string) bool {
	if only == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(only, ","), func(part string) bool {
		part = strings.TrimSpace(part)
		return strings.EqualFold(part, r.id) || part != "" && strings.Contains(r.String(), part)
	})
}
