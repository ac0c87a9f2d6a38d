package projections

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/civil"
	"gorm.io/gorm"
)

// Search says what is looked for; DebtSearch, CustomerSearch and AccountSearch are made
// of it. The zero value finds all.
type Search struct {
	Text       string // a part of a name, in any case
	Status     string // one of the states of what is looked for; empty: any
	CustomerID string // only what belongs to this customer
	Sort       Sort   // the zero value is the usual order
	After      string // only what comes after this Next of the same sort
	Limit      int    // at most so many rows, from 1 to 200; others mean 50
}

// Found is one page of a list.
type Found[R any] struct {
	Rows []R
	Next string // where the next page begins after; empty on the last one
}

// Sort is an order of a list.
type Sort struct {
	Key  string
	Desc bool // the greatest first
}

// String writes a sort as the functions that parse one read it: "name", or "-name" for
// the greatest first.
func (s Sort) String() string {
	if s.Desc {
		return "-" + s.Key
	}
	return s.Key
}

// What a search may be refused for: it asks for something that no page of ours offers.
var (
	ErrBadSort   = errors.New("there is no such sort")
	ErrBadCursor = errors.New("there is no such page of the list")
)

const (
	defaultLimit = 50
	maxLimit     = 200
	exportLimit  = 10_000 // rows in memory at a time when all are read
)

// limit is how many rows a page has.
func (s Search) limit() int {
	if s.Limit < 1 || s.Limit > maxLimit {
		return defaultLimit
	}
	return s.Limit
}

// ordering is how rows can be sorted and paged through: by one of its columns, and equal
// ones by their id. Keys of sorts come from outside, so only those listed reach the SQL.
type ordering[R any] struct {
	id      string // the column of the id
	idOf    func(*R) string
	columns map[string]column[R]
	usual   Sort
}

// column is what rows are sorted by.
type column[R any] struct {
	sql  string // never null
	of   func(*R) any
	read func(string) (any, error) // reads what fmt.Sprint wrote of a value
}

// parse reads a sort such as "name" or "-name"; empty is the usual one. Others are
// ErrBadSort.
func (o ordering[R]) parse(text string) (Sort, error) {
	key, desc := strings.CutPrefix(text, "-")
	return o.check(Sort{Key: key, Desc: desc})
}

func (o ordering[R]) check(s Sort) (Sort, error) {
	if s == (Sort{}) {
		return o.usual, nil
	}
	if _, ok := o.columns[s.Key]; !ok {
		keys := slices.Sorted(maps.Keys(o.columns))
		return Sort{}, fmt.Errorf("%w: %q; use one of %s", ErrBadSort, s, strings.Join(keys, ", "))
	}
	return s, nil
}

// page reads the rows after a cursor, or the first ones where it is empty.
func (o ordering[R]) page(q *gorm.DB, by Sort, after string, limit int) (*Found[R], error) {
	by, err := o.check(by)
	if err != nil {
		return nil, err
	}
	c, direction, beyond := o.columns[by.Key], "ASC", ">"
	if by.Desc {
		direction, beyond = "DESC", "<"
	}
	if after != "" {
		value, id, err := c.place(by, after)
		if err != nil {
			return nil, err
		}
		q = q.Where(fmt.Sprintf("(%s, %s) %s (?, ?)", c.sql, o.id, beyond), value, id)
	}

	found := &Found[R]{}
	q = q.Order(fmt.Sprintf("%s %s, %s %s", c.sql, direction, o.id, direction))
	if err := q.Limit(limit + 1).Find(&found.Rows).Error; err != nil {
		return nil, err
	}
	if len(found.Rows) > limit { // the row too many tells that there is a next page
		found.Rows = found.Rows[:limit]
		last := &found.Rows[limit-1]
		found.Next, err = cursor(by, fmt.Sprint(c.of(last)), o.idOf(last))
	}
	return found, err
}

// every yields the rows of all pages, reading one page at a time.
func every[R any](page func(after string) (*Found[R], error)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for after, more := "", true; more; more = after != "" {
			found, err := page(after)
			if err != nil {
				yield(*new(R), err)
				return
			}
			for _, row := range found.Rows {
				if !yield(row, nil) {
					return
				}
			}
			after = found.Next
		}
	}
}

// cursor writes a row's place in a list: the sort, its value in the row, and the id.
func cursor(by Sort, value, id string) (string, error) {
	place, err := json.Marshal([]string{by.String(), value, id})
	return base64.RawURLEncoding.EncodeToString(place), err
}

// place reads a cursor. One of another sort, or none at all, is ErrBadCursor.
func (c column[R]) place(by Sort, after string) (value any, id string, err error) {
	place, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBadCursor, err)
	}
	var parts []string
	if err := json.Unmarshal(place, &parts); err != nil || len(parts) != 3 || parts[0] != by.String() {
		return nil, "", fmt.Errorf("%w: it is not one of the sort %s", ErrBadCursor, by)
	}
	value, err = c.read(parts[1])
	_, idErr := text(parts[2])
	if err := errors.Join(err, idErr); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBadCursor, err)
	}
	return value, parts[2], nil
}

// The kinds of values that can be sorted by.

func text(s string) (any, error) {
	if strings.ContainsRune(s, 0) {
		return nil, errors.New("a text holds the character U+0000")
	}
	return s, nil
}

func number(s string) (any, error) { return strconv.ParseInt(s, 10, 64) }

func date(s string) (any, error) {
	d, err := civil.ParseDate(s)
	if err == nil && d.Year < 1 {
		return nil, errors.New("a date is before the year 1")
	}
	return d, err
}

// Rows that belong to a customer are joined with theirs. One that was never registered
// is called by the id.
const (
	joinCustomers = "LEFT JOIN customers ON customers.id = customer_id"
	ofCustomer    = customerName + " AS customer_name, " + customerKey + " AS customer_key"
	customerName  = "COALESCE(customers.name, customer_id)"
	customerKey   = "COALESCE(customers.name_key, customer_id)"
)

// like is a pattern for what contains a text, to be compared with a key in lower case.
func like(text string) string {
	return "%" + likeEscaper.Replace(strings.ToLower(text)) + "%"
}

// likeEscaper takes the meaning from what is special in a LIKE pattern.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// contains is the condition that a key contains a text.
func contains(key string) string { return key + ` LIKE ? ESCAPE '\'` }
