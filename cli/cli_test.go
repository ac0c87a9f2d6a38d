package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// program is a small application on a database of the test's own.
func program(t *testing.T, change func(*cli.App)) cli.Program {
	t.Helper()
	log := ireneotest.SQLite(t, ireneo.Config{})
	return cli.Program{
		Name: "tiny", Summary: "Tiny does next to nothing.", Settings: "None.",
		Boot: func(context.Context) (*cli.App, error) {
			app := &cli.App{
				Log:   log,
				Serve: func(_ context.Context, ready func(string)) error { ready("here"); return nil },
				Close: func() error { return nil },
			}
			change(app)
			return app, nil
		},
	}
}

func run(t *testing.T, p cli.Program, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(t.Context(), p, args, &out, &errs)
	return code, out.String(), errs.String()
}

func listed(a *cli.App) {
	a.Routes = []cli.Route{{Method: "POST", Path: "/debts/:id"}, {Method: "GET", Path: "/debts/:id", Handler: "example.com/x/web.show-fm"}}
}

func TestRun(t *testing.T) {
	for name, tt := range map[string]struct {
		args   []string
		change func(*cli.App)
		code   int
		out    string
		err    string
	}{
		"no command serves": {nil, nil, 0, "tiny listens on http://here", ""},
		"serve":             {[]string{"serve"}, nil, 0, "tiny listens on http://here", ""},
		"help":              {[]string{"--help"}, nil, 0, "db migrate", ""},
		"db":                {[]string{"db"}, nil, 0, "Look after the database", ""},
		"db migrate":        {[]string{"db", "migrate"}, nil, 0, "up to date", ""},
		"db status":         {[]string{"db", "status"}, nil, 0, "up to date", ""},
		"db rollback":       {[]string{"db", "rollback"}, nil, 0, "they hold the log", ""},
		"db create":         {[]string{"db", "create"}, nil, 1, "", "set Database"},
		"check":             {[]string{"check"}, nil, 0, "none are pending", ""},
		"routes":            {[]string{"routes"}, listed, 0, "GET     /debts/:id  example.com/x/web.show", ""},
		"routes --json":     {[]string{"routes", "--json"}, listed, 0, `"path": "/debts/:id"`, ""},
		"no routes --json":  {[]string{"routes", "--json"}, nil, 0, "[]", ""},
		"db seed":           {[]string{"db", "seed"}, func(a *cli.App) { a.Seed = func(context.Context) (int, error) { return 1, nil } }, 0, "Added 1 event.", ""},
		"no seed":           {[]string{"db", "seed"}, nil, 1, "", "no sample data"},
		"unknown command":   {[]string{"sreve"}, nil, 2, "", `did you mean "serve"?`},
		"unknown below db":  {[]string{"db", "dropp"}, nil, 2, "", `did you mean "drop"?`},
		"unknown flag":      {[]string{"serve", "--fast"}, nil, 2, "", "--fast"},
		"close fails": {
			[]string{"db", "status"},
			func(a *cli.App) { a.Close = func() error { return errors.New("stuck") } },
			1, "up to date", "stuck",
		},
	} {
		t.Run(name, func(t *testing.T) {
			change := tt.change
			if change == nil {
				change = func(*cli.App) {}
			}
			code, out, errs := run(t, program(t, change), tt.args...)
			if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) {
				t.Errorf("got %d, want %d\nstdout: %s\nstderr: %s", code, tt.code, out, errs)
			}
		})
	}
}

func TestRun_ErrorsSayWhatToDo(t *testing.T) {
	for err, want := range map[error]string{
		ireneo.ErrNotMigrated: "db migrate",
		ireneo.ErrNoDatabase:  "db create",
		ireneo.ErrInUse:       "stop whatever has it open",
		ireneo.ErrUnavailable: "start the database",
		ireneo.ErrReadOnly:    "may write",
		ireneo.ErrFull:        "make room",
	} {
		p := cli.Program{Name: "tiny", Boot: func(context.Context) (*cli.App, error) { return nil, fmt.Errorf("open: %w", err) }}
		code, _, errs := run(t, p, "serve")
		if code != 1 || !strings.Contains(errs, want) || !strings.Contains(errs, err.Error()) {
			t.Errorf("%v: got %d, %s", err, code, errs)
		}
	}
}

// migrations are of an application, the later of which can be undone.
var migrations = fstest.MapFS{
	"00001_one.sql": {Data: []byte("-- +goose Up\nCREATE TABLE one (id TEXT);\n")},
	"00002_two.sql": {Data: []byte("-- +goose Up\nCREATE TABLE two (id TEXT);\n-- +goose Down\nDROP TABLE two;\n")},
}

func TestRun_MigratesBackAndForth(t *testing.T) {
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "log.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	log, err := ireneo.Open(st, ireneo.Config{Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	p := program(t, func(a *cli.App) { a.Log = log })

	for _, step := range []struct {
		command string
		code    int
		want    string
	}{
		{"check", 1, "pending; run: "},
		{"db status", 1, "pending  "},
		{"db migrate", 0, "Applied "},
		{"db status", 0, "UTC  application  00002_two.sql\n"},
		{"db redo", 0, "Rolled back 00002_two.sql.\nApplied 1 migration."},
		{"db rollback", 0, "Rolled back 00002_two.sql."},
		{"db status", 1, "pending                           application  00002_two.sql\n"},
		{"db rollback", 1, "00001_one.sql: migration cannot be undone"},
		{"db migrate", 0, "Applied 1 migration."},
	} {
		code, out, errs := run(t, p, strings.Fields(step.command)...)
		if code != step.code || !strings.Contains(out+errs, step.want) {
			t.Errorf("%s: got %d, want %d and %q\n%s%s", step.command, code, step.code, step.want, out, errs)
		}
	}
}

func TestRun_CreatesAndDrops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.sqlite3")
	db := cli.Database{
		Name:   "shop.sqlite3",
		Create: func(ctx context.Context) (bool, error) { return sqlite.Create(ctx, path) },
		Drop:   func(ctx context.Context) (bool, error) { return sqlite.Drop(ctx, path) },
	}
	p := cli.Program{Name: "tiny", Database: func() (*cli.Database, error) { return &db, nil }}
	step := func(code int, want string, args ...string) {
		t.Helper()
		got, out, errs := run(t, p, append([]string{"db"}, args...)...)
		if got != code || !strings.Contains(out+errs, want) {
			t.Errorf("%v: got %d, want %d and %q\n%s%s", args, got, code, want, out, errs)
		}
	}
	step(0, "There is no shop.sqlite3.", "drop", "--yes", "shop.sqlite3")
	step(0, "Created shop.sqlite3.", "create")
	step(0, "shop.sqlite3 is there already.", "create")
	step(1, "drop --yes shop.sqlite3", "drop")
	step(1, `"ship" is not the name`, "drop", "--yes", "ship")
	db.Production = true
	step(1, "set IRENEO_ALLOW_DROP=1", "drop", "--yes", "shop.sqlite3")
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	t.Setenv("IRENEO_ALLOW_DROP", "1")
	step(0, "Dropped shop.sqlite3.", "drop", "--yes", "shop.sqlite3")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there still: %v", err)
	}
}

func TestRun_CheckSaysWhatIsWrong(t *testing.T) {
	for err, want := range map[error]string{
		errors.New("PORT is not a number"):            "fail  settings    PORT is not a number",
		fmt.Errorf("open: %w", ireneo.ErrUnavailable): "fail  database    open: database is unavailable\n                    remedy: start",
	} {
		p := cli.Program{Name: "tiny", Boot: func(context.Context) (*cli.App, error) { return nil, err }}
		code, out, _ := run(t, p, "check")
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("got %d\n%s", code, out)
		}
	}
}
