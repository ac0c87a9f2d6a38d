package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// cost is processor time, of users and of the kernel for them: in total, or for one operation.
type cost struct {
	Own    time.Duration `json:"own_ns"`              // of this process, and of the programs it has started
	Server time.Duration `json:"server_ns,omitempty"` // of PostgreSQL's processes; zero where there are none, or the system does not tell
}

func (c cost) plus(other cost) cost  { return cost{c.Own + other.Own, c.Server + other.Server} }
func (c cost) minus(other cost) cost { return cost{c.Own - other.Own, c.Server - other.Server} }

// each divides it among n operations.
func (c cost) each(n int) cost {
	by := time.Duration(max(1, n))
	return cost{max(0, c.Own) / by, max(0, c.Server) / by}
}

// String is both in microseconds.
func (c cost) String() string {
	if c.Server <= 0 {
		return micros(c.Own) + "+–"
	}
	return micros(c.Own) + "+" + micros(c.Server)
}

func micros(d time.Duration) string {
	us := float64(d) / float64(time.Microsecond)
	switch {
	case us < 10:
		return fmt.Sprintf("%.1f", us)
	case us < 10_000:
		return fmt.Sprintf("%.0f", us)
	default:
		return fmt.Sprintf("%.0fk", us/1000)
	}
}

// own is what this process has spent until now.
func own() cost { return cost{Own: ended(syscall.RUSAGE_SELF)} }

// others is what the programs that it has started have spent, and the server. To look for it
// takes some milliseconds of this process, which belong to nobody's turn.
func (p *place) others() cost {
	all := processes()
	c := cost{Own: ended(syscall.RUSAGE_CHILDREN) + all.below(os.Getpid(), p.postmaster)}
	if server, ok := all[p.postmaster]; ok {
		c.Server = server.spent + all.below(p.postmaster, 0)
	}
	return c
}

// ended is what this process has spent, or its children that have ended and were waited for.
func ended(who int) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(who, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// table is all processes of the machine by their id; empty where there is no /proc.
type table map[int]process

// process is what /proc/<pid>/stat says of one.
type process struct {
	name   string
	parent int
	spent  time.Duration // by itself, and by children that it has waited for
}

func processes() table {
	all := table{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if p, ok := parseStat(string(text)); ok && err == nil {
			all[pid] = p
		}
	}
	return all
}

// tick is what Linux counts processor time in, on all processors that Go has.
const tick = 10 * time.Millisecond

// parseStat reads the fields of proc(5): a name in parentheses, which may contain anything, and from
// the one behind it on state, parent, …, and as 14th to 17th utime, stime, cutime and cstime.
func parseStat(text string) (p process, ok bool) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return p, false
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) < 15 {
		return p, false
	}

	p.name = text[open+1 : end]
	p.parent, _ = strconv.Atoi(fields[1]) // they are numbers
	for _, field := range fields[11:15] {
		ticks, _ := strconv.ParseInt(field, 10, 64)
		p.spent += time.Duration(ticks) * tick
	}
	return p, true
}

// below is what the living descendants of a process have spent, without one of them and its own.
func (t table) below(pid, without int) (sum time.Duration) {
	children := map[int][]int{}
	for child, p := range t {
		children[p.parent] = append(children[p.parent], child)
	}
	for waiting := children[pid]; len(waiting) > 0; {
		next := waiting[0]
		waiting = waiting[1:]
		if next != without {
			sum += t[next].spent
			waiting = append(waiting, children[next]...)
		}
	}
	return sum
}

// postmasterOf is the process that the server's others are children of; zero where it is not on
// this machine, or the system does not tell.
func postmasterOf(ctx context.Context, url string) (pid int, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var backend int
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return 0, err
	}

	all := processes()
	parent := all[backend].parent
	if all[backend].name != "postgres" || all[parent].name != "postgres" {
		return 0, nil
	}
	return parent, nil
}
