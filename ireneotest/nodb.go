package ireneotest

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/ireneo-dev/ireneo/store"
)

// noDatabase makes GORM handles that know the names of tables and columns, take what is to
// be on record of an execution, and answer everything else with errNoDatabase.
type noDatabase struct {
	gorm.Dialector // nil: nothing else of it is ever called
}

func (noDatabase) Initialize(db *gorm.DB) error {
	refuse := func(tx *gorm.DB) { _ = tx.AddError(errNoDatabase) }
	take := func(tx *gorm.DB) {
		if _, ok := tx.Statement.Dest.(*store.Execution); ok {
			tx.RowsAffected = 1
			return
		}
		refuse(tx)
	}

	on := db.Callback()
	if err := on.Create().Register("take", take); err != nil {
		return err
	}
	for _, register := range []func(string, func(*gorm.DB)) error{
		on.Query().Register, on.Update().Register, on.Delete().Register, on.Row().Register, on.Raw().Register,
	} {
		if err := register("refuse", refuse); err != nil {
			return err
		}
	}
	return nil
}

// What stands in a statement is written before it is refused.

func (noDatabase) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

func (noDatabase) QuoteTo(w clause.Writer, name string) { _, _ = w.WriteString(name) }
func (noDatabase) Explain(sql string, _ ...any) string  { return sql }
