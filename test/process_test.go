package test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/config"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
)

// patience is how long a test waits for a process to do what it should do at once.
const patience = 60 * time.Second

// build compiles the application's binary.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "ledger")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../cmd/server")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// process is the binary at work.
type process struct {
	*exec.Cmd
	url    string
	stderr *bytes.Buffer // to be read once it has ended
}

// settings are the whole environment of a process.
func settings(databaseURL string, more ...string) []string {
	return append([]string{"PORT=0", "DATABASE_URL=" + databaseURL, "HOME=" + os.Getenv("HOME")}, more...)
}

// start starts the server and waits until it listens.
func start(t *testing.T, binary string, env []string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(binary, "serve"), stderr: &bytes.Buffer{}}
	p.Env, p.Stderr = env, p.stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended already unless the test failed

	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server ended before it listened: %v, %v\n%s", err, p.Wait(), p.stderr)
	}
	_, p.url, _ = strings.Cut(strings.TrimSpace(line), "listens on ")
	visitors.Delete(p.url) // somebody else may have had the port
	return p
}

// finish runs a command of the binary to its end.
func finish(t *testing.T, binary string, env []string, args ...string) (code int, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, binary, args...)
	command.Env = env
	out, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %v: %v", args, err)
	}
	return command.ProcessState.ExitCode(), string(out)
}

// acknowledged are the debts whose issue was answered with success, and how many
// events each has at least.
type acknowledged struct {
	mu     sync.Mutex // guards events
	events map[string]int64
	enough chan struct{} // closed once there are plenty
}

const plenty = 200

func (a *acknowledged) add(id string, version int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events[id] = version
	if len(a.events) == plenty && version == 1 { // the one that made it plenty
		close(a.enough)
	}
}

// work issues debts and pays on them until the server is gone.
func (a *acknowledged) work(ctx context.Context, base string) {
	for {
		id := uuid.NewString()
		body := form("_key", id, "_version", "0", "customer_id", anaID, "amount", "10", "interest_rate", "0", "on", "2026-01-31")
		if !posted(ctx, base+"/debts", body) {
			return
		}
		a.add(id, 1)
		if !posted(ctx, base+"/debts/"+id+"/payments", form("_version", "1", "principal", "1", "on", "2026-02-01")) {
			return
		}
		a.add(id, 2)
	}
}

func posted(ctx context.Context, url, body string) bool {
	got, err := send(ctx, http.MethodPost, url, body, nil)
	return err == nil && got.status == http.StatusSeeOther
}

func TestProcess_KilledAmidPostsForgetsNothing(t *testing.T) {
	binary, database := build(t), sqliteURL(t)
	registerIn(t, database)
	server := start(t, binary, settings(database))
	acks := &acknowledged{events: map[string]int64{}, enough: make(chan struct{})}

	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() { acks.work(t.Context(), server.url) })
	}
	select {
	case <-acks.enough:
	case <-time.After(patience):
		t.Errorf("fewer than %d debts were issued in %s", plenty, patience)
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	workers.Wait()
	_ = server.Wait() // it was killed

	server = start(t, binary, settings(database))
	for id := range acks.events {
		if got, err := send(t.Context(), http.MethodGet, server.url+"/debts/"+id, "", nil); err != nil || got.status != http.StatusOK {
			t.Fatalf("debt %s was acknowledged: got %d, %v", id, got.status, err)
		}
	}
	stop(t, server)
	checkVersions(t, database, acks.events)
}

// registerIn makes Ana a customer in a database that no server uses yet.
func registerIn(t *testing.T, database string) {
	t.Helper()
	st, log, err := config.OpenLog(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := log.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	register(t, log, anaID, "Ana Sousa")
}

// checkVersions reads the log itself: no acknowledged event is missing, and no version.
func checkVersions(t *testing.T, database string, events map[string]int64) {
	t.Helper()
	st, log, err := config.OpenLog(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	for id, want := range events {
		var got int64
		for ev, err := range streams.Debt.In(log).For(id).Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if got++; ev.Version() != got {
				t.Errorf("debt %s: version %d follows version %d", id, ev.Version(), got-1)
			}
		}
		if got < want {
			t.Errorf("debt %s has %d events, %d were acknowledged", id, got, want)
		}
	}
}

// stop asks the server to stop, and it does in good order.
func stop(t *testing.T, server *process) {
	t.Helper()
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("stop: %v\n%s", err, server.stderr)
	}
}

func TestProcess_SaysWhatToDo(t *testing.T) {
	binary, database := build(t), sqliteURL(t)
	production := settings(database, "IRENEO_ENV=production", "IRENEO_HOSTS=ledger.example.com", "IRENEO_SECRET="+strings.Repeat("s3cret", 8))
	run := func(want int, env []string, args ...string) string {
		t.Helper()
		code, out := finish(t, binary, env, args...)
		if code != want {
			t.Errorf("%v: exit code %d, want %d\n%s", args, code, want, out)
		}
		return out
	}
	says := func(out string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(out, text) {
				t.Errorf("%q is missing in\n%s", text, out)
			}
		}
	}

	says(run(1, production, "serve"), "migrations are pending; run: "+binary+" db migrate")
	says(run(1, production, "db", "status"), "pending; run: ")
	says(run(0, production, "db", "migrate"), "Applied 9 migrations.")
	says(run(0, production, "db", "migrate"), "up to date")
	says(run(0, production, "db", "status"), "up to date")
	says(run(0, production, "db", "seed"), "Added ")
	says(run(0, production, "db", "seed"), "Added 0 events.")
	says(run(2, production, "sevre"), "unknown command", `did you mean "serve"?`)
	says(run(2, production, "serve", "--nonsense"), "--nonsense")
	says(run(0, production, "--help"), "DATABASE_URL", binary+" db migrate")
	says(run(0, production, "--version"), "ledger")
	says(run(1, settings("mysql://x", "PORT=many", "IRENEO_ENV=prod")), "PORT", "IRENEO_ENV", "DATABASE_URL")
	says(run(1, settings(database, "IRENEO_ENV=production")), "IRENEO_SECRET", "IRENEO_HOSTS")
	says(run(1, settings("postgres://nobody:secret@127.0.0.1:1/x")), "unavailable", "start the database")

	server := start(t, binary, production)
	port := server.url[strings.LastIndexByte(server.url, ':')+1:]
	second := settings(database, "PORT="+port)
	says(run(1, second, "serve"), fmt.Sprintf("port %s is in use by another program; set PORT to a free one", port))
	stop(t, server)
}

// One variable moves the application to PostgreSQL.
func TestProcess_OnPostgres(t *testing.T) {
	database := pgtest.URL(t)
	registerIn(t, database)
	server := start(t, build(t), settings(database))
	if !posted(t.Context(), server.url+"/debts", issueBody) {
		t.Error("the debt was not issued")
	}
	stop(t, server)
	checkVersions(t, database, map[string]int64{debtID: 1})
}
