package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Shadow makes an empty table of table's shape beside it; see [store.Tables]. Of its
// indexes it has those that are unique: the others come when it takes table's place,
// because SQLite cannot rename them.
func (s *Store) Shadow(ctx context.Context, table string) (string, error) {
	shadow := store.ShadowOf(table)
	err := s.transaction(ctx, func(_ *sql.Conn, tx *gorm.DB) error {
		return makeShadow(tx, table, shadow)
	})
	if err != nil {
		return "", fmt.Errorf("shadow %s: %w", table, translate(err))
	}

	return shadow, nil
}

func makeShadow(tx *gorm.DB, table, shadow string) error {
	if err := hangsOn(tx, table); err != nil {
		return err
	}
	live, err := shapeOf(tx, table)
	if err != nil {
		return err
	}

	statements := []string{"DROP TABLE IF EXISTS " + quoteTable(shadow), "CREATE TABLE " + quoteTable(shadow) + live.body}
	for _, index := range live.indexes {
		rest, ok := strings.CutPrefix(index.text, "CREATE UNIQUE INDEX ")
		if !ok {
			continue
		}
		body, err := indexBody(rest)
		if err != nil {
			return err
		}
		statements = append(statements,
			"CREATE UNIQUE INDEX "+quote(store.ShadowOf(index.name))+" ON "+quote(store.Bare(shadow))+body)
	}

	return run(tx, statements...)
}

// Fill inserts rows many at a time; see [store.Tables]. ctx bounds only the wait for the
// writer's connection.
func (s *Store) Fill(ctx context.Context, table string, columns []string, rows [][]any, then func(tx *gorm.DB) error) error {
	err := s.transaction(ctx, func(conn *sql.Conn, tx *gorm.DB) error {
		if err := conn.Raw(func(c any) error { return insertRows(c.(*session), table, columns, rows) }); err != nil {
			return translate(err)
		}

		return call(then, tx)
	})
	if err != nil {
		return fmt.Errorf("fill %s: %w", table, err)
	}

	return nil
}

// insertRows writes rows as those of batches are written, below database/sql, where
// statements stay prepared.
func insertRows(w *session, table string, columns []string, rows [][]any) error {
	all := make([]store.Row, len(rows))
	for i, row := range rows {
		all[i] = store.Row{Table: table, Key: columns[0], Columns: columns, Values: row}
	}
	for _, group := range store.GroupRows(all, maxParameters) {
		if _, err := w.exec(insertOnly(group), values(group)); err != nil {
			return err
		}
	}

	return nil
}

func call(fn func(tx *gorm.DB) error, tx *gorm.DB) error {
	if fn == nil {
		return nil
	}

	return fn(tx)
}

// transaction runs fn in a transaction of the writer, which cannot be interrupted.
func (s *Store) transaction(ctx context.Context, fn func(conn *sql.Conn, tx *gorm.DB) error) error {
	conn, err := s.writerConn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	defer tx.Rollback() //nolint:errcheck // done is done: after a commit there is nothing to undo

	if err := fn(conn, newHosted(ctx, s.db, tx).tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return commitError(err)
	}

	return nil
}

// Swap gives replacement the name of table; see [store.Tables]. Table's indexes are
// dropped and made again on what took its place, so that the old one is left with those
// of its constraints. Until the commit others still read table as it was.
func (s *Store) Swap(ctx context.Context, table, replacement string, catchUp func(tx *gorm.DB) error) error {
	err := s.transaction(ctx, func(_ *sql.Conn, tx *gorm.DB) error {
		live, err := sameShape(tx, table, replacement)
		if err != nil {
			return err
		}
		if err := call(catchUp, tx); err != nil {
			return err
		}

		return changePlaces(tx, live, table, replacement)
	})
	if err != nil {
		return fmt.Errorf("swap %s: %w", table, translate(err))
	}

	return nil
}

// sameShape is table's shape, which is also that of its replacement.
func sameShape(tx *gorm.DB, table, replacement string) (shape, error) {
	if err := hangsOn(tx, table); err != nil {
		return shape{}, err
	}
	live, err := shapeOf(tx, table)
	if err != nil {
		return shape{}, err
	}
	other, err := shapeOf(tx, replacement)
	if err != nil {
		return shape{}, err
	}
	if live.body != other.body {
		return shape{}, fmt.Errorf("%w: %s and %s differ in columns or constraints: one was changed since they parted, "+
			"so begin again", store.ErrNotSwappable, table, replacement)
	}

	return live, nil
}

// changePlaces renames the tables in three steps, because the new name of one may be the
// present one of the other.
func changePlaces(tx *gorm.DB, live shape, table, replacement string) error {
	other, err := shapeOf(tx, replacement)
	if err != nil {
		return err
	}
	var statements []string
	for _, index := range slices.Concat(live.indexes, other.indexes) {
		statements = append(statements, "DROP INDEX "+quote(index.name))
	}

	old, away := store.OldOf(table), "ireneo_swap"
	if replacement != old {
		statements = append(statements, "DROP TABLE IF EXISTS "+quoteTable(old))
	}
	statements = append(statements,
		"ALTER TABLE "+quoteTable(table)+" RENAME TO "+away,
		"ALTER TABLE "+quoteTable(replacement)+" RENAME TO "+quote(store.Bare(table)),
		"ALTER TABLE "+away+" RENAME TO "+quote(store.Bare(old)))
	for _, index := range live.indexes {
		statements = append(statements, index.text)
	}

	return run(tx, statements...)
}

// Discard drops a spare table; see [store.Tables].
func (s *Store) Discard(ctx context.Context, name string) error {
	if !store.IsSpare(name) {
		return fmt.Errorf("discard %s: it is no table that a rebuild left", name)
	}
	err := s.transaction(ctx, func(_ *sql.Conn, tx *gorm.DB) error {
		return run(tx, "DROP TABLE IF EXISTS "+quoteTable(name))
	})
	if err != nil {
		return fmt.Errorf("discard %s: %w", name, translate(err))
	}

	return nil
}

// run runs statements one after the other, until one fails.
func run(tx *gorm.DB, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, statement); err != nil {
			return err
		}
	}

	return nil
}
