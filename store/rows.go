package store

import (
	"math/bits"
	"reflect"
	"slices"
)

// maxGroup is the most rows of one statement. More of them make it hardly faster.
const maxGroup = 128

// GroupRows cuts rows into runs that one statement can upsert each: rows of one table
// with the same key column and columns, no two with the same key, and with no more than
// so many parameters. A row with Write is alone. The number of rows of a run is a power
// of two, so that there are few different statements.
func GroupRows(rows []Row, parameters int) [][]Row {
	var groups [][]Row
	for len(rows) > 0 {
		most := 1
		if width := len(rows[0].Columns); width > 0 {
			most = max(1, min(maxGroup, parameters/width))
		}
		n := alike(rows[:min(most, len(rows))])
		n = 1 << (bits.Len(uint(n)) - 1) // the power of two below
		groups, rows = append(groups, rows[:n]), rows[n:]
	}

	return groups
}

// alike is how many rows from the first on fit together.
func alike(rows []Row) int {
	first := rows[0]
	key := slices.Index(first.Columns, first.Key)
	if len(rows) == 1 || key < 0 || !fits(first, first, key) || !fits(first, rows[1], key) {
		return 1
	}

	seen := make(map[any]bool, len(rows))
	for n, row := range rows {
		if !fits(first, row, key) || seen[row.Values[key]] {
			return n
		}
		seen[row.Values[key]] = true
	}

	return len(rows)
}

// fits says whether row may follow first in a statement. A key that cannot be compared
// here, as bytes cannot, may be that of another row.
func fits(first, row Row, key int) bool {
	return row.Write == nil && row.Table == first.Table && row.Key == first.Key &&
		slices.Equal(row.Columns, first.Columns) && len(row.Values) == len(row.Columns) &&
		reflect.ValueOf(row.Values[key]).Comparable()
}
