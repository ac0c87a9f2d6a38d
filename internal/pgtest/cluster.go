package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// StopMode says how [Cluster.Stop] stops the server.
type StopMode string

const (
	// Fast ends open transactions, writes a checkpoint and closes in good order.
	Fast StopMode = "fast"
	// Immediate is a crash: every server process quits at once, and the next start recovers.
	Immediate StopMode = "immediate"
)

// settings trade durability against a loss of power, which no test survives, for speed. The time
// zone is neither UTC nor a whole number of hours away from it, so that zone mistakes show.
const settings = `
listen_addresses = ''
unix_socket_directories = '%s'
max_connections = 200
shared_buffers = '64MB'
fsync = off
full_page_writes = off
timezone = 'Asia/Kathmandu'
log_timezone = 'UTC'
`

// supervise waits until its standard input closes, which the kernel sees to when the test process
// ends, even by kill -9. Then it takes the server and its files away.
const supervise = `
cat >/dev/null
"$1/pg_ctl" stop -D "$2/data" -m immediate
rm -rf "$2"
`

// Cluster is a PostgreSQL server of a single test, for tests that stop and restart it. Its methods
// may be called only from the goroutine running the test.
type Cluster struct {
	t  testing.TB
	pg *cluster
}

// NewCluster starts a server from the binaries of this machine, whatever IRENEO_TEST_POSTGRES
// says, in about two seconds. Server and files are gone when the test ends. Without PostgreSQL the
// test is skipped (see the package comment).
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	requireInstallation(t)

	pg, err := startCluster()
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	t.Cleanup(func() { _ = pg.remove() })
	return &Cluster{t: t, pg: pg}
}

// URL returns the URL of the server's database "postgres", over a unix socket. It stays the same
// over [Cluster.Stop] and [Cluster.Start].
func (c *Cluster) URL() string { return c.pg.url() }

// Stop stops the server and returns when it is down. The files stay.
func (c *Cluster) Stop(mode StopMode) {
	c.t.Helper()
	if err := c.pg.stop(mode); err != nil {
		c.t.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Start starts the server after [Cluster.Stop] and returns when it accepts connections.
func (c *Cluster) Start() {
	c.t.Helper()
	if err := c.pg.start(); err != nil {
		c.t.Fatalf("start PostgreSQL: %v", err)
	}
}

// cluster is a server started from an installation. All its files are under dir, which the
// supervisor removes when lifeline closes.
type cluster struct {
	installation
	dir        string
	lifeline   io.Closer
	supervisor *exec.Cmd
}

func startCluster() (*cluster, error) {
	found, err := findInstallation()
	if err != nil {
		return nil, err
	}
	c := &cluster{installation: found}
	if err := c.makeDir(); err != nil {
		return nil, err
	}
	if err := c.superviseDir(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}

	if err := errors.Join(c.initialize(), c.start()); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// makeDir makes a directory that the server's user owns. Its path must be short, because that of
// a socket ends at about 100 characters.
func (c *cluster) makeDir() error {
	parent := os.TempDir()
	if c.owner != nil || len(parent) > 60 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "ireneo-pg-")
	if err != nil {
		return err
	}
	c.dir = dir
	if c.owner == nil {
		return nil
	}
	return os.Chown(dir, c.owner.uid, c.owner.gid)
}

func (c *cluster) superviseDir() error {
	cmd := c.command(context.Background(), "/bin/sh", "-c", supervise, "sh", c.bin, c.dir)
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	c.lifeline, c.supervisor = lifeline, cmd
	return cmd.Start()
}

func (c *cluster) initialize() error {
	err := c.run("initdb", "-D", c.data(), "--no-sync", "--auth=trust", "--username=postgres",
		"--encoding=UTF8", "--locale="+locale())
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, settings, c.dir)
	return errors.Join(err, file.Close())
}

// locale is one whose characters are UTF-8 and which every machine has.
func locale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8"
	}
	return "C.UTF-8"
}

func (c *cluster) start() error {
	log := filepath.Join(c.dir, "log")
	err := c.run("pg_ctl", "start", "-w", "-D", c.data(), "-l", log)
	if err == nil {
		return c.ping()
	}
	written, _ := os.ReadFile(log)
	return fmt.Errorf("%w\n%s", err, written)
}

func (c *cluster) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func (c *cluster) stop(mode StopMode) error {
	return c.run("pg_ctl", "stop", "-w", "-D", c.data(), "-m", string(mode))
}

// remove stops the server, deletes its files and returns when both are done.
func (c *cluster) remove() error {
	return errors.Join(c.lifeline.Close(), c.supervisor.Wait())
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) url() string {
	return "postgres://postgres@/postgres?" + encode(url.Values{"host": {c.dir}})
}

// encode encodes a query with %20 for a space, because libpq takes "+" literally.
func encode(query url.Values) string {
	return strings.ReplaceAll(query.Encode(), "+", "%20")
}

// run runs one of the installation's programs to its end.
func (c *cluster) run(program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*statementTimeout)
	defer cancel()
	out, err := c.command(ctx, filepath.Join(c.bin, program), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, out)
	}
	return nil
}

// command prepares a program as the server's user, in a session of its own (an interrupt from the
// terminal is for the test alone) and without the PG* variables of whoever runs the test.
func (c *cluster) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=" + locale()}
	cmd.SysProcAttr = c.owner.attributes()
	return cmd
}
