// Package migrate holds the migrations of the application, in SQL that SQLite and
// PostgreSQL both accept.
package migrate

import "embed"

// FS has the migrations, for ireneo.Config.
//
//go:embed *.sql
var FS embed.FS
