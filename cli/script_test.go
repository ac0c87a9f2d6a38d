package cli_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/postgres"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// Written is the one event of the application that scripts run.
type Written struct {
	ireneo.Event `name:"note.written"`

	Text  string `json:"text"`
	Phone string `json:"phone,omitempty" sensitive:"true"`
}

// Length is the row kept of each journal.
type Length struct {
	ID    string `gorm:"primaryKey"`
	Notes int64
}

func (Length) TableName() string { return "lengths" }

// Folding takes as long as there is a file slow, and is not possible where there is a
// file broken.
var lengths = ireneo.NewProjection("lengths",
	ireneo.On(func(l *Length, _ *Written, _ time.Time) {
		for there("slow") {
			<-time.After(10 * time.Millisecond)
		}
		if there("broken") {
			panic("the fold is broken")
		}
		l.Notes++
	}),
)

func there(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// Stamp is the row kept of each letter, with its events.
type Stamp struct {
	ID    string `gorm:"primaryKey"`
	Notes int64
}

func (Stamp) TableName() string { return "stamps" }

var stamps = ireneo.NewProjection("stamps", ireneo.On(func(s *Stamp, _ *Written, _ time.Time) { s.Notes++ }))

// post hands each batch to the file handled, unless the text in the file refused is in it.
func post(_ context.Context, b ireneo.Batch) error {
	for _, ev := range b.Events {
		text := ev.(*Written).Text
		if refused, err := os.ReadFile("refused"); err == nil && strings.Contains(text, strings.TrimSpace(string(refused))) {
			return fmt.Errorf("the post refuses\n%s", text)
		}
		out, err := os.OpenFile("handled", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, text)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
	}
	return nil
}

func subscriptionTo(stream string) *ireneo.Subscription {
	return &ireneo.Subscription{Filters: []ireneo.Filter{{Streams: []string{stream}}}, Handle: post, Attempts: 2, Backoff: time.Millisecond}
}

// scripted is the configuration of the application.
func scripted() ireneo.Config {
	notes, letters := subscriptionTo(cmp.Or(os.Getenv("NOTES"), "journal")), subscriptionTo("letter")
	notes.Name = "notes"
	letters.Name, letters.Park = "letters", true
	c := ireneo.Config{
		Streams: []*ireneo.Stream{
			{Type: "journal", Purpose: "Notes", Async: ireneo.Materialize(lengths)},
			{Type: "letter", Purpose: "Letters", Transactional: ireneo.Materialize(stamps)},
			{
				Type: "card", Purpose: "One note and no more", Pattern: "{name}", CreatedBy: "note.written", ClosedBy: "note.written",
				Retention: ireneo.AfterClosing{Years: 1}, Related: []string{"letter", "journal"},
			},
		},
		Events:        []ireneo.EventType{ireneo.TypeOf[Written]()},
		Subscriptions: []*ireneo.Subscription{notes, letters},
		Migrations: fstest.MapFS{"00001_lengths.sql": {Data: []byte(
			"-- +goose Up\nCREATE TABLE lengths (id TEXT PRIMARY KEY, notes BIGINT NOT NULL);\n" +
				"CREATE TABLE stamps (id TEXT PRIMARY KEY, notes BIGINT NOT NULL);\n")}},
	}
	if now, err := time.Parse(time.DateOnly, os.Getenv("NOW")); err == nil {
		c.Clock = func() time.Time { return now }
	}
	if os.Getenv("NO_CARDS") != "" {
		c.Streams = c.Streams[:2]
	}
	if os.Getenv("NOTHING_TO_DO") != "" {
		c.Subscriptions, c.Streams[0].Async = nil, nil
	}
	return c
}

func openLog(ctx context.Context) (store.Store, *ireneo.Log, error) {
	url := os.Getenv("DATABASE_URL")
	open := func() (store.Store, error) { return postgres.Open(ctx, url) }
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		open = func() (store.Store, error) { return sqlite.Open(ctx, path) }
	}
	st, err := open()
	if err != nil {
		return nil, nil, err
	}
	log, err := ireneo.Open(st, scripted())
	return st, log, err
}

func tiny() int {
	return cli.Main(cli.Program{
		Name: "tiny", Summary: "Tiny does next to nothing.", Settings: "None.",
		Boot: func(ctx context.Context) (*cli.App, error) {
			st, log, err := openLog(ctx)
			if err != nil {
				return nil, err
			}
			return &cli.App{Log: log, Production: os.Getenv("PRODUCTION") != "", Serve: serveNothing, Close: st.Close}, nil
		},
	})
}

func serveNothing(ctx context.Context, ready func(string)) error {
	if os.Getenv("PORT_IN_USE") != "" {
		return errors.New("port is in use")
	}
	ready("here")
	<-ctx.Done()
	return nil
}

// write appends a note for each text: write journal/a one two.
func write() int {
	st, log, err := openLog(context.Background())
	if err != nil {
		panic(err)
	}
	ctx := ireneo.WithLog(context.Background(), log)
	typ, id, _ := strings.Cut(os.Args[1], "/")
	for _, text := range os.Args[2:] {
		stream := &ireneo.Stream{Type: typ}
		for _, s := range scripted().Streams {
			if s.Type == typ {
				stream = s
			}
		}
		if err := stream.For(id).Append(ctx, &Written{Text: text, Phone: "0815"}); err != nil {
			panic(err)
		}
	}
	if err := st.Close(); err != nil {
		panic(err)
	}
	return 0
}

// spoil changes rows behind the back of what keeps them: spoil "DELETE FROM lengths".
func spoil() int {
	st, log, err := openLog(context.Background())
	if err == nil {
		err = errors.Join(log.DB().Exec(os.Args[1]).Error, st.Close())
	}
	if err != nil {
		panic(err)
	}
	return 0
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tiny":  func() { os.Exit(tiny()) },
		"write": func() { os.Exit(write()) },
		"spoil": func() { os.Exit(spoil()) },
	})
}

// Every script runs on both databases, each time on one of its own.
func TestScript(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d scripts, %v", len(files), err)
	}
	t.Run("sqlite", func(t *testing.T) {
		for _, file := range files {
			script(t, file, func(*testing.T) string { return "sqlite:log.sqlite3" })
		}
	})
	t.Run("postgres", func(t *testing.T) {
		for _, file := range files {
			script(t, file, func(t *testing.T) string { return ireneotest.PostgresURL(t) })
		}
	})
}

func script(t *testing.T, file string, url func(*testing.T) string) {
	t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
		t.Parallel()
		database := url(t)
		testscript.Run(t, testscript.Params{
			Files:               []string{file},
			RequireExplicitExec: true,
			Setup: func(env *testscript.Env) error {
				env.Setenv("DATABASE_URL", database)
				return nil
			},
			Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"exits": exits, "eventually": eventually, "entries": entries,
			},
		})
	})
}

// exits runs a command that has to end with a code: exits 2 tiny tail --las.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// eventually runs a command until a pattern is in its output: eventually paused tiny
// subscriptions list.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually PATTERN COMMAND...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		if err := ts.Exec(args[1], args[2:]...); err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("its output never matches %s", args[0])
}

// entries reads the output of the last command as lines of JSON, of which there have to
// be as many: entries 3.
func entries(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
	for _, line := range lines {
		var e ireneo.Entry
		ts.Check(json.Unmarshal([]byte(line), &e))
		if e.Position == 0 || e.Type == "" || e.RecordedAt.IsZero() {
			ts.Fatalf("it is no entry: %s", line)
		}
	}
	if len(lines) != want {
		ts.Fatalf("got %d entries, want %d", len(lines), want)
	}
}
