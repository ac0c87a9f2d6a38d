package generators_test

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/generators"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenModule is where the golden files are, so that they compile: their own tests run
// with go test ./generators/testdata/app/...
const goldenModule = "github.com/ireneo-dev/ireneo/generators/testdata"

// everyType is a field of each type, required and not.
var everyType = strings.Fields(`
	title:string story:text:sensitive count:int agreed:bool on:date at:time amount:money rate:decimal:12:2 key:uuid
	email:email:sensitive home_url:url extra:json status:enum:open:closed customer_id:ref:customer
	maybe_title:string:null maybe_story:text:null maybe_count:int:null maybe_agreed:bool:null maybe_on:date:null
	maybe_at:time:null maybe_amount:money:null maybe_rate:decimal:5:0:null maybe_key:uuid:null maybe_email:email:null
	maybe_url:url:null maybe_extra:json:null maybe_status:enum:open:closed:null maybe_customer_id:ref:customer:null
	order:int line_1:string`)

// newApp is an empty application whose code always compiles.
func newApp(t *testing.T, module string) *generators.App {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module "+module+"\n")
	if err := os.Mkdir(filepath.Join(dir, "app"), 0o755); err != nil {
		t.Fatal(err)
	}
	app, err := generators.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	app.Now = func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }
	app.Check = func(context.Context, string, []string) error { return nil }
	return app
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tree is every file below a folder, with its text.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func event(t *testing.T, app *generators.App, name string, fields ...string) *generators.Plan {
	t.Helper()
	parsed, err := generators.ParseEvent(name, false)
	if err != nil {
		t.Fatal(err)
	}
	parsedFields, err := generators.ParseFields(fields)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := app.Event(parsed, parsedFields)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func stream(t *testing.T, app *generators.App, name string) *generators.Plan {
	t.Helper()
	parsed, err := generators.ParseStream(name, false)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := app.Stream(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func projection(app *generators.App, name, on string, virtual bool, fields ...string) (*generators.Plan, error) {
	parsed, err := generators.ParseProjection(name, false)
	if err != nil {
		return nil, err
	}
	p := generators.Projection{Name: parsed, Virtual: virtual}
	for text := range strings.SplitSeq(on, ",") {
		ev, err := generators.ParseEvent(text, false)
		if err != nil {
			return nil, err
		}
		p.On = append(p.On, ev)
	}
	if p.Fields, err = generators.ParseFields(fields); err != nil {
		return nil, err
	}
	return app.Projection(p)
}

func command(app *generators.App, name string, fields ...string) (*generators.Plan, error) {
	parsed, err := generators.ParseCommand(name, false)
	if err != nil {
		return nil, err
	}
	parsedFields, err := app.CommandFields(fields)
	if err != nil {
		return nil, err
	}
	return app.Command(parsed, parsedFields)
}

func migration(app *generators.App, name string, fields ...string) (*generators.Plan, error) {
	parsed, err := generators.ParseMigration(name)
	if err != nil {
		return nil, err
	}
	parsedFields, err := generators.ParseFields(fields)
	if err != nil {
		return nil, err
	}
	return app.Migration(parsed, parsedFields)
}

// apply carries out a plan that nothing stands in the way of.
func apply(t *testing.T, app *generators.App, plan *generators.Plan, planErr error) *generators.Result {
	t.Helper()
	if planErr != nil {
		t.Fatal(planErr)
	}
	done, err := app.Apply(t.Context(), plan, generators.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestGolden(t *testing.T) {
	app := newApp(t, goldenModule)
	generate(t, app)
	got := tree(t, app.Dir)
	delete(got, "go.mod")
	if *update {
		for _, dir := range []string{"app", "db", ".ireneo"} {
			if err := os.RemoveAll(filepath.Join("testdata", dir)); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range got {
			write(t, "testdata", name, text)
		}
	}

	want := tree(t, "testdata")
	for name := range want {
		if strings.HasPrefix(name, "fuzz/") || strings.HasPrefix(name, "scaffold/") {
			delete(want, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("generated files differ; look, then run the test with -update (-want +got):\n%s", diff)
	}

	generate(t, app) // once more
	again := tree(t, app.Dir)
	delete(again, "go.mod")
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("generating twice changes files (-first +second):\n%s", diff)
	}
}

// generate writes an application with everything there is a generator for.
func generate(t *testing.T, app *generators.App) {
	t.Helper()
	apply(t, app, stream(t, app, "sample"), nil)
	apply(t, app, event(t, app, "sample/taken", everyType...), nil)
	apply(t, app, event(t, app, "sample/dropped"), nil)
	apply(t, app, event(t, app, "cold_room/host_linux", "on:date"), nil)
	indexed := strings.Fields(strings.NewReplacer("title:string ", "title:string:index ", "key:uuid ", "key:uuid:uniq ").Replace(strings.Join(everyType, " ")))
	plan, err := projection(app, "sample_rows", "sample/taken,sample/dropped", false, indexed...)
	apply(t, app, plan, err)
	plan, err = projection(app, "cold_counts", "cold_room/host_linux", true, "on:date", "count:int")
	apply(t, app, plan, err)
	plan, err = command(app, "sample/merge", append([]string{"into:sample:sample_rows", "sample_id:sample:sample_rows"}, everyType...)...)
	apply(t, app, plan, err)
	plan, err = command(app, "cold_room/commands", "reason:text")
	apply(t, app, plan, err)
	plan, err = migration(app, "add_place_to_sample_rows", "place:string:null:index", "group:int:null")
	apply(t, app, plan, err)
	plan, err = migration(app, "tidy_up")
	apply(t, app, plan, err)
}
