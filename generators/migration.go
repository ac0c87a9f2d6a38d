package generators

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const migrationsDir = "db/migrate"

// migrationName is what goose reads: a number, and what it is about.
var migrationName = regexp.MustCompile(`^(\d+)_(.+)\.sql$`)

// additionName is the name of a migration that adds columns to a table.
var additionName = regexp.MustCompile(`^add_[a-z0-9_]+_to_([a-z0-9_]+)$`)

// ParseMigration reads the name of a migration.
func ParseMigration(text string) (Name, error) { return parseName("migration", text) }

// Migration plans a migration. Named add_X_to_TABLE it adds the fields to the table;
// otherwise there are none, and the file is for the user to fill in.
func (a *App) Migration(name Name, fields []Field) (*Plan, error) {
	found := additionName.FindStringSubmatch(name.Snake)
	if found == nil && len(fields) > 0 {
		return nil, fmt.Errorf("migration %s: fields are for migrations named add_X_to_TABLE; leave them out, or name it so", name.Snake)
	}
	data := migrationData{Fields: fields}
	if found != nil {
		data.Table = found[1]
	}
	for _, f := range fields {
		if !f.Null {
			return nil, fmt.Errorf("field %q: the rows that are there have no value for it; write %s:%s:null", f.Name.Snake, f.Name.Snake, f.typ.name)
		}
	}
	file, err := a.migration(name.Snake, "migration.sql.tmpl", data)
	if err != nil {
		return nil, err
	}
	next := []string{"write what it does into " + file[0].path + ", in SQL that both databases accept"}
	if len(fields) > 0 {
		next = nil
	}
	files, err := render(file...)
	return &Plan{Kind: "migration", Name: name.Snake, Files: files, Next: append(next, "go run ./cmd/server db migrate")}, err
}

// migrationData is what the templates of migrations know.
type migrationData struct {
	Table  string
	Fields []Field
}

// Name is the table as SQL writes it.
func (d migrationData) Name() string { return sqlName(d.Table) }

// Columns are the lines within CREATE TABLE, in columns.
func (d migrationData) Columns() string {
	lines := [][2]string{{"id", "TEXT NOT NULL PRIMARY KEY"}}
	nameWidth, typeWidth := len("id"), len("TEXT")
	for _, f := range d.Fields {
		name := sqlName(f.Name.Snake)
		lines = append(lines, [2]string{name, f.Column()})
		nameWidth, typeWidth = max(nameWidth, len(name)), max(typeWidth, len(f.typ.column))
	}
	var columns []string
	for _, line := range lines {
		sqlType, rest, _ := strings.Cut(line[1], " ")
		column := fmt.Sprintf("\t%-*s %-*s %s", nameWidth, line[0], typeWidth, sqlType, rest)
		columns = append(columns, strings.TrimRight(column, " "))
	}
	return strings.Join(columns, ",\n")
}

// Additions add the columns, a statement each, since SQLite adds only one at a time.
func (d migrationData) Additions() (statements []string) {
	for _, f := range d.Fields {
		statements = append(statements, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;", d.Name(), sqlName(f.Name.Snake), f.Column()))
	}
	return statements
}

// Removals undo the additions, the last one first.
func (d migrationData) Removals() (statements []string) {
	for _, f := range slices.Backward(d.Fields) {
		statements = append(statements, fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s;", d.Name(), sqlName(f.Name.Snake)))
	}
	return statements
}

// Indexes are the statements that make them.
func (d migrationData) Indexes() (statements []string) {
	for _, f := range d.Fields {
		kind := "INDEX"
		switch {
		case f.Unique:
			kind = "UNIQUE INDEX"
		case !f.Index:
			continue
		}
		statements = append(statements, fmt.Sprintf("CREATE %s %s ON %s (%s);", kind, d.index(f), d.Name(), sqlName(f.Name.Snake)))
	}
	return statements
}

// DropIndexes undo the indexes. SQLite drops no column that has one.
func (d migrationData) DropIndexes() (statements []string) {
	for _, f := range slices.Backward(d.Fields) {
		if f.Index || f.Unique {
			statements = append(statements, fmt.Sprintf("DROP INDEX %s;", d.index(f)))
		}
	}
	return statements
}

func (d migrationData) index(f Field) string { return d.Table + "_" + f.Name.Snake }

func (d migrationData) check() error {
	for _, f := range d.Fields {
		if (f.Index || f.Unique) && len(d.index(f)) > maxName {
			return fmt.Errorf("field %q: its index %s would have %d bytes; use a shorter name, databases keep %d", f.Name.Snake, d.index(f), len(d.index(f)), maxName)
		}
	}
	return nil
}

// migration is the file of a migration, and the one that embeds them all. A name that
// is there already keeps its number.
func (a *App) migration(name, template string, data migrationData) ([]rendered, error) {
	if err := data.check(); err != nil {
		return nil, err
	}
	number, err := a.migrationNumber(name)
	if err != nil {
		return nil, err
	}
	return []rendered{
		{path.Join(migrationsDir, number+"_"+name+".sql"), template, data, false},
		{migrationsDir + "/migrations.go", "migrations.go.tmpl", nil, true},
	}, nil
}

// migrationNumber is the time, or one more than the last number where that is later.
func (a *App) migrationNumber(name string) (string, error) {
	entries, err := os.ReadDir(filepath.Join(a.Dir, filepath.FromSlash(migrationsDir)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	number, err := strconv.ParseInt(a.Now().UTC().Format("20060102150405"), 10, 64)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		found := migrationName.FindStringSubmatch(entry.Name())
		switch {
		case found == nil:
			continue
		case found[2] == name:
			return found[1], nil
		}
		if last, err := strconv.ParseInt(found[1], 10, 64); err == nil && last >= number {
			number = last + 1
		}
	}
	return strconv.FormatInt(number, 10), nil
}

// sqlName is a name as SQL writes it: in quotes where one of the databases would read
// something else into it.
func sqlName(name string) string {
	if slices.Contains(sqlWords, name) {
		return `"` + name + `"`
	}
	return name
}

// sqlWords are what PostgreSQL reserves and what SQLite does not take for a name.
var sqlWords = strings.Fields(`add all alter analyse analyze and any array as asc asymmetric authorization autoincrement
	between binary both case cast check collate collation column commit concurrently constraint create cross
	current_catalog current_date current_role current_schema current_time current_timestamp current_user default
	deferrable deferred delete desc distinct do drop else end escape except exists false fetch for foreign freeze
	from full grant group having if ilike in index indexed initially inner insert intersect into is isnull join
	lateral leading left like limit localtime localtimestamp natural not nothing notnull null offset on only or
	order outer overlaps placing primary raise references returning right select session_user set similar some
	symmetric system_user table tablesample then to trailing transaction true union unique update user using
	values variadic verbose when where window with`)
