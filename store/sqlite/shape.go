package sqlite

import (
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// shape is all of a table that another one must have to take its place.
type shape struct {
	body    string  // of CREATE TABLE, after the name
	indexes []index // those that have a statement of their own
}

type index struct{ name, text string }

// shapeOf reads what SQLite keeps of the statements that made a table.
func shapeOf(tx *gorm.DB, table string) (s shape, err error) {
	all, err := objects(tx)
	if err != nil {
		return s, err
	}
	for _, o := range all {
		if !strings.EqualFold(o.Table, store.Bare(table)) || o.SQL == "" {
			continue
		}
		switch o.Type {
		case "table":
			s.body, err = tableBody(o.SQL)
		case "index":
			s.indexes = append(s.indexes, index{o.Name, o.SQL})
		}
		if err != nil {
			return s, err
		}
	}
	if s.body == "" {
		return s, fmt.Errorf("%w: there is no table %s", store.ErrNotMigrated, table)
	}

	return s, nil
}

// object is a row of SQLite's table of all there is.
type object struct{ Type, Name, Table, SQL string }

func objects(tx *gorm.DB) (all []object, err error) {
	rows, err := tx.Statement.ConnPool.QueryContext(tx.Statement.Context, `
		SELECT type, name, tbl_name, COALESCE(sql, '')
		FROM sqlite_master
		ORDER BY rowid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	for rows.Next() {
		var o object
		if err := rows.Scan(&o.Type, &o.Name, &o.Table, &o.SQL); err != nil {
			return nil, err
		}
		all = append(all, o)
	}

	return all, rows.Err()
}

// hangsOn refuses a table on which something hangs that a swap would tear off. What that
// is SQLite itself is asked for: it is what changes when the table is renamed.
func hangsOn(tx *gorm.DB, table string) error {
	before, err := objects(tx)
	if err != nil {
		return err
	}
	if err := run(tx, "SAVEPOINT ireneo_rename", "ALTER TABLE "+quoteTable(table)+" RENAME TO ireneo_rename"); err != nil {
		return err
	}
	after, err := objects(tx)
	if err != nil {
		return err
	}
	if err := run(tx, "ROLLBACK TO ireneo_rename", "RELEASE ireneo_rename"); err != nil {
		return err
	}

	for i, o := range before {
		if reason := o.hangs(store.Bare(table), after[i]); reason != "" {
			return fmt.Errorf("%w: %s", store.ErrNotSwappable, reason)
		}
	}

	return nil
}

// hangs says why o, which reads renamed after table was renamed, hangs on table.
func (o object) hangs(table string, renamed object) string {
	same := o.SQL == renamed.SQL
	if own := strings.EqualFold(o.Table, table); own && o.Type == "table" {
		before, errBefore := tableBody(o.SQL)
		after, errAfter := tableBody(renamed.SQL)
		if errBefore != nil || errAfter != nil {
			return "it is no ordinary table"
		}
		same = before == after
	} else if own && o.Type == "index" {
		same = true
	}

	switch {
	case same:
		return ""
	case o.Type == "table":
		return "the table " + o.Name + " refers to it by a foreign key: drop that"
	}

	return "the " + o.Type + " " + o.Name + " depends on it: drop that, and create it again after the rebuild"
}

// tableBody is the text of CREATE TABLE after the table's name.
func tableBody(text string) (string, error) {
	rest, ok := strings.CutPrefix(text, "CREATE TABLE ")
	if !ok {
		return "", fmt.Errorf("%w: it is no ordinary table: %s", store.ErrNotSwappable, text)
	}
	return afterName(rest)
}

// indexBody is what comes after the table's name in the text of CREATE INDEX from the
// index's own name on.
func indexBody(text string) (string, error) {
	rest, err := afterName(text)
	if err != nil {
		return "", err
	}
	rest = strings.TrimLeft(rest, " \t\r\n")
	if len(rest) < 3 || !strings.EqualFold(rest[:2], "ON") {
		return "", fmt.Errorf("%w: an index reads %s", store.ErrNotSwappable, text)
	}
	return afterName(strings.TrimLeft(rest[2:], " \t\r\n"))
}

// afterName is what follows the name, in any of SQLite's quotes or none, at the beginning
// of text.
func afterName(text string) (rest string, err error) {
	closing := map[string]byte{`"`: '"', "`": '`', "'": '\'', "[": ']'}
	quoted, ok := closing[text[:min(1, len(text))]]
	if !ok {
		end := strings.IndexAny(text, "\t\r\n (/-")
		if end < 1 {
			return "", fmt.Errorf("%w: its name is not to be found in %s", store.ErrNotSwappable, text)
		}

		return text[end:], nil
	}

	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != quoted:
		case i+1 < len(text) && text[i+1] == quoted && quoted != ']':
			i++ // a doubled quote is one of the name
		default:
			return text[i+1:], nil
		}
	}

	return "", fmt.Errorf("%w: its name is not to be found in %s", store.ErrNotSwappable, text)
}
