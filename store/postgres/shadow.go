package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// swapPatience is how long Swap waits for others to let go of the table. All who come
// after it wait for it as long.
const swapPatience = "500ms"

// Shadow makes an empty table of table's shape beside it; see [store.Tables].
func (s *Store) Shadow(ctx context.Context, table string) (string, error) {
	shadow := store.ShadowOf(table)
	err := s.transaction(ctx, func(_ *sql.Conn, tx *gorm.DB) error {
		return makeShadow(ctx, tx.Statement.ConnPool, table, shadow)
	})
	if err != nil {
		return "", fmt.Errorf("shadow %s: %w", table, translate(err))
	}

	return shadow, nil
}

func makeShadow(ctx context.Context, conn gorm.ConnPool, table, shadow string) error {
	if err := run(ctx, conn, "LOCK TABLE "+quoteTable(table)+" IN ACCESS SHARE MODE"); err != nil {
		return err
	}
	if err := hangsOn(ctx, conn, table); err != nil {
		return err
	}
	live, err := shapeOf(ctx, conn, table)
	if err != nil {
		return err
	}

	made := quoteTable(shadow)
	statements := []string{
		"DROP TABLE IF EXISTS " + made,
		"CREATE TABLE " + made + " (LIKE " + quoteTable(table) + " INCLUDING ALL EXCLUDING INDEXES)",
	}
	if live.options != "" {
		statements = append(statements, "ALTER TABLE "+made+" SET ("+live.options+")")
	}
	for _, p := range live.renamed(store.ShadowOf).parts {
		if p.made != "" {
			statements = append(statements, fmt.Sprintf(p.made, quote(p.name), made))
		}
	}

	return run(ctx, conn, statements...)
}

// Fill writes rows with COPY; see [store.Tables]. Where a value cannot be copied, as texts
// for composite types cannot, the rows are inserted.
func (s *Store) Fill(ctx context.Context, table string, columns []string, rows [][]any, then func(tx *gorm.DB) error) error {
	err := s.transaction(ctx, func(conn *sql.Conn, tx *gorm.DB) error {
		return unless(copyRows(ctx, conn, table, columns, rows), then, tx)
	})
	if _, ok := errors.AsType[*uncopiedError](err); ok && ctx.Err() == nil {
		err = s.transaction(ctx, func(_ *sql.Conn, tx *gorm.DB) error {
			return unless(insertRows(ctx, tx, table, columns, rows), then, tx)
		})
	}
	if err != nil {
		return fmt.Errorf("fill %s: %w", table, err)
	}

	return nil
}

// transaction runs fn in a transaction. ctx ends its statements but not its COMMIT.
func (s *Store) transaction(ctx context.Context, fn func(conn *sql.Conn, tx *gorm.DB) error) error {
	conn, err := s.sql.Conn(ctx)
	if err != nil {
		return unreached(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return unreached(err)
	}
	defer tx.Rollback() //nolint:errcheck // done is done: after a commit there is nothing to undo

	if err := fn(conn, handle(ctx, s.db, tx)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return commitError(err)
	}

	return nil
}

// unless is err, or what then says where there is none.
func unless(err error, then func(tx *gorm.DB) error, tx *gorm.DB) error {
	if err != nil || then == nil {
		return err
	}

	return then(tx)
}

// uncopiedError says that a value could not be copied in the binary form.
type uncopiedError struct{ error }

func (e *uncopiedError) Unwrap() error { return e.error }

func copyRows(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error {
	return conn.Raw(func(c any) error {
		source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return values([]store.Row{{Values: rows[i]}}), nil })
		_, err := c.(*stdlib.Conn).Conn().CopyFrom(ctx, strings.Split(table, "."), columns, source)
		if err == nil {
			return nil
		}
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && refusedInAnyForm(pg.Code) {
			return translate(err)
		}

		return &uncopiedError{broken(ctx, err)}
	})
}

// refusedInAnyForm says whether an INSERT of the same values would fare no better than
// COPY, which has many codes for values in a form that it does not understand.
func refusedInAnyForm(code string) bool {
	return strings.HasPrefix(code, classIntegrity) || code != codeProtocol && codeError(code) != nil
}

// insertRows writes rows as those of batches are written.
func insertRows(ctx context.Context, tx *gorm.DB, table string, columns []string, rows [][]any) error {
	var all []store.Row
	for _, row := range rows {
		all = append(all, store.Row{Table: table, Key: columns[0], Columns: columns, Values: row})
	}
	for _, at := range place(all, maxParameters) {
		if _, err := tx.Statement.ConnPool.ExecContext(ctx, insertOnly(at.rows), values(at.rows)...); err != nil {
			return at.error(err)
		}
	}

	return nil
}

// Swap gives replacement the name of table; see [store.Tables]. Nobody can read table
// either while catchUp runs.
func (s *Store) Swap(ctx context.Context, table, replacement string, catchUp func(tx *gorm.DB) error) error {
	err := s.transaction(ctx, func(_ *sql.Conn, tx *gorm.DB) error {
		conn := tx.Statement.ConnPool
		if err := lockTables(ctx, conn, table, replacement); err != nil {
			return err
		}
		live, err := sameShape(ctx, conn, table, replacement)
		if err := unless(err, catchUp, tx); err != nil {
			return err
		}

		return changePlaces(ctx, conn, live, table, replacement)
	})
	if err != nil {
		return fmt.Errorf("swap %s: %w", table, translate(err))
	}

	return nil
}

// lockTables locks both tables, and drops the one that is to be replaced as the old one,
// while others hold them for no longer than a moment. It gives catchUp back its time.
func lockTables(ctx context.Context, conn gorm.ConnPool, table, replacement string) error {
	statements := []string{"SET LOCAL lock_timeout = '" + swapPatience + "'"}
	if old := store.OldOf(table); replacement != old {
		statements = append(statements, "DROP TABLE IF EXISTS "+quoteTable(old))
	}

	return run(ctx, conn, append(statements,
		"LOCK TABLE "+quoteTable(table)+" IN ACCESS EXCLUSIVE MODE",
		"LOCK TABLE "+quoteTable(replacement)+" IN ACCESS EXCLUSIVE MODE",
		"SET LOCAL lock_timeout TO DEFAULT")...)
}

// sameShape is table's shape, which is also that of its replacement.
func sameShape(ctx context.Context, conn gorm.ConnPool, table, replacement string) (shape, error) {
	if err := hangsOn(ctx, conn, table); err != nil {
		return shape{}, err
	}
	live, err := shapeOf(ctx, conn, table)
	if err != nil {
		return shape{}, err
	}
	other, err := shapeOf(ctx, conn, replacement)
	if err != nil {
		return shape{}, err
	}
	if want := live.renamed(endingOf(table, replacement)); !want.equal(other) {
		return shape{}, fmt.Errorf("%w: %s and %s differ in columns, constraints or indexes: one was changed since they "+
			"parted, so begin again", store.ErrNotSwappable, table, replacement)
	}

	return live, nil
}

// endingOf is how the names of replacement's indexes come from those of table's.
func endingOf(table, replacement string) func(string) string {
	if replacement == store.OldOf(table) {
		return store.OldOf
	}

	return store.ShadowOf
}

// changePlaces renames tables and their indexes in three steps, because the new name of
// one may be the present one of the other. Constraints are renamed with their indexes.
func changePlaces(ctx context.Context, conn gorm.ConnPool, live shape, table, replacement string) error {
	statements, err := dressing(ctx, conn, table, replacement)
	if err != nil {
		return err
	}

	name, ending := store.Bare(table), endingOf(table, replacement)
	statements = append(statements, live.trade("TABLE", name, store.Bare(replacement), store.Bare(store.OldOf(table)))...)
	for _, p := range live.parts {
		if p.index {
			statements = append(statements, live.trade("INDEX", p.name, ending(p.name), store.OldOf(p.name))...)
		}
	}

	return run(ctx, conn, statements...)
}

// trade gives the name of one thing to another, and the one that of old.
func (s shape) trade(kind, name, other, old string) []string {
	away := fmt.Sprintf("ireneo_swap_%d", s.oid)
	rename := func(from, to string) string {
		return "ALTER " + kind + " " + pgx.Identifier{s.schema, from}.Sanitize() + " RENAME TO " + quote(to)
	}

	return []string{rename(name, away), rename(other, name), rename(away, old)}
}

// Discard drops a spare table; see [store.Tables].
func (s *Store) Discard(ctx context.Context, name string) error {
	if !store.IsSpare(name) {
		return fmt.Errorf("discard %s: it is no table that a rebuild left", name)
	}
	if err := run(ctx, s.sql, "DROP TABLE IF EXISTS "+quoteTable(name)); err != nil {
		return fmt.Errorf("discard %s: %w", name, translate(err))
	}

	return nil
}

// run runs statements one after the other, until one fails.
func run(ctx context.Context, conn gorm.ConnPool, statements ...string) error {
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}

	return nil
}
