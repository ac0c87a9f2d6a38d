package projections

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"cloud.google.com/go/civil"
	"gorm.io/gorm"
)

// Search says which debts are looked for. The zero value finds all.
type Search struct {
	Status   string  // one of Open, Settled and WrittenOff; empty: any
	Customer string  // a part of the customer's name, in any case
	After    *Cursor // only what comes after this row
	Limit    int     // at most so many rows, from 1 to 200; others mean 50
}

// Cursor is a row's place in the list: newest issue first.
type Cursor struct {
	IssuedOn civil.Date
	ID       string
}

// Found is one page of the list.
type Found struct {
	Rows []OutstandingBalance
	Next *Cursor // where the next page begins after; nil on the last one
}

// Totals are about all debts that were looked for, not about one page. Sums are cents
// and may exceed an int64.
type Totals struct {
	Count, Open         int64
	Issued, Outstanding *big.Int
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

// Find reads one page, newest issue first.
func (s Search) Find(ctx context.Context) (*Found, error) {
	q, err := s.query(ctx)
	if err != nil {
		return nil, err
	}
	if s.After != nil {
		q = q.Where("issued_on < ? OR (issued_on = ? AND id < ?)", s.After.IssuedOn, s.After.IssuedOn, s.After.ID)
	}
	limit := s.Limit
	if limit < 1 || limit > maxLimit {
		limit = defaultLimit
	}

	var rows []OutstandingBalance
	if err := q.Order("issued_on DESC, id DESC").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("search outstanding balances: %w", err)
	}
	return page(rows, limit), nil
}

// page cuts the row too many that told whether there is a next page.
func page(rows []OutstandingBalance, limit int) *Found {
	if len(rows) <= limit {
		return &Found{Rows: rows}
	}
	last := rows[limit-1]
	return &Found{Rows: rows[:limit], Next: &Cursor{IssuedOn: last.IssuedOn, ID: last.ID}}
}

// million splits amounts into two halves that are added up apart, because the sum of
// the amounts may not fit an int64, and a database fails rather than overflow.
const million = 1_000_000

// Totals adds up all that is looked for.
func (s Search) Totals(ctx context.Context) (*Totals, error) {
	q, err := s.query(ctx)
	if err != nil {
		return nil, err
	}
	var sums struct{ Count, Open, IssuedHigh, IssuedLow, OutstandingHigh, OutstandingLow int64 }
	err = q.Select(`COUNT(*) AS count,
		COUNT(CASE WHEN status = 'open' THEN 1 END) AS open,
		CAST(COALESCE(SUM(issued / 1000000), 0) AS BIGINT) AS issued_high,
		CAST(COALESCE(SUM(issued % 1000000), 0) AS BIGINT) AS issued_low,
		CAST(COALESCE(SUM(outstanding / 1000000), 0) AS BIGINT) AS outstanding_high,
		CAST(COALESCE(SUM(outstanding % 1000000), 0) AS BIGINT) AS outstanding_low`).Scan(&sums).Error
	if err != nil {
		return nil, fmt.Errorf("add up outstanding balances: %w", err)
	}
	return &Totals{
		Count: sums.Count, Open: sums.Open,
		Issued:      joined(sums.IssuedHigh, sums.IssuedLow),
		Outstanding: joined(sums.OutstandingHigh, sums.OutstandingLow),
	}, nil
}

func joined(high, low int64) *big.Int {
	sum := new(big.Int).Mul(big.NewInt(high), big.NewInt(million))
	return sum.Add(sum, big.NewInt(low))
}

func (s Search) query(ctx context.Context) (*gorm.DB, error) {
	q, err := OutstandingBalances.Query(ctx)
	if err != nil {
		return nil, err
	}
	if s.Status != "" {
		q = q.Where("status = ?", s.Status)
	}
	if s.Customer != "" {
		q = q.Where(`customer_key LIKE ? ESCAPE '\'`, "%"+likeEscaper.Replace(strings.ToLower(s.Customer))+"%")
	}
	return q, nil
}

// likeEscaper takes the meaning from what is special in a LIKE pattern.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
