package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/ireneo-dev/ireneo/store"
)

// Asked is what the helpers of package store ask a DB that is the same for all databases,
// arguments and all, for a store's own tests to look into how it is answered: which types
// there are, and how many records of typ.
func Asked(t *testing.T, s store.Store, typ string) []string {
	t.Helper()
	l := &questions{Interface: logger.Discard}
	s = overheard{s, s.DB().Session(&gorm.Session{Logger: l})}
	_, typesErr := store.TypeNames(t.Context(), s)
	_, streamsErr := store.StreamTypes(t.Context(), s)
	_, countErr := store.CountUpTo(t.Context(), s, typ, 100)
	if err := errors.Join(typesErr, streamsErr, countErr); err != nil {
		t.Fatal(err)
	}

	return l.statements
}

type overheard struct {
	store.Store
	db *gorm.DB
}

func (o overheard) DB() *gorm.DB { return o.db }

type questions struct {
	logger.Interface
	statements []string
}

// Trace implements GORM's logger.
func (l *questions) Trace(_ context.Context, _ time.Time, describe func() (sql string, rows int64), _ error) {
	statement, _ := describe()
	l.statements = append(l.statements, statement)
}
