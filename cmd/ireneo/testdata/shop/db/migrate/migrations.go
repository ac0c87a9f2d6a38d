// Package migrate holds the migrations.
package migrate

import "embed"

// FS has them.
//
//go:embed *.sql
var FS embed.FS
