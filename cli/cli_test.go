package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/ireneotest"
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
		"db seed":           {[]string{"db", "seed"}, func(a *cli.App) { a.Seed = func(context.Context) (int, error) { return 1, nil } }, 0, "Added 1 event.", ""},
		"no seed":           {[]string{"db", "seed"}, nil, 1, "", "no sample data"},
		"unknown command":   {[]string{"sreve"}, nil, 2, "", `did you mean "serve"?`},
		"unknown below db":  {[]string{"db", "drop"}, nil, 2, "", `unknown command "drop"`},
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
		ireneo.ErrNoDatabase:  "create it",
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
