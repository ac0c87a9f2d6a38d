package view

import (
	"io"
	"iter"

	"github.com/ireneo-dev/ireneo/internal/table"
)

// WriteCSV writes a table as RFC 4180 has it, but for lines that end in LF, in UTF-8 and
// row by row. A cell that a spreadsheet would run as a formula gets an apostrophe in
// front, as OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection);
// numbers are left alone. It stops at the first error of rows.
func WriteCSV(w io.Writer, header []string, rows iter.Seq2[[]string, error]) error {
	return table.WriteCSV(w, header, rows)
}
