package archtest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestHouse(t *testing.T) {
	t.Parallel()
	tree := os.DirFS("../..")
	if err := checkTree(tree); err != nil {
		t.Fatal(err)
	}

	breaches, err := inspect(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, breach := range breaches {
		t.Error(breach)
	}
}

const (
	echo = "github.com/labstack/echo/v4"
	pgx  = "github.com/jackc/pgx/v5"
)

// importTests are imports a room might try.
var importTests = []struct {
	file, target string
	want         bool // allowed
}{
	{"store/store.go", ours("internal/clock"), false},
	{"store/store.go", "context", true},
	{"store/postgres/log.go", ours("store"), true},
	{"store/postgres/log.go", ours("store/sqlite"), false},
	{"store/postgres/log.go", ours("store/postgres/migrations"), true},
	{"store/postgres/log.go", module, false},
	{"store/postgres/log.go", pgx, true},
	{"store/storetest/log.go", ours("store"), true},
	{"internal/clock/clock.go", module, false},
	{"internal/clock/clock.go", ours("internal/text"), true},
	{"internal/pgtest/pgtest.go", pgx, true},
	{"append.go", ours("store"), true},
	{"append.go", ours("store/postgres"), false},
	{"append.go", ours("internal/clock"), true},
	{"append.go", ours("server"), false},
	{"append.go", ours("app/events/debt"), false},
	{"append.go", pgx, false},
	{"append.go", "gorm.io/driver/postgres", false},
	{"append.go", "gorm.io/gorm", true},
	{"form/decode.go", module, true},
	{"form/decode.go", echo, false},
	{"server/server.go", echo, true},
	{"server/server.go", "github.com/labstack/echo/v4/middleware", true},
	{"server/server.go", ours("config"), false},
	{"admin/streams.go", ours("server"), false},
	{"cli/serve.go", ours("server"), true},
	{"cli/serve.go", "modernc.org/sqlite", false},
	{"generators/app/app.go", ours("config"), false},
	{"cmd/ireneo/main.go", ours("generators"), true},
	{"cmd/ireneo/main.go", ours("store/sqlite"), false},
	{"ireneotest/log.go", ours("store/sqlite"), true},
	{"app/events/debt/issued.go", module, true},
	{"app/events/debt/issued.go", ours("app/projections"), false},
	{"app/projections/balances.go", ours("app/events/debt"), true},
	{"app/projections/balances.go", ours("app/event_streams"), false},
	{"app/event_streams/debt.go", ours("app/projections"), true},
	{"app/event_streams/debt.go", ours("store"), false},
	{"app/commands/transfer.go", ours("app/event_streams"), true},
	{"app/commands/transfer.go", ours("app/reactors"), false},
	{"db/seed/seed.go", ours("app/event_streams"), true},
	{"db/seed/seed.go", ours("store/sqlite"), false},
	{"db/migrate/migrations.go", ours("app/event_streams"), false},
	{"web/debts/handler.go", ours("app/commands"), true},
	{"web/debts/handler.go", ours("web/layout"), true},
	{"web/debts/handler.go", ours("store/sqlite"), false},
	{"config/database.go", ours("store/sqlite"), true},
	{"config/routes.go", echo, true},
	{"cmd/server/main.go", ours("config"), true},
	{"cmd/server/main.go", ours("store/sqlite"), false},
	{"test/history/checker.go", ours("store/postgres"), true},
}

func TestInspect_Imports(t *testing.T) {
	t.Parallel()
	for _, tt := range importTests {
		got, err := inspect(fstest.MapFS{tt.file: goFile("package p\nimport _ \"" + tt.target + "\"\n")})
		if err != nil {
			t.Fatal(err)
		}
		if allowed := len(got) == 0; allowed != tt.want {
			t.Errorf("%s imports %s: got allowed %t (%v), want %t", tt.file, tt.target, allowed, got, tt.want)
		}
	}
}

type otherTest struct {
	tree fstest.MapFS
	want []string
}

func otherTests() map[string]otherTest {
	long := "package p\n\nfunc long() {\n" + strings.Repeat("\tprintln()\n", maxFunctionLines+1) + "}\n"
	large := "package p\n\n// words\nvar (\n\t_ = `\n`\n" + strings.Repeat("\t_ = 0\n", maxFileLines-5) + ")\n"
	return map[string]otherTest{
		"room unknown": {
			fstest.MapFS{"util/strings.go": goFile("package util\n")},
			[]string{"util: is not a room of the house", "util/strings.go: util is not a room of the house"},
		},
		"database in an if": {
			fstest.MapFS{"append.go": goFile("package p\n\nconst d = \"sqlite\"\n")},
			[]string{`append.go: . must not say "sqlite"`},
		},
		"database where it belongs": {
			fstest.MapFS{"config/database.go": goFile("package config\n\nconst d = \"sqlite\"\n")},
			nil,
		},
		"function too long": {
			fstest.MapFS{"append.go": goFile(long), "form/page_templ.go": goFile(long)},
			[]string{"append.go: long has 61 lines, at most 60"},
		},
		"file of the right size": {fstest.MapFS{"append.go": goFile(large)}, nil},
		"file too large": {
			fstest.MapFS{"append.go": goFile(large + "var last int\n"), "form/x_gen.go": goFile(large + "var last int\n")},
			[]string{"append.go: 401 lines of code, at most 400"},
		},
		"framework too wide": {wideFramework(), []string{"root package: 45 files, at most 44"}},
		"tests and other modules": {
			fstest.MapFS{
				"store/store_test.go": goFile("package store\nimport _ \"" + module + "\"\n"),
				"bench/go.mod":        goFile("module bench\n"),
				"bench/main.go":       goFile("package main\nimport _ \"" + pgx + "\"\n"),
				"form/testdata/x.go":  goFile("package broken ("),
			},
			nil,
		},
	}
}

func TestInspect_OtherRules(t *testing.T) {
	t.Parallel()
	for name, tt := range otherTests() {
		got, err := inspect(tt.tree)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func ours(dir string) string { return module + "/" + dir }

func goFile(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func wideFramework() fstest.MapFS {
	tree := fstest.MapFS{"noun_test.go": goFile("package ireneo\n")}
	for i := range maxFrameworkFiles + 1 {
		tree[fmt.Sprintf("noun%d.go", i)] = goFile("package ireneo\n")
	}
	return tree
}
