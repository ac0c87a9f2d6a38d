package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// settings are PostgreSQL's own but for these: the server is reached over a unix socket, no
// checkpoint and no autovacuum falls into a measurement (each is preceded by a CHECKPOINT and an
// ANALYZE), and WAL files are kept for reuse, as on a server that has run for a while. Durability is
// the default: whatever was committed is on disk.
const settings = `
listen_addresses = ''
unix_socket_directories = '%s'
max_connections = 1000
shared_buffers = '256MB'
min_wal_size = '1GB'
max_wal_size = '8GB'
checkpoint_timeout = '1h'
autovacuum = off
fsync = on
synchronous_commit = on
full_page_writes = on
`

// supervise waits until its standard input closes, which the kernel sees to when the benchmark ends,
// however it ends. Then it takes the server and its files away.
const supervise = `
cat >/dev/null
"$1/pg_ctl" stop -D "$2/data" -m immediate
rm -rf "$2"
`

// cluster is a PostgreSQL server of our own. internal/pgtest has its like for tests, with fsync off.
type cluster struct {
	bin        string
	dir        string
	owner      *syscall.Credential // nil is the user of this process
	lifeline   io.Closer
	supervisor *exec.Cmd
}

func startCluster(ctx context.Context, parent string) (*cluster, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	c := &cluster{bin: bin}
	if err := c.makeDir(parent); err != nil {
		return nil, err
	}
	if err := c.superviseDir(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	if err := c.initialize(ctx); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// postgresBin finds the server's programs: those on PATH, or the newest in Debian's and Homebrew's
// places. A link on PATH is followed, because it often stands alone.
func postgresBin() (string, error) {
	var dirs []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"} {
		found, _ := filepath.Glob(pattern) // the patterns are well formed
		slices.Reverse(found)
		dirs = append(dirs, found...)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = slices.Insert(dirs, 0, filepath.Dir(real))
		}
	}
	for _, dir := range dirs {
		if program(dir, "initdb") != "" && program(dir, "pg_ctl") != "" {
			return dir, nil
		}
	}
	return "", errors.New("found no initdb and pg_ctl: install PostgreSQL or name a server with -postgres")
}

// program is the path of one of the programs in dir; empty where there is none.
func program(dir, name string) string {
	path, err := exec.LookPath(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return path
}

// makeDir makes a directory that the server's user owns: initdb refuses to run as root.
func (c *cluster) makeDir(parent string) (err error) {
	if os.Geteuid() == 0 {
		if c.owner, err = unprivileged(); err != nil {
			return err
		}
	}
	if c.dir, err = os.MkdirTemp(parent, "ireneo-bench-"); err != nil || c.owner == nil {
		return err
	}
	return os.Chown(c.dir, int(c.owner.Uid), int(c.owner.Gid))
}

func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
			gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
		}
	}
	return nil, errors.New("running as root, and there is no user postgres or nobody to run PostgreSQL")
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

func (c *cluster) initialize(ctx context.Context) error {
	err := c.run(ctx, "initdb", "-D", c.data(), "--no-sync", "--auth=trust", "--username=postgres",
		"--encoding=UTF8", "--locale="+locale())
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, settings, c.dir)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := c.run(ctx, "pg_ctl", "start", "-w", "-D", c.data(), "-l", filepath.Join(c.dir, "log")); err != nil {
		return err
	}
	return c.fillWAL(ctx)
}

// fillWAL has the server make WAL files and keep them: making one is slow, and in a fresh cluster
// would fall to whatever row is measured first.
func (c *cluster) fillWAL(ctx context.Context) error {
	return execute(ctx, c.url(),
		"CREATE TABLE filler AS SELECT n FROM generate_series(1, 4000000) AS n",
		"CHECKPOINT",
		"DROP TABLE filler",
		"CHECKPOINT",
	)
}

// remove stops the server, deletes its files and returns when both are done.
func (c *cluster) remove() error {
	return errors.Join(c.lifeline.Close(), c.supervisor.Wait())
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) url() string {
	return "postgres://postgres@/postgres?" + encode(url.Values{"host": {c.dir}})
}

// locale is one whose characters are UTF-8 and which every machine has.
func locale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8"
	}
	return "C.UTF-8"
}

// run runs one of the server's programs to its end.
func (c *cluster) run(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := c.command(ctx, filepath.Join(c.bin, name), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// command prepares a program as the server's user, in a session of its own (an interrupt from the
// terminal is for the benchmark alone) and without the PG* variables of whoever runs it.
func (c *cluster) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=" + locale()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.owner}
	return cmd
}
