package postgres

import (
	gormpostgres "gorm.io/driver/postgres"
)

// dialector is GORM's for PostgreSQL, but for the names of errors.
type dialector struct {
	*gormpostgres.Dialector
}

// Translate implements [gorm.ErrorTranslator]: violated constraints get GORM's names,
// everything else the store's. The driver's error stays reachable.
func (d dialector) Translate(err error) error {
	if name := d.Dialector.Translate(err); name != err { //nolint:errorlint // it answers with one of GORM's names, or with err itself
		return named(name, err)
	}

	return translate(err)
}
