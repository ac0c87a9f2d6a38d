// Package archtest holds the rules of the house (DESIGN.md, "The house") as a test: who may import
// whom, who may name a database or Echo, what stands at the top, and how large files and functions
// may grow. It parses the files in process, because a test that shells out passes stale from go
// test's cache.
package archtest

// The lists below read from the bottom of the house to its top. A room covers the folders below it,
// unless those have a line of their own. The star in "store/*" is each folder directly below
// "store" as a room of its own. A room may always import itself.

// rooms says what of ours each room may import.
var rooms = []room{
	// The framework. Nothing here imports a room of the application.
	{"store", ""},
	{"store/*", "store"},
	{"internal/*", "internal/* store"},
	{framework, "store internal/*"},
	{"form/money", ""}, // a leaf: how amounts are read and written
	{"form", framework + " internal/* form/money"},
	{"list", "internal/*"},
	{"view", framework + " internal/* form list"},
	{"server", framework + " internal/* form view"},
	{"admin", framework + " internal/*"},
	{"cli", framework + " internal/* server"},
	{"generators", framework + " internal/*"},
	{"cmd/ireneo", framework + " internal/* cli generators"},
	{"ireneotest", framework + " internal/* store store/*"},

	// The application.
	{"app/events", framework},
	{"app/projections", framework + " list app/events form/money"},
	{"app/event_streams", framework + " app/events app/projections"},
	{"app/*", framework + " app/events app/projections app/event_streams"},
	{"app", framework + " app/events app/projections app/event_streams app/*"},
	{"db", framework + " app form/money app/events app/projections app/event_streams app/*"}, // seeds
	{"db/migrate", ""},
	{"web", framework + " form view list server app form/money app/events app/projections app/event_streams app/*"},
	{"config", anything},
	{"cmd/server", framework + " server cli config"},
	{"test", anything},
	{"docs", anything}, // the test of the guides
}

// outsiders says which rooms may import code of others that must not spread.
var outsiders = []outsider{
	{"github.com/labstack/echo", "server admin web config"},
	{"github.com/jackc/pgx", "store/* internal/pgtest ireneotest"},
	{"gorm.io/driver", "store/* internal/pgtest ireneotest"},
	{"modernc.org", "store/* internal/pgtest ireneotest"},
}

// databaseWord appears only in these rooms and in tests (STYLE.md, rule 26): differences between
// databases are files, not ifs.
const (
	databaseWord      = `"sqlite"`
	databaseWordRooms = "store/sqlite config ireneotest test"
)

// topLevel are the folders that may stand at the top. Hidden ones are not looked at.
const topLevel = "store form list view server admin cli generators cmd ireneotest internal bench docs tools " +
	"app config db web test"

const (
	maxFrameworkFiles = 44  // .go files of the root package, tests not counted
	maxFileLines      = 400 // lines of code: comments and blank lines are not counted
	maxFunctionLines  = 60  // lines between the braces
)

const (
	framework = "."
	anything  = "*"
	module    = "github.com/ireneo-dev/ireneo"
)
