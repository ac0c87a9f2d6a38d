package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// runner runs the statements of a batch, in the store's own session or in a
// transaction of the host.
type runner interface {
	// exec returns the last rowid.
	exec(text string, args []any) (int64, error)
	// row reads the one row of four integers that the statement returns, and runs
	// the statement to its end.
	row(text string, args []any) (result, error)
	// call runs a row's own Write.
	call(write func(context.Context, *gorm.DB) error) error
}

// session is the writer's connection. The store uses it below database/sql, for two
// reasons: its statements stay prepared, and they cannot be interrupted. An
// interrupt rolls a whole transaction back, and the driver reports one that came
// too late just as one that came in time. Whatever the store runs here is short and
// local; only the wait for the connection is bounded by a context.
//
// Statement texts depend on the program only, so the number of them is bounded.
type session struct {
	conn
	prepared map[string]driver.Stmt // belongs to whoever holds the connection
}

// conn is all that the driver's connection can do.
type conn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnBeginTx
	driver.SessionResetter
	driver.Validator
	driver.Pinger
}

// sessions makes every connection of a pool a session.
type sessions struct{ driver.Connector }

// Connect implements [driver.Connector].
func (c sessions) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}

	return &session{conn: opened.(conn), prepared: map[string]driver.Stmt{}}, nil
}

// Close lets go of the prepared statements first, without which SQLite would not
// close the file and leave the WAL behind.
func (w *session) Close() error {
	var errs []error
	for text, stmt := range w.prepared {
		errs = append(errs, stmt.Close())
		delete(w.prepared, text)
	}

	return errors.Join(append(errs, w.conn.Close())...)
}

// writing waits for the writer's connection and runs fn with it.
func (s *Store) writing(ctx context.Context, fn func(w *session) error) error {
	conn, err := s.writerConn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()

	return conn.Raw(func(c any) error { return fn(c.(*session)) })
}

func (s *Store) writerConn(ctx context.Context) (*sql.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()

	conn, err := s.writer.Conn(wait)
	if err != nil {
		return nil, waitError(ctx, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}

	return conn, nil
}

func waitError(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: a transaction of this process holds it", store.ErrBusy)
	}

	return translate(err)
}

func (w *session) stmt(text string) (driver.Stmt, error) {
	if stmt, ok := w.prepared[text]; ok {
		return stmt, nil
	}

	stmt, err := w.Prepare(text)
	if err != nil {
		return nil, err
	}
	w.prepared[text] = stmt

	return stmt, nil
}

func (w *session) exec(text string, args []any) (int64, error) {
	values, err := convert(args)
	if err != nil {
		return 0, err
	}
	stmt, err := w.stmt(text)
	if err != nil {
		return 0, err
	}

	done, err := stmt.(driver.StmtExecContext).ExecContext(context.Background(), values)
	if err != nil {
		return 0, err
	}

	return done.LastInsertId()
}

func (w *session) row(text string, args []any) (r result, err error) {
	values, err := convert(args)
	if err != nil {
		return r, err
	}
	stmt, err := w.stmt(text)
	if err != nil {
		return r, err
	}

	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), values)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()

	got := make([]driver.Value, 4)
	if err := rows.Next(got); err != nil {
		return r, err
	}
	for i, v := range got {
		r[i], _ = v.(int64)
	}
	if err := rows.Next(got); !errors.Is(err, io.EOF) { // the commit is in here
		return r, err
	}

	return r, nil
}

func (w *session) call(func(context.Context, *gorm.DB) error) error {
	return errors.New("a row with Write needs a transaction of GORM") // Insert sees to that
}

func convert(args []any) ([]driver.NamedValue, error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, err
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}

	return values, nil
}

// hosted runs statements in a transaction of the host, without interrupts for the
// same reason as session.
type hosted struct {
	ctx  context.Context
	tx   *gorm.DB
	conn gorm.ConnPool
}

func newHosted(ctx context.Context, db *gorm.DB, conn gorm.ConnPool) hosted {
	tx := db.Session(&gorm.Session{NewDB: true, Context: ctx})
	tx.Statement.ConnPool = conn

	return hosted{ctx, tx, conn}
}

func (h hosted) exec(text string, args []any) (int64, error) {
	done, err := h.conn.ExecContext(h.ctx, text, args...)
	if err != nil {
		return 0, err
	}

	return done.LastInsertId()
}

func (h hosted) row(text string, args []any) (r result, err error) {
	rows, err := h.conn.QueryContext(h.ctx, text, args...)
	if err != nil {
		return r, err
	}
	defer rows.Close()

	if !rows.Next() {
		return r, errors.Join(rows.Err(), sql.ErrNoRows)
	}
	if err := rows.Scan(&r[0], &r[1], &r[2], &r[3]); err != nil {
		return r, err
	}
	for rows.Next() {
		continue
	}

	return r, rows.Err()
}

func (h hosted) call(write func(context.Context, *gorm.DB) error) error { return write(h.ctx, h.tx) }
