package projections_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
)

// odd are names with all that means something in a pattern, each with one debt and one
// account.
var odd = map[string]string{
	"back":    `Back\slash`,
	"ines":    "INÊS Duarte",
	"percent": "100% Cotton",
	"plain":   "100 Cotton",
	"under":   "Snake_Case",
}

func (s *shelf) fillOdd() {
	s.t.Helper()
	for id, name := range odd {
		s.append(streams.Customer, id, &customer.Registered{Name: name, On: day})
		s.append(streams.Debt, id, &debt.Issued{CustomerID: id, Amount: 10, On: day})
		s.append(streams.Account, id, &account.Opened{CustomerID: id, Name: "for " + id, On: day})
	}
}

func TestSearch_TextIsNoPattern(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.fillOdd()
		for text, want := range map[string][]string{
			`\`:           {"back"},
			`\s`:          {"back"},
			"%":           {"percent"},
			"100%":        {"percent"},
			"100_":        {},
			"_":           {"under"},
			"0 cot":       {"plain"},
			"inês DUARTE": {"ines"},
			"'":           {},
			"nobody":      {},
			"":            {"back", "ines", "percent", "plain", "under"},
		} {
			q := projections.Search{Text: text}
			s.customers().checkFound(t, q, want...)
			s.debts().checkFound(t, q, want...)
			s.accounts().checkFound(t, q, want...)
		}
		s.accounts().checkFound(t, projections.Search{Text: "FOR under"}, "under")
	})
}

func TestSearch_Filters(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.fill()
		s.append(streams.Account, "empty",
			&account.Opened{CustomerID: "c00", Name: "ana's", On: day},
			&account.Closed{On: day})
		s.debts().checkFound(t, projections.Search{Status: projections.Settled}, "d01", "d05", "d09")
		s.debts().checkFound(t, projections.Search{CustomerID: "c02"}, "d02")
		s.debts().checkFound(t, projections.Search{CustomerID: "zoe", Status: projections.Open}, "d07", "d08")
		s.debts().checkFound(t, projections.Search{Text: "bo"}, "d02", "d03")
		s.debts().checkFound(t, projections.Search{Text: "ZOE", Status: projections.Settled}, "d09")
		s.accounts().checkFound(t, projections.Search{Status: projections.Closed}, "empty")
		s.accounts().checkFound(t, projections.Search{CustomerID: "c00"}, "a00", "empty")
		s.accounts().checkFound(t, projections.Search{CustomerID: "c00", Text: "ana", Status: projections.Closed}, "empty")
		s.accounts().checkFound(t, projections.Search{CustomerID: "c01", Text: "cy"})
		s.customers().checkFound(t, projections.Search{CustomerID: "c03"}, "c03")
	})
}

// A row has the customer's name of today; a stranger is called by the id.
func TestSearch_RowsNameTheCustomer(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.append(streams.Customer, "c", &customer.Registered{Name: "Ana", On: day}, &customer.Renamed{Name: "Bea", On: day})
		for _, id := range []string{"c", "Stranger"} {
			s.append(streams.Debt, id, &debt.Issued{CustomerID: id, Amount: 10, On: day})
			s.append(streams.Account, id, &account.Opened{CustomerID: id, Name: "Savings", On: day})
		}
		debts, err := projections.DebtSearch{}.Find(s.ctx)
		if err != nil {
			t.Fatal(err)
		}
		accounts, err := projections.AccountSearch{}.Find(s.ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for i := range 2 {
			got["debt "+debts.Rows[i].ID] = debts.Rows[i].CustomerName
			got["account "+accounts.Rows[i].ID] = accounts.Rows[i].CustomerName
		}
		want := map[string]string{"debt c": "Bea", "debt Stranger": "Stranger", "account c": "Bea", "account Stranger": "Stranger"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("names differ (-want +got):\n%s", diff)
		}
		stored, err := projections.AccountBalances.Find(s.ctx, "c")
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(accounts.Rows, func(r projections.AccountRow) bool { return r.ID == "c" }); !cmp.Equal(accounts.Rows[i].AccountBalance, *stored) {
			t.Errorf("got %+v, stored is %+v", accounts.Rows[i].AccountBalance, *stored)
		}
	})
}

// Sums may be greater than any amount can be.
func TestSearch_WhatIsOwed(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		for _, id := range []string{"ana", "bo"} {
			s.append(streams.Customer, id, &customer.Registered{Name: id, On: day})
		}
		for i := range 3 {
			s.append(streams.Debt, fmt.Sprint(i), &debt.Issued{CustomerID: "ana", Amount: math.MaxInt64, On: day})
		}
		s.append(streams.Debt, "3",
			&debt.Issued{CustomerID: "ana", Amount: 10, On: day},
			&debt.PaymentReceived{Principal: 10, On: day},
			&debt.Settled{On: day})
		s.append(streams.Debt, "4", &debt.Issued{CustomerID: "stranger", Amount: 7, On: day})

		found, err := projections.CustomerSearch{}.Find(s.ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, row := range found.Rows {
			got[row.Name] = fmt.Sprintf("%d open, %s", row.OpenDebts, row.Outstanding)
		}
		want := map[string]string{"ana": "3 open, 27670116110564327421", "bo": "0 open, 0"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what is owed differs (-want +got):\n%s", diff)
		}
		s.checkTotals(t, projections.DebtSearch{}, "5, 4 open, 27670116110564327438 lent, 27670116110564327428 out")
		s.checkTotals(t, projections.DebtSearch{Text: "AN"}, "5, 4 open, 27670116110564327438 lent, 27670116110564327428 out")
		s.checkTotals(t, projections.DebtSearch{CustomerID: "stranger"}, "1, 1 open, 7 lent, 7 out")
		s.checkTotals(t, projections.DebtSearch{Status: projections.Settled}, "1, 0 open, 10 lent, 0 out")
		s.checkTotals(t, projections.DebtSearch{Text: "nobody"}, "0, 0 open, 0 lent, 0 out")
	})
}

func (s *shelf) checkTotals(t *testing.T, q projections.DebtSearch, want string) {
	t.Helper()
	sums, err := q.Totals(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%d, %d open, %s lent, %s out", sums.Count, sums.Open, sums.Issued, sums.Outstanding)
	if got != want {
		t.Errorf("%+v: got %s, want %s", q, got, want)
	}
}

// More rows than are read at a time come whole, and the loop may end before they do.
func TestSearch_ExportOfManyPages(t *testing.T) {
	const n = 2_001
	each(t, func(t *testing.T, s *shelf) {
		rows := make([]projections.Customer, n)
		for i := range rows {
			rows[i] = projections.Customer{ID: fmt.Sprintf("%04d", i), Name: "Ana", NameKey: "ana", RegisteredOn: day}
		}
		if err := s.log.DB().WithContext(s.ctx).CreateInBatches(rows, 500).Error; err != nil {
			t.Fatal(err)
		}

		got := s.customers().export(t, projections.Search{})
		if len(got) != n || !slices.IsSorted(got) || len(slices.Compact(got)) != n {
			t.Errorf("got %d rows, or not in order, want %d", len(got), n)
		}
		seen := 0
		for _, err := range (projections.CustomerSearch{}).All(s.ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen == 1_200 {
				break
			}
		}
		if seen != 1_200 {
			t.Errorf("saw %d rows, want to stop at 1200", seen)
		}
	})
}
