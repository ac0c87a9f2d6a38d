package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"gorm.io/gorm"
)

// pool is what GORM sees as one connection pool: a SELECT goes to a reader, all
// else to the writer. A transaction is the writer's, unless it is opened as
// read-only.
type pool struct{ writer, readers *sql.DB }

var (
	_ gorm.ConnPool         = (*pool)(nil)
	_ gorm.ConnPoolBeginner = (*pool)(nil)
	_ gorm.GetDBConnector   = (*pool)(nil)
)

// PrepareContext implements [gorm.ConnPool].
func (p *pool) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return p.of(query).PrepareContext(ctx, query)
}

// ExecContext implements [gorm.ConnPool].
func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.writer.ExecContext(ctx, query, args...)
}

// QueryContext implements [gorm.ConnPool].
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.of(query).QueryContext(ctx, query, args...)
}

// QueryRowContext implements [gorm.ConnPool].
func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.of(query).QueryRowContext(ctx, query, args...)
}

// BeginTx implements [gorm.ConnPoolBeginner].
func (p *pool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	if opts != nil && opts.ReadOnly {
		return p.readers.BeginTx(ctx, opts)
	}

	return p.writer.BeginTx(ctx, opts)
}

// GetDBConn implements [gorm.GetDBConnector] with the connection that can do all.
func (p *pool) GetDBConn() (*sql.DB, error) { return p.writer, nil }

func (p *pool) of(query string) *sql.DB {
	query = strings.TrimLeft(query, " \t\r\n")
	if len(query) >= 6 && strings.EqualFold(query[:6], "SELECT") {
		return p.readers
	}

	return p.writer
}
