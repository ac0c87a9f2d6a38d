package generators_test

import (
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo/generators"
)

// accounts is an application that has accounts, which somebody wrote by hand, and notes,
// which nothing guards.
func accounts(t *testing.T) *generators.App {
	t.Helper()
	app := newApp(t, "example.com/shop")
	write(t, app.Dir, "app/event_streams/account.go", `package streams

import (
	"github.com/ireneo-dev/ireneo"

	guards "example.com/shop/app/projections"
)

var Account = &ireneo.Stream{Type: "account", CreatedBy: "account.opened", ClosedBy: "account.closed", Consistency: guards.Position}

var current = &ireneo.Stream{Type: "current"}
`)
	write(t, app.Dir, "app/event_streams/note.go", `package streams

import "github.com/ireneo-dev/ireneo"

var Note, Memo = &ireneo.Stream{Type: "note"}, &ireneo.Stream{Type: "memo", Consistency: guard()}
`)
	write(t, app.Dir, "app/projections/position.go", `package projections

import "github.com/ireneo-dev/ireneo"

var (
	Position = ireneo.NewProjection("account_position")
	Texts    = ireneo.NewProjection("note_texts")
)
`)
	return app
}

func TestCommand_Refuses(t *testing.T) {
	app := accounts(t)
	plan, err := command(app, "account/close", "account:account")
	apply(t, app, plan, err)
	write(t, app.Dir, "app/commands/hand.go", "package commands\n\ntype Limit int\n")
	for name, tt := range map[string]struct{ name, fields, want string }{
		"no stream":           {"transfer", "", "what is to be done with which stream, such as account/transfer"},
		"plural stream":       {"accounts/transfer", "", "did you mean account?"},
		"no name":             {"account/", "", `command ""`},
		"unknown type":        {"account/transfer", "from:acount", "or a stream of the application: account, memo, note"},
		"unexported stream":   {"account/transfer", "from:current", `there is no type "current"`},
		"no type":             {"account/transfer", "from", "say its type"},
		"twice":               {"account/transfer", "from:account from:int", "two fields From"},
		"may be missing":      {"account/transfer", "from:account:null", "write from:ref:account:null"},
		"index":               {"account/transfer", "from:account:index", "index and uniq are for read models"},
		"uniq":                {"account/transfer", "count:int:uniq", "index and uniq are for read models"},
		"method":              {"account/transfer", "handle:int", `"handle" is reserved`},
		"reserved":            {"account/transfer", "version:int", `"version" is reserved`},
		"no consistency":      {"account/transfer", "from:note", "give it one in app/event_streams/note.go, or name another projection, such as from:note:note_states"},
		"made by a call":      {"account/transfer", "from:memo", "the stream memo has no Consistency projection of app/projections"},
		"unknown projection":  {"account/transfer", "from:note:texts", "no projection texts in app/projections; there are: account_position, note_texts"},
		"another modifier":    {"account/transfer", "from:note:note_texts:often", `"often" is no modifier`},
		"command of that":     {"note/close", "note:note:note_texts", "app/commands/close.go has another type Close already; use another word, such as note/close_note"},
		"something else that": {"account/limit", "account:account", "app/commands/hand.go has another type Limit already"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := command(app, tt.name, strings.Fields(tt.fields)...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// What is read is what the stream names, or whoever asks.
func TestCommand_Reads(t *testing.T) {
	app := accounts(t)
	plan, err := command(app, "account/transfer", "from:account", "account_id:Account:sensitive", "ctx:note:note_texts", "type_id:note:NoteTexts")
	apply(t, app, plan, err)
	got := tree(t, app.Dir)["app/commands/transfer.go"]
	contains(t, got,
		"from, err := ireneo.Load(ctx, b, streams.Account.For(c.From), projections.Position)",
		"accountStream, err := ireneo.Load(ctx, b, streams.Account.For(c.AccountID), projections.Position)", // not the package of its events
		"ctxStream, err := ireneo.Load(ctx, b, streams.Note.For(c.Ctx), projections.Texts)",
		"typeStream, err :=", // type is a keyword
		`validate:"required,max=255,nefield=From" sensitive:"true"`,
		`validate:"required,max=255,nefield=Ctx"`,
		"projections.Texts.Of(streams.Note.For(c.TypeID)),",
		`return b.Reject("account_id", "does not exist")`,
	)
}

// Without a sample of how the streams begin there is no history to test with; only the
// stream that is looked at first can be seen to be missing.
func TestCommand_WithoutSamples(t *testing.T) {
	app := accounts(t)
	plan, err := command(app, "account/transfer", "from:account", "to:account")
	apply(t, app, plan, err)
	got := tree(t, app.Dir)["app/commands/transfer_test.go"]
	contains(t, got, `"unknown from"`, "ireneotest.Commands(t, application).When(cmd)")
	for _, not := range []string{"Given", "beforeTransfer", `"unknown to"`, "_Accepted"} {
		if strings.Contains(got, not) {
			t.Errorf("there is %s in\n%s", not, got)
		}
	}
	contains(t, tree(t, app.Dir)["app/commands/transfer.go"], "// what happens with from.Append.")

	apply(t, app, event(t, app, "account/closed"), nil)
	apply(t, app, event(t, app, "account/opened"), nil)
	apply(t, app, event(t, app, "account/renamed", "name:string"), nil)
	plan, err = command(app, "account/rename", "account_id:account")
	apply(t, app, plan, err)
	contains(t, tree(t, app.Dir)["app/commands/rename_test.go"], `"account/testdata/opened.v1.json", &account.Opened{}`, "func TestRename_Accepted")
	contains(t, tree(t, app.Dir)["app/commands/rename.go"], "such as accountStream.Append(&account.Renamed{…}).")
}

// What commands share goes with the last of them.
func TestCommand_Destroy(t *testing.T) {
	app := accounts(t)
	apply(t, app, &generators.Plan{}, nil)
	before := tree(t, app.Dir)
	for _, name := range []string{"account/transfer", "account/commands"} {
		plan, err := command(app, name, "account:account")
		apply(t, app, plan, err)
	}
	between := tree(t, app.Dir)
	contains(t, between["app/commands/commands_test.go"], "var application")
	contains(t, between["app/commands/commands_command.go"], "type Commands struct")

	done, err := app.Destroy(t.Context(), "command", "account.transfer", generators.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if after := tree(t, app.Dir); after["app/commands/transfer.go"] != "" || after["app/commands/doc.go"] == "" || after["app/commands/commands_test.go"] == "" || done.Next != nil {
		t.Errorf("got %v, %q", verbs(done), done.Next)
	}
	if _, err := app.Destroy(t.Context(), "command", "account.commands", generators.Options{}); err != nil {
		t.Fatal(err)
	}
	unchanged(t, app.Dir, before)
}
