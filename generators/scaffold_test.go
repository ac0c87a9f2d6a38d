package generators_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/generators"
)

// The golden scaffolds compile, and their own tests run on both databases, with
// go test ./generators/testdata/scaffold/...
const goldenScaffolds = "testdata/scaffold"

// byHand are the files around them that nobody generated.
var byHand = []string{"config/routes.go", "web/site.go"}

// scaffoldType is a field of each type that a form can have, required and not.
const scaffoldType = "title:string,story:text:sensitive,count:int,agreed:bool,taken_on:date,at:time,amount:money,rate:decimal:12:2," +
	"key:uuid,email:email:sensitive,home_url:url,extra:json:null,mood:enum:good:very_bad,customer_id:ref:customer," +
	"maybe_title:string:null,maybe_story:text:null,maybe_count:int:null,maybe_agreed:bool:null,maybe_on:date:null," +
	"maybe_at:time:null,maybe_amount:money:null,maybe_rate:decimal:5:0:null,maybe_key:uuid:null,maybe_email:email:null," +
	"maybe_url:url:null,maybe_mood:enum:good:bad:null,maybe_customer_id:ref:customer:null,order:int,line_1:string"

func scaffold(app *generators.App, name, closedBy string, crud bool, args ...string) (*generators.Plan, error) {
	s, err := generators.ParseScaffold(name, args, closedBy, crud, false)
	if err != nil {
		return nil, err
	}
	return app.Scaffold(s)
}

// scaffoldAll writes scaffolds of all kinds: of every type, of an amount and its dates, of
// what nothing is known of, and of plain records; and a command over two of them.
func scaffoldAll(t *testing.T, app *generators.App) {
	t.Helper()
	for _, s := range []struct {
		name, closedBy string
		crud           bool
		args           string
	}{
		{"sample", "", false, "taken:" + scaffoldType + " weighed:" + scaffoldType + ",grams:int"},
		{"debt", "settled", false, "issued:amount:money,on:date settled:on:date paid:amount:money,on:date,note:text:null"},
		{"cold_room", "", false, "opened"},
		{"note", "", true, "title:string body:text due_on:date:null"},
	} {
		plan, err := scaffold(app, s.name, s.closedBy, s.crud, strings.Fields(s.args)...)
		apply(t, app, plan, err)
	}
	plan, err := command(app, "debt/transfer", "from:debt", "to:debt", "amount:money")
	apply(t, app, plan, err)
}

// newScaffoldApp is an application that has what pages need.
func newScaffoldApp(t *testing.T) *generators.App {
	t.Helper()
	app := newApp(t, goldenModule+"/scaffold")
	for _, name := range byHand {
		text, err := os.ReadFile(filepath.Join(goldenScaffolds, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, app.Dir, name, string(text))
	}
	return app
}

func TestScaffold_Golden(t *testing.T) {
	app := newScaffoldApp(t)
	scaffoldAll(t, app)
	got := tree(t, app.Dir)
	delete(got, "go.mod")
	if *update {
		if err := os.RemoveAll(goldenScaffolds); err != nil {
			t.Fatal(err)
		}
		for name, text := range got {
			write(t, goldenScaffolds, name, text)
		}
	}
	if diff := cmp.Diff(tree(t, goldenScaffolds), got); diff != "" {
		t.Errorf("generated files differ; look, then run the test with -update (-want +got):\n%s", diff)
	}

	scaffoldAll(t, app) // once more
	again := tree(t, app.Dir)
	delete(again, "go.mod")
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("generating twice changes files (-first +second):\n%s", diff)
	}
}

// The golden scaffolds compile, as what Apply checks has to.
func TestScaffold_GoldenCompiles(t *testing.T) {
	app, err := generators.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Check(t.Context(), ".", []string{"./" + goldenScaffolds + "/..."}); err != nil {
		t.Error(err)
	}
}

// A scaffold whose events are in the log stays; without them it goes, with all it wrote.
func TestScaffold_Destroy(t *testing.T) {
	app := newScaffoldApp(t)
	apply(t, app, &generators.Plan{}, nil)
	before := tree(t, app.Dir)
	plan, err := scaffold(app, "debt", "", false, "issued:amount:money", "paid:amount:money")
	apply(t, app, plan, err)

	count := int64(2)
	app.Recorded = func(_ context.Context, kind, name string) (int64, error) {
		if kind != "stream" || name != "debt" {
			t.Errorf("the log is asked for %s %s", kind, name)
		}
		return count, nil
	}
	_, err = app.Destroy(t.Context(), "scaffold", "debt", generators.Options{})
	if err == nil || !strings.Contains(err.Error(), "the log has 2 events of streams debt") {
		t.Errorf("got %v", err)
	}
	count = 0
	done, err := app.Destroy(t.Context(), "scaffold", "debt", generators.Options{})
	if err != nil {
		t.Fatal(err)
	}
	contains(t, strings.Join(done.Next, "\n"), "Where its migration was applied already")
	unchanged(t, app.Dir, before)
}

func TestScaffold_Refuses(t *testing.T) {
	app := newScaffoldApp(t)
	for name, tt := range map[string]struct {
		name, closedBy string
		crud           bool
		args, want     string
	}{
		"plural":           {"debts", "", false, "issued", "did you mean debt?"},
		"no event":         {"debt", "", false, ":amount:money", "use letters"},
		"no field":         {"debt", "", false, "issued:", "use letters"},
		"no type":          {"debt", "", false, "issued:amount:money,on", "say its type"},
		"two events":       {"debt", "", false, "issued issued", "there twice"},
		"closed by first":  {"debt", "issued", false, "issued paid", "none of the events after the first"},
		"crud without":     {"note", "", true, "", "say the fields"},
		"json":             {"debt", "", false, "issued:extra:json", "write extra:json:null"},
		"status":           {"debt", "", false, "issued paid:status:string", "such as state"},
		"two types":        {"debt", "", false, "issued:amount:money paid:amount:int", "is money in issued"},
		"two columns":      {"debt", "", false, "issued:paid_on:date,on:date paid:on:date", "two columns paid_on"},
		"key":              {"debt", "", false, "issued:name:string,name_key:string", "two columns name_key"},
		"index":            {"debt", "", false, "issued:amount:money:index", "are for read models"},
		"name of a folder": {"asset", "", false, "bought", "use another word"},
		"long column": {
			"debt", "", false, "issued:a_name_that_is_nearly_too_long_for_any_database:int accepted_by_everybody:a_name_that_is_nearly_too_long_for_any_database:int",
			"which is what databases keep",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := scaffold(app, tt.name, tt.closedBy, tt.crud, strings.Fields(tt.args)...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}

	app = newApp(t, "example.com/shop")
	if _, err := scaffold(app, "debt", "", false, "issued"); err == nil || !strings.Contains(err.Error(), "say --no-web") {
		t.Errorf("without a folder for pages: got %v", err)
	}
}
