package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/generators"
	"github.com/ireneo-dev/ireneo/internal/dev"
)

// health is how something is.
type health string

const (
	well health = "✓ ok  "
	odd  health = "! warn"
	ill  health = "✗ fail"
)

// diagnosis is what one look at the application found. Its text says what to do.
type diagnosis struct {
	what   string
	health health
	text   string
}

func doctor() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Say what is wrong with the application, and what to do about it",
		Long: "Say what is wrong with the application around the working directory, and what to do about it: Go,\n" +
			"templ, generated files, settings, database, migrations. It corrects nothing. The exit code is 1 where\n" +
			"something fails.",
		Example: "  ireneo doctor", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, err := generators.Find(".")
			if err != nil {
				return err
			}
			return tell(cmd.OutOrStdout(), examine(cmd.Context(), app))
		},
	}
}

func examine(ctx context.Context, app *generators.App) []diagnosis {
	found := []diagnosis{goVersion(ctx, app), templFiles(ctx, app), registryFiles(ctx, app), secretOf(os.Getenv), dockerfile(app)}
	return append(found, askApplication(ctx, app)...)
}

func tell(out io.Writer, found []diagnosis) error {
	failed := 0
	for _, d := range found {
		text := strings.ReplaceAll(d.text, "\n", "\n"+strings.Repeat(" ", 20))
		fmt.Fprintf(out, "%s  %-10s  %s\n", d.health, d.what, text)
		if d.health == ill {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("the doctor found %d of %d to fail", failed, len(found))
	}
	return nil
}

var goLine = regexp.MustCompile(`(?m)^go[ \t]+(\S+)`)

// goVersion asks the go command in the application's folder, where it takes the version
// that go.mod wants, if it can have that.
func goVersion(ctx context.Context, app *generators.App) diagnosis {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	cmd.Dir = app.Dir
	out, err := cmd.Output()
	if err != nil {
		text := err.Error()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			text = strings.TrimSpace(string(exit.Stderr))
		}
		return diagnosis{"go", ill, text + "\ninstall the version that go.mod wants: https://go.dev/dl"}
	}
	wanted := ""
	if mod, err := os.ReadFile(filepath.Join(app.Dir, "go.mod")); err == nil {
		if line := goLine.FindSubmatch(mod); line != nil {
			wanted = ", go.mod wants " + string(line[1])
		}
	}
	return diagnosis{"go", well, strings.TrimSpace(string(out)) + wanted}
}

func templFiles(ctx context.Context, app *generators.App) diagnosis {
	drifted, err := templDrift(ctx, app)
	switch {
	case err != nil:
		return diagnosis{"templ", ill, err.Error()}
	case len(drifted) > 0:
		return diagnosis{"templ", ill, strings.Join(drifted, ", ") + " not as generated; run: go tool templ generate, or ireneo dev"}
	default:
		return diagnosis{"templ", well, "all files are as generated"}
	}
}

// templDrift are the files that templ would write otherwise than they are, found out by
// letting it generate in a folder of its own.
func templDrift(ctx context.Context, app *generators.App) (drifted []string, err error) {
	sources, err := templates(app)
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	aside, err := os.MkdirTemp("", "ireneo-templ-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	for _, source := range sources {
		if err := copyBelow(aside, app.Dir, source); err != nil {
			return nil, err
		}
	}
	if err := dev.Templ(ctx, app.Dir, aside); err != nil {
		return nil, err
	}

	for _, source := range sources {
		name, _ := filepath.Rel(app.Dir, strings.TrimSuffix(source, ".templ")+"_templ.go")
		want, err := os.ReadFile(filepath.Join(aside, name))
		if err != nil {
			return nil, err
		}
		if got, err := os.ReadFile(filepath.Join(app.Dir, name)); err != nil || !bytes.Equal(got, want) {
			drifted = append(drifted, filepath.ToSlash(name))
		}
	}
	return drifted, nil
}

// templates are the .templ files of the application.
func templates(app *generators.App) ([]string, error) {
	var found []string
	err := filepath.WalkDir(app.Dir, func(name string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && dev.Ignored(entry.Name()) && name != app.Dir:
			return filepath.SkipDir
		case filepath.Ext(name) == ".templ":
			found = append(found, name)
		}
		return nil
	})
	return found, err
}

// copyBelow copies a file below dir to the same place below another folder.
func copyBelow(to, dir, file string) error {
	name, err := filepath.Rel(dir, file)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	target := filepath.Join(to, name)
	return errors.Join(os.MkdirAll(filepath.Dir(target), 0o750), os.WriteFile(target, text, 0o600))
}

func registryFiles(ctx context.Context, app *generators.App) diagnosis {
	done, err := app.Sync(ctx, generators.Options{Pretend: true})
	if err != nil {
		return diagnosis{"registries", ill, err.Error()}
	}
	var drifted []string
	for _, c := range done.Changes {
		if c.Verb == generators.Create || c.Verb == generators.Sync {
			drifted = append(drifted, c.Path)
		}
	}
	if len(drifted) > 0 {
		return diagnosis{"registries", ill, strings.Join(drifted, ", ") + " not up to date; run: ireneo sync"}
	}
	return diagnosis{"registries", well, "up to date"}
}

// secretOf looks at what signs cookies. The application itself refuses to serve in
// production without a good one.
func secretOf(getenv func(string) string) diagnosis {
	switch given, production := getenv("IRENEO_SECRET") != "", getenv("IRENEO_ENV") == "production"; {
	case given:
		return diagnosis{"secret", well, "IRENEO_SECRET is set"}
	case production:
		return diagnosis{"secret", ill, "IRENEO_SECRET is missing in production; set it to the output of: ireneo secret"}
	default:
		return diagnosis{"secret", well, "that of development; production needs IRENEO_SECRET, the output of: ireneo secret"}
	}
}

func dockerfile(app *generators.App) diagnosis {
	if _, err := os.Stat(filepath.Join(app.Dir, "Dockerfile")); err != nil {
		return diagnosis{"docker", odd, "there is no Dockerfile; ireneo new writes one that can be copied"}
	}
	return diagnosis{"docker", well, "there is a Dockerfile"}
}

// askApplication builds the application's binary and lets it look at its settings and at
// its database.
func askApplication(ctx context.Context, app *generators.App) []diagnosis {
	binary, err := buildApplication(ctx, app)
	if err != nil {
		return []diagnosis{{"build", ill, err.Error()}}
	}
	found := []diagnosis{{"build", well, "the application compiles"}}
	cmd := exec.CommandContext(ctx, binary, "check", "--json")
	cmd.Dir, cmd.Args[0] = app.Dir, "ireneo"
	out, err := cmd.Output()
	var findings []cli.Finding
	if json.Unmarshal(out, &findings) != nil || len(findings) == 0 {
		return append(found, diagnosis{"check", ill, fmt.Sprintf("the application does not say how it is: %v", err)})
	}
	for _, f := range findings {
		d := diagnosis{f.What, well, f.Text}
		if !f.OK {
			d.health = ill
		}
		found = append(found, d)
	}
	return found
}
