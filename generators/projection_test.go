package generators_test

import (
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo/generators"
)

func TestProjection_Refuses(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued", "on:date", "amount:money"), nil)
	apply(t, app, event(t, app, "debt/paid", "amount:money"), nil)
	for name, tt := range map[string]struct {
		name, on string
		virtual  bool
		fields   string
		want     string
	}{
		"singular":       {"debt_summary", "debt/issued", false, "", "did you mean debt_summaries?"},
		"no such event":  {"debts", "debt/settled", false, "", "run: ireneo generate event debt/settled"},
		"no such stream": {"debts", "loan/issued", false, "", "run: ireneo generate event loan/issued"},
		"no first day":   {"debts", "debt/paid,debt/issued", false, "on:date", "write on:date:null"},
		"no first json":  {"debts", "debt/issued", false, "extra:json", "write extra:json:null"},
		"virtual index":  {"debts", "debt/issued", true, "amount:money:index", "virtual projection has none"},
		"long index":     {"outstanding_balances_of_all_customers", "debt/issued", false, "amount_that_is_outstanding_now:money:index", "databases keep 63"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := projection(app, tt.name, tt.on, tt.virtual, strings.Fields(tt.fields)...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// An event that was written by hand has no sample, so the test of the rows is left to
// the user, who is told.
func TestProjection_OnEventsWrittenByHand(t *testing.T) {
	app := newApp(t, "example.com/shop")
	write(t, app.Dir, "app/events/debt/hand.go", "package debt\n\nimport \"github.com/ireneo-dev/ireneo\"\n\n"+
		"type Issued struct {\n\tireneo.Event `name:\"debt.issued\"`\n\tAmount, Fee int64\n}\n")
	plan, err := projection(app, "debts", "debt/issued", false, "fee:int", "name:string", "amount:string")
	done := apply(t, app, plan, err)
	after := tree(t, app.Dir)
	contains(t, after["app/projections/debts.go"], "type Debt struct", "d.Fee = e.Fee")
	contains(t, strings.Join(done.Next, "\n"), "some of the events have no sample")
	if strings.Contains(after["app/projections/debts.go"], "e.Amount") {
		t.Error("a number is taken over into a text")
	}
	if strings.Contains(after["app/projections/debts_test.go"], "FindIsReplay") {
		t.Error("there is a test without samples")
	}
}

// Names that are odd, but names, still give code that can be read.
func TestProjection_OddNames(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued", "customer:string", "customer_id:ref:customer", "on:date", "date:date"), nil)
	contains(t, tree(t, app.Dir)["app/events/debt_issued_test.go"], `"no customer (customer_id)"`, `"no date (date)"`)
	for _, name := range []string{"debts_of_2024s", "entries", "people"} {
		plan, err := projection(app, name, "debt/issued", false, "customer:string")
		apply(t, app, plan, err)
	}
	contains(t, tree(t, app.Dir)["app/projections/people.go"], "type Person struct", "p *Person", `return "people"`)
}

// The sample of the newest schema version is the one that is tested with.
func TestProjection_TakesTheNewestSample(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued"), nil)
	for _, version := range []string{"v9", "v10", "vx", "v011"} {
		write(t, app.Dir, "app/events/debt/testdata/issued."+version+".json", "{}\n")
	}
	plan, err := projection(app, "debts", "debt/issued", false)
	apply(t, app, plan, err)
	contains(t, tree(t, app.Dir)["app/projections/debts_test.go"], `"debt/testdata/issued.v10.json"`)
}

func TestMigration_Refuses(t *testing.T) {
	app := newApp(t, "example.com/shop")
	for name, tt := range map[string]struct{ name, field, want string }{
		"required":  {"add_note_to_debts", "note:string", "write note:string:null"},
		"elsewhere": {"tidy_up", "note:string:null", "named add_X_to_TABLE"},
		"path":      {"../up", "", "use letters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := migration(app, tt.name, strings.Fields(tt.field)...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A migration comes after those that are there, whatever the clock says.
func TestMigration_IsTheLast(t *testing.T) {
	app := newApp(t, "example.com/shop")
	write(t, app.Dir, "db/migrate/20991231235959_later.sql", "-- +goose Up\n")
	plan, err := migration(app, "tidy_up")
	if done := apply(t, app, plan, err); verbs(done)["db/migrate/20991231235960_tidy_up.sql"] != generators.Create {
		t.Errorf("got %v", verbs(done))
	}
}
