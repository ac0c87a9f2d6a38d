package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// setup is what a run was made with and on.
type setup struct {
	Rounds     int           `json:"rounds"`
	Duration   time.Duration `json:"duration_ns"`
	CPU        string        `json:"cpu"`
	Cores      int           `json:"cores"`
	OS         string        `json:"os"`
	Go         string        `json:"go"`
	PostgreSQL string        `json:"postgresql,omitempty"`
	Fsync      time.Duration `json:"fsync_ns"` // median of one page written and synced
	LoadBefore string        `json:"load_before,omitempty"`
	LoadAfter  string        `json:"load_after,omitempty"`
}

func newSetup(o options) setup {
	return setup{
		Rounds: o.rounds, Duration: o.duration,
		CPU: cpu(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		LoadBefore: load1(),
	}
}

// finish adds what is known only when a run is over.
func (s *setup) finish(ctx context.Context, p *place) (err error) {
	s.LoadAfter = load1()
	if s.Fsync, err = fsyncTime(p.dir); err != nil || p.url == "" {
		return err
	}
	s.PostgreSQL, err = show(ctx, p.url, "server_version")
	return err
}

// String is two lines and an empty one.
func (s *setup) String() string {
	line := fmt.Sprintf("%s, %d cores, %s, %s", s.CPU, s.Cores, s.OS, s.Go)
	if s.PostgreSQL != "" {
		line += ", PostgreSQL " + s.PostgreSQL
	}
	line += fmt.Sprintf("\n%d rounds of %v, fsync %v", s.Rounds, s.Duration, s.Fsync)
	if s.LoadBefore != "" {
		line += fmt.Sprintf(", load average %s before, %s after", s.LoadBefore, s.LoadAfter)
	}
	if s.Fsync < 10*time.Microsecond {
		line += "\nfsync costs nothing here: -dir is no disk, and these figures are not comparable"
	}
	return line + "\n"
}

// show reads one of PostgreSQL's settings.
func show(ctx context.Context, url, setting string) (value string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	err = conn.QueryRow(ctx, "SELECT current_setting($1)", setting).Scan(&value)
	return value, err
}

// fsyncTime writes a page to a file in dir again and again, as a WAL is written.
func fsyncTime(dir string) (_ time.Duration, err error) {
	file, err := os.CreateTemp(dir, "ireneo-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()

	page := make([]byte, 8192)
	var each []time.Duration
	for range 100 {
		begin := time.Now()
		if _, err := file.WriteAt(page, 0); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		each = append(each, time.Since(begin))
	}
	slices.Sort(each)
	return percentile(each, 50).Round(time.Microsecond), nil
}

// cpu is the processor's name where the system tells it in a file.
func cpu() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unnamed processor"
	}
	defer func() { _ = file.Close() }() // it was only read

	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, name, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(name)
		}
	}
	return "unnamed processor"
}

// load1 is how many processes wanted a processor over the last minute; empty where the system does
// not tell.
func load1() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
