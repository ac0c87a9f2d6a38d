// Package table writes tables for spreadsheets.
package table

import (
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"
)

// WriteCSV writes a table as RFC 4180 has it, but for lines that end in LF, in UTF-8 and
// row by row. A cell that a spreadsheet would run as a formula gets an apostrophe in
// front, as OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection);
// numbers are left alone. It stops at the first error of rows, after the rows before it;
// where there are none nothing is written.
func WriteCSV(w io.Writer, header []string, rows iter.Seq2[[]string, error]) error {
	table := csv.NewWriter(w)
	if err := table.Write(header); err != nil {
		return err
	}
	begun := false
	for row, err := range rows {
		if err != nil {
			if begun {
				table.Flush()
			}
			return err
		}
		begun = true
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = inert(cell)
		}
		if err := table.Write(safe); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}

// inert is a cell that no spreadsheet runs.
func inert(cell string) string {
	if _, err := strconv.ParseFloat(cell, 64); err == nil || !strings.ContainsAny(cell[:min(len(cell), 1)], "=+-@\t\r\n") {
		return cell
	}
	return "'" + cell
}
