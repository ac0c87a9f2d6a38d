package admin

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/ireneo-dev/ireneo"
)

func (a *admin) systemRoutes() []route {
	return []route{a.get("/system", a.system)}
}

// systemPage is what the program and its database are.
type systemPage struct {
	Build      []fact          `json:"build"`
	Database   []fact          `json:"database"`
	Pending    int             `json:"pending_migrations"`
	Migrations []migrated      `json:"migrations"`
	HeldBack   []ireneo.Holder `json:"held_back"`
	Settings   []fact          `json:"settings"`
}

// fact is something that is known, under its name.
type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// migrated is a migration and when it was applied.
type migrated struct {
	Name      string     `json:"name"`
	Framework bool       `json:"framework"`
	AppliedAt *time.Time `json:"applied_at"` // null while it is pending
}

func (a *admin) system(v *visit) (*page, error) {
	shown := &systemPage{Build: build(), Settings: settingsOf(a.config.Settings), Migrations: []migrated{}, HeldBack: []ireneo.Holder{}}
	db, err := a.log.Database(v.Context())
	if err != nil {
		return nil, err
	}
	shown.Database = databaseFacts(db)
	migrations, err := a.log.Migrations(v.Context())
	if err != nil {
		return nil, err
	}
	for _, m := range migrations {
		shown.add(m)
	}
	held, err := a.log.HeldBack(v.Context())
	if err != nil {
		return nil, err
	}
	shown.HeldBack = append(shown.HeldBack, held...)
	return &page{Title: "System", Nav: "/system", Data: shown, Body: systemBody(v, shown)}, nil
}

func (p *systemPage) add(m ireneo.Migration) {
	shown := migrated{Name: m.Name, Framework: m.Framework}
	if m.AppliedAt.IsZero() {
		p.Pending++
	} else {
		applied := m.AppliedAt.UTC()
		shown.AppliedAt = &applied
	}
	p.Migrations = append(p.Migrations, shown)
}

func databaseFacts(db ireneo.DatabaseInfo) []fact {
	return []fact{
		{"Database", db.Kind},
		{"Version", db.Version},
		{"Name", db.Name},
		{"Size on disk", sized(db.Bytes)},
		{"Connections", fmt.Sprintf("%d open, %d in use, at most %d", db.Connections.Open, db.Connections.InUse, db.Connections.Max)},
		{"Waited for one", plural(db.Connections.Waited, "time")},
	}
}

// build says of what the program was made.
func build() []fact {
	facts := []fact{{"Go", runtime.Version()}, {"Platform", runtime.GOOS + "/" + runtime.GOARCH}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return facts
	}
	facts = append(facts, fact{"Program", info.Path}, fact{"Module", info.Main.Path + " " + info.Main.Version})
	words := map[string]string{"vcs.revision": "Revision", "vcs.time": "Revision of", "vcs.modified": "Modified since"}
	for _, s := range info.Settings {
		if word := words[s.Key]; word != "" {
			facts = append(facts, fact{word, s.Value})
		}
	}
	return facts
}
