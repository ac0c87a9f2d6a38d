package generators_test

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// debtsDiffer are the files of debts that only Ledger has, or only the scaffold, and why.
var debtsDiffer = map[string]string{
	"app/event_streams/debt_test.go":                    "Ledger tests its streams in test/",
	"app/events/debt/testdata/issued.v1.json":           "Ledger has the samples in the tests",
	"app/events/debt/testdata/payment_received.v1.json": "",
	"app/events/debt/testdata/settled.v1.json":          "",
	"app/events/debt/testdata/written_off.v1.json":      "",
	"app/projections/debts.go":                          "Ledger's are outstanding_balances",
	"app/projections/debts_search.go":                   "",
	"app/projections/debts_test.go":                     "",
	"web/debts/new.go":                                  "Ledger says issue",
	"web/debts/new.templ":                               "",
	"web/debts/new_templ.go":                            "",
	"web/debts/issue.go":                                "",
	"web/debts/issue.templ":                             "",
	"web/debts/issue_templ.go":                          "",
}

// What is scaffolded is laid out as in the reference application: the same files with the
// same packages, and a stream that is declared alike.
func TestScaffold_IsLaidOutAsLedgerIs(t *testing.T) {
	app := newApp(t, "github.com/ireneo-dev/ireneo")
	write(t, app.Dir, "web/keep.txt", "")
	write(t, app.Dir, "app/event_streams/customer.go", `package streams

import "github.com/ireneo-dev/ireneo"

var Customer = &ireneo.Stream{Type: "customer", Purpose: "One customer"}
`)
	plan, err := scaffold(app, "debt", "settled", false,
		"issued:customer_id:ref:customer,amount:money,interest_rate:decimal:5:2,on:date",
		"payment_received:principal:money,note:string:null,on:date", "written_off:amount:money,reason:string,on:date", "settled:on:date")
	apply(t, app, plan, err)

	made, ledgers := aboutDebts(t, app.Dir), aboutDebts(t, "..")
	for _, name := range slices.Sorted(maps.Keys(debtsDiffer)) {
		if (made[name] == "") == (ledgers[name] == "") {
			t.Errorf("%s: both have it, or none; take it out of the list", name)
		}
		delete(made, name)
		delete(ledgers, name)
	}
	if diff := cmp.Diff(ledgers, made); diff != "" {
		t.Errorf("files and their packages differ (-Ledger +scaffold):\n%s", diff)
	}

	const stream = "app/event_streams/debt.go"
	if diff := cmp.Diff(declaration(t, "..", stream), declaration(t, app.Dir, stream)); diff != "" {
		t.Errorf("streams differ (-Ledger +scaffold):\n%s", diff)
	}
}

// aboutDebts are the files about debts below app and web, with their packages.
func aboutDebts(t *testing.T, dir string) map[string]string {
	t.Helper()
	about := map[string]string{}
	for _, pattern := range []string{
		"app/event_streams/debt*.go", "app/events/debt/*.go", "app/events/debt_*.go", "app/events/debt/testdata/*",
		"app/projections/debt*.go", "web/debts/*",
	} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			relative, err := filepath.Rel(dir, name)
			if err != nil {
				t.Fatal(err)
			}
			about[filepath.ToSlash(relative)] = packageAt(t, name)
		}
	}
	return about
}

// packageAt is the package of a file of Go or templ, and else its ending.
func packageAt(t *testing.T, name string) string {
	t.Helper()
	switch filepath.Ext(name) {
	case ".go", ".templ":
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		return file.Name.Name
	default:
		return filepath.Ext(name)
	}
}

// declaration are the lines of a stream that say what it is, but for its purpose and its
// read model.
func declaration(t *testing.T, dir, name string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		key, _, found := strings.Cut(strings.TrimSpace(line), ":")
		if found && !slices.Contains([]string{"Purpose", "Transactional"}, key) && !strings.HasPrefix(key, "//") {
			lines = append(lines, line)
		}
	}
	return lines
}
