package generators_test

import (
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
// what nothing is known of, and of plain records.
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
