package sqlite

import (
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"
)

// dialector tells GORM how SQLite speaks. gorm.io/driver/sqlite is not used because
// it imports a driver that needs a C compiler and does not know the errors of ours.
// Migrations are goose's: AutoMigrate is not supported.
type dialector struct{ conn gorm.ConnPool }

var (
	_ gorm.Dialector                     = dialector{}
	_ gorm.SavePointerDialectorInterface = dialector{}
	_ gorm.ErrorTranslator               = dialector{}
)

// Name implements [gorm.Dialector].
func (dialector) Name() string { return "sqlite" }

// Initialize implements [gorm.Dialector].
func (d dialector) Initialize(db *gorm.DB) error {
	db.ConnPool = d.conn
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE", "RETURNING"},
		LastInsertIDReversed: true,
	})
	db.ClauseBuilders["LIMIT"] = buildLimit
	db.ClauseBuilders["FOR"] = skipLocking

	return nil
}

// Migrator implements [gorm.Dialector] with GORM's general one, which knows too
// little of SQLite for AutoMigrate.
func (d dialector) Migrator(db *gorm.DB) gorm.Migrator {
	return migrator.Migrator{Config: migrator.Config{
		DB: db, Dialector: d, CreateIndexAfterCreateTable: true,
	}}
}

// DataTypeOf implements [gorm.Dialector].
func (dialector) DataTypeOf(field *schema.Field) string {
	switch field.DataType {
	case schema.Bool:
		return "BOOLEAN"
	case schema.Int, schema.Uint:
		if field.AutoIncrement {
			return "INTEGER PRIMARY KEY AUTOINCREMENT"
		}
		return "INTEGER"
	case schema.Float:
		return "REAL"
	case schema.String:
		return "TEXT"
	case schema.Time:
		return "TIMESTAMP"
	case schema.Bytes:
		return "BLOB"
	}

	return string(field.DataType)
}

// DefaultValueOf implements [gorm.Dialector]. SQLite knows no DEFAULT among values,
// so the default is written out.
func (dialector) DefaultValueOf(field *schema.Field) clause.Expression {
	if field.AutoIncrement || field.DefaultValue == "" {
		return clause.Expr{SQL: "NULL"}
	}

	return clause.Expr{SQL: field.DefaultValue}
}

// BindVarTo implements [gorm.Dialector].
func (dialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

// QuoteTo implements [gorm.Dialector]. A dot divides a name into its parts; a part
// that comes quoted stays as it is.
func (dialector) QuoteTo(w clause.Writer, name string) {
	for i, part := range strings.Split(name, ".") {
		if i > 0 {
			_ = w.WriteByte('.')
		}
		if isQuoted(part) {
			_, _ = w.WriteString(part)
		} else {
			_, _ = w.WriteString(quote(part))
		}
	}
}

func isQuoted(part string) bool {
	n := len(part)

	return n > 1 && part[0] == part[n-1] && (part[0] == '"' || part[0] == '`')
}

// Explain implements [gorm.Dialector].
func (dialector) Explain(sql string, vars ...any) string {
	return logger.ExplainSQL(sql, nil, `'`, vars...)
}

// SavePoint implements [gorm.SavePointerDialectorInterface].
func (dialector) SavePoint(tx *gorm.DB, name string) error {
	return tx.Exec("SAVEPOINT " + name).Error
}

// RollbackTo implements [gorm.SavePointerDialectorInterface].
func (dialector) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO SAVEPOINT " + name).Error
}

// Translate implements [gorm.ErrorTranslator]: violated constraints get GORM's names,
// everything else the store's. The driver's error stays reachable.
func (dialector) Translate(err error) error {
	switch codeOf(err) {
	case codeUnique, codePrimary:
		return named(gorm.ErrDuplicatedKey, err)
	case codeForeignKey:
		return named(gorm.ErrForeignKeyViolated, err)
	case codeCheck:
		return named(gorm.ErrCheckConstraintViolated, err)
	}

	return translate(err)
}

// buildLimit writes an offset without a limit as SQLite wants it.
func buildLimit(c clause.Clause, b clause.Builder) {
	limit, ok := c.Expression.(clause.Limit)
	if !ok {
		c.Build(b)
		return
	}

	count := -1
	if limit.Limit != nil && *limit.Limit >= 0 {
		count = *limit.Limit
	}
	if count < 0 && limit.Offset <= 0 {
		return
	}
	_, _ = b.WriteString("LIMIT " + strconv.Itoa(count))
	if limit.Offset > 0 {
		_, _ = b.WriteString(" OFFSET " + strconv.Itoa(limit.Offset))
	}
}

// skipLocking leaves out FOR UPDATE: a transaction has the whole database anyway.
func skipLocking(c clause.Clause, b clause.Builder) {
	if _, ok := c.Expression.(clause.Locking); !ok {
		c.Build(b)
	}
}
