package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ireneo": func() { os.Exit(mainExit()) }})
}

// Every script starts in an empty application, which is built from this checkout and
// the module cache, without a network.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setUp,
		RequireExplicitExec: true,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "snapshot": snapshot, "unchanged": unchanged,
			"shop": shop, "freeport": freePort, "answers": answers, "remember": remember, "gone": gone,
		},
	})
}

func setUp(env *testscript.Env) error {
	checkout, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	if err != nil {
		return err
	}
	const framework = "github.com/ireneo-dev/ireneo"
	text := strings.Replace(string(mod), "module "+framework+"\n", "module example.com/shop\n", 1) +
		"\nrequire " + framework + " v0.0.0\n\nreplace " + framework + " => " + checkout + "\n"
	locations, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB").Output()
	if err != nil {
		return err
	}
	env.Setenv("CHECKOUT", checkout)
	found := strings.Split(string(locations), "\n")
	env.Vars = append(env.Vars, "GOCACHE="+found[0], "GOMODCACHE="+found[1], "GOPROXY="+found[2], "GOSUMDB="+found[3],
		"GOFLAGS=-mod=mod -modcacherw", "GOWORK=off")
	for _, name := range []string{"IRENEO_TEST_POSTGRES", "IRENEO_REQUIRE_POSTGRES"} {
		env.Vars = append(env.Vars, name+"="+os.Getenv(name))
	}
	return errors.Join(
		os.WriteFile(filepath.Join(env.WorkDir, "go.mod"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(env.WorkDir, "go.sum"), sum, 0o644),
		os.MkdirAll(filepath.Join(env.WorkDir, "app"), 0o755),
	)
}

// exits runs a command that has to end with a code: exits 2 ireneo generate.
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

const kept = "KEPT" // the variable that has the snapshot

// snapshot remembers all files, for unchanged.
func snapshot(ts *testscript.TestScript, _ bool, _ []string) { ts.Setenv(kept, files(ts)) }

// unchanged fails where the files are not those of the snapshot.
func unchanged(ts *testscript.TestScript, neg bool, _ []string) {
	diff := cmp.Diff(strings.Split(ts.Getenv(kept), "\x1f"), strings.Split(files(ts), "\x1f"))
	if neg != (diff != "") {
		ts.Fatalf("files (-snapshot +now):\n%s", diff)
	}
}

// files are the names and texts of all files of the application.
func files(ts *testscript.TestScript) string {
	var all []string
	tree := os.DirFS(ts.MkAbs("."))
	ts.Check(fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(tree, name)
		all = append(all, name+"\n"+string(text))
		return err
	}))
	return strings.Join(all, "\x1f")
}

// Every command says what it is for and shows how to use it.
func TestHelp(t *testing.T) {
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Short == "" || !strings.Contains(cmd.Example, "  ireneo ") {
			t.Errorf("%s: got %q and the example %q", cmd.CommandPath(), cmd.Short, cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(newRoot())
}
