package projections_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"cloud.google.com/go/civil"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/list"
)

// A search is one of the lists, and what its columns promise.
type search[R any] struct {
	list.Rows[R]
	id    func(R) string
	sorts map[string]func(a, b R) int // every key, and how it orders rows
}

var customerSearch = search[projections.CustomerRow]{
	Rows: projections.CustomerList,
	id:   func(r projections.CustomerRow) string { return r.ID },
	sorts: map[string]func(a, b projections.CustomerRow) int{
		"name":          func(a, b projections.CustomerRow) int { return cmp.Compare(a.NameKey, b.NameKey) },
		"registered_on": func(a, b projections.CustomerRow) int { return a.RegisteredOn.Compare(b.RegisteredOn) },
	},
}

var debtSearch = search[projections.DebtRow]{
	Rows: projections.Debts,
	id:   func(r projections.DebtRow) string { return r.ID },
	sorts: map[string]func(a, b projections.DebtRow) int{
		"issued_on":   func(a, b projections.DebtRow) int { return a.IssuedOn.Compare(b.IssuedOn) },
		"customer":    func(a, b projections.DebtRow) int { return cmp.Compare(a.CustomerName, b.CustomerName) },
		"outstanding": func(a, b projections.DebtRow) int { return cmp.Compare(a.Outstanding, b.Outstanding) },
		"status":      func(a, b projections.DebtRow) int { return cmp.Compare(a.Status, b.Status) },
	},
}

var accountSearch = search[projections.AccountRow]{
	Rows: projections.Accounts,
	id:   func(r projections.AccountRow) string { return r.ID },
	sorts: map[string]func(a, b projections.AccountRow) int{
		"name":      func(a, b projections.AccountRow) int { return cmp.Compare(a.NameKey, b.NameKey) },
		"customer":  func(a, b projections.AccountRow) int { return cmp.Compare(a.CustomerName, b.CustomerName) },
		"balance":   func(a, b projections.AccountRow) int { return cmp.Compare(a.Balance, b.Balance) },
		"opened_on": func(a, b projections.AccountRow) int { return a.OpenedOn.Compare(b.OpenedOn) },
	},
}

// Of ten customers, debts and accounts each, many are equal in whatever they are sorted
// by. The last three belong to somebody who was never registered.
func (s *shelf) fill() {
	s.t.Helper()
	names := []string{"ana", "bo", "cy"}
	for i := range 10 {
		id, on := fmt.Sprintf("c%02d", i), day.AddDays(i%3)
		s.append(streams.Customer, id, &customer.Registered{Name: names[i/2%3], On: on})
		if i >= 7 {
			id = "zoe"
		}
		s.append(streams.Debt, fmt.Sprintf("d%02d", i), history(i, id, on)...)
		s.append(streams.Account, fmt.Sprintf("a%02d", i),
			&account.Opened{CustomerID: id, Name: names[i%2], On: on},
			&account.Deposited{Amount: int64(1 + i%4), On: on})
	}
}

// history is a debt that is open, settled or written off.
func history(i int, customerID string, on civil.Date) []ireneo.AnyEvent {
	cents := int64(10 * (1 + i%2))
	events := []ireneo.AnyEvent{&debt.Issued{CustomerID: customerID, Amount: cents, On: on}}
	switch i % 4 {
	case 1:
		events = append(events, &debt.PaymentReceived{Principal: cents, On: on}, &debt.Settled{On: on})
	case 2:
		events = append(events, &debt.WrittenOff{Amount: cents, Reason: "gone", On: on})
	}
	return events
}

func TestSearch_EverySortPagesThroughEverythingOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.fill()
		t.Run("customers", func(t *testing.T) { customerSearch.checkSorts(t, s, "name") })
		t.Run("debts", func(t *testing.T) { debtSearch.checkSorts(t, s, "-issued_on") })
		t.Run("accounts", func(t *testing.T) { accountSearch.checkSorts(t, s, "name") })
	})
}

// checkSorts pages through ten rows in every order that there is.
func (l search[R]) checkSorts(t *testing.T, s *shelf, usual string) {
	t.Helper()
	if len(l.sorts) != len(l.Sorts) || l.Usual != usual {
		t.Errorf("got %d sorts and usually %s, want %d and %s", len(l.Sorts), l.Usual, len(l.sorts), usual)
	}
	for key, compare := range l.sorts {
		ascending := func(a, b R) int { return cmp.Or(compare(a, b), cmp.Compare(l.id(a), l.id(b))) }
		l.checkSort(t, s, key, ascending)
		l.checkSort(t, s, "-"+key, func(a, b R) int { return ascending(b, a) })
	}
}

func (l search[R]) checkSort(t *testing.T, s *shelf, sort string, compare func(a, b R) int) {
	t.Helper()
	rows := l.pages(t, s, list.Query{Sort: sort, Limit: 3})
	if len(rows) != 10 {
		t.Errorf("%s: got %d rows, want 10", sort, len(rows))
	}
	for i := 1; i < len(rows); i++ {
		if compare(rows[i-1], rows[i]) >= 0 {
			t.Errorf("%s: %s comes before %s", sort, l.id(rows[i-1]), l.id(rows[i]))
		}
	}
	if diff := gocmp.Diff(rows, l.all(t, s, list.Query{Sort: sort})); diff != "" {
		t.Errorf("%s: pages and export differ (-pages +export):\n%s", sort, diff)
	}
}

// pages reads a list page by page.
func (l search[R]) pages(t *testing.T, s *shelf, q list.Query) []R {
	t.Helper()
	var rows []R
	for {
		found, err := l.Find(s.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, found.Rows...)
		if q.After = found.Next; found.Next == "" {
			return rows
		}
	}
}

// all reads a whole list in one go.
func (l search[R]) all(t *testing.T, s *shelf, q list.Query) []R {
	t.Helper()
	var rows []R
	for row, err := range l.All(s.ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// checkFound compares the ids of what is found, in any order.
func (l search[R]) checkFound(t *testing.T, s *shelf, q list.Query, want ...string) {
	t.Helper()
	var got []string
	for _, row := range l.all(t, s, q) {
		got = append(got, l.id(row))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%+v: got %q, want %q", q, got, want)
	}
}

// Debts are searched by their customer, accounts by their own name too; what means
// something in a pattern means itself.
func TestSearch_Text(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		for id, name := range map[string]string{
			"back": `Back\slash`, "ines": "INÊS Duarte", "percent": "100% Cotton", "plain": "100 Cotton", "under": "Snake_Case",
		} {
			s.append(streams.Customer, id, &customer.Registered{Name: name, On: day})
			s.append(streams.Debt, id, &debt.Issued{CustomerID: id, Amount: 10, On: day})
			s.append(streams.Account, id, &account.Opened{CustomerID: id, Name: "for " + id, On: day})
		}
		for text, want := range map[string][]string{
			`\`:           {"back"},
			"100%":        {"percent"},
			"100_":        nil,
			"_":           {"under"},
			"inês DUARTE": {"ines"},
			"nobody":      nil,
			"":            {"back", "ines", "percent", "plain", "under"},
		} {
			q := list.Query{Text: text}
			customerSearch.checkFound(t, s, q, want...)
			debtSearch.checkFound(t, s, q, want...)
			accountSearch.checkFound(t, s, q, want...)
		}
		accountSearch.checkFound(t, s, list.Query{Text: "FOR under"}, "under")
	})
}

func TestSearch_Filters(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.fill()
		s.append(streams.Account, "empty",
			&account.Opened{CustomerID: "c00", Name: "ana's", On: day},
			&account.Closed{On: day})
		type filters = map[string]string
		for _, tt := range []struct {
			text    string
			filters filters
			want    []string
		}{
			{"", filters{"status": projections.Settled}, []string{"d01", "d05", "d09"}},
			{"", filters{"status": projections.WrittenOff}, []string{"d02", "d06"}},
			{"", filters{"customer": "c02"}, []string{"d02"}},
			{"", filters{"customer": "zoe", "status": projections.Open}, []string{"d07", "d08"}},
			{"bo", nil, []string{"d02", "d03"}},
			{"ZOE", filters{"status": projections.Settled}, []string{"d09"}},
		} {
			debtSearch.checkFound(t, s, list.Query{Text: tt.text, Filters: tt.filters}, tt.want...)
		}
		for _, tt := range []struct {
			text    string
			filters filters
			want    []string
		}{
			{"", filters{"status": projections.Closed}, []string{"empty"}},
			{"", filters{"customer": "c00"}, []string{"a00", "empty"}},
			{"", filters{"customer": "c00", "status": projections.Open}, []string{"a00"}},
			{"ana", filters{"customer": "c00", "status": projections.Closed}, []string{"empty"}},
			{"cy", filters{"customer": "c01"}, nil},
		} {
			accountSearch.checkFound(t, s, list.Query{Text: tt.text, Filters: tt.filters}, tt.want...)
		}
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
		got := map[string]string{}
		for _, row := range debtSearch.all(t, s, list.Query{}) {
			got["debt "+row.ID] = row.CustomerName
		}
		for _, row := range accountSearch.all(t, s, list.Query{}) {
			got["account "+row.ID] = row.CustomerName
			if stored, err := projections.AccountBalances.Find(s.ctx, row.ID); err != nil || !gocmp.Equal(row.AccountBalance, *stored) {
				t.Errorf("got %+v, stored is %+v, error %v", row.AccountBalance, stored, err)
			}
		}
		want := map[string]string{"debt c": "Bea", "debt Stranger": "Stranger", "account c": "Bea", "account Stranger": "Stranger"}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("names differ (-want +got):\n%s", diff)
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

		got := map[string]string{}
		for _, row := range customerSearch.all(t, s, list.Query{}) {
			got[row.Name] = fmt.Sprintf("%d open, %s", row.OpenDebts, row.Outstanding())
		}
		want := map[string]string{"ana": "3 open, 27670116110564327421", "bo": "0 open, 0"}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("what is owed differs (-want +got):\n%s", diff)
		}
		s.checkTotals(t, list.Query{}, "5, 4 open, 27670116110564327438 lent, 27670116110564327428 out")
		s.checkTotals(t, list.Query{Text: "AN", Sort: "status", Limit: 1}, "5, 4 open, 27670116110564327438 lent, 27670116110564327428 out")
		s.checkTotals(t, list.Query{Filters: map[string]string{"customer": "stranger"}}, "1, 1 open, 7 lent, 7 out")
		s.checkTotals(t, list.Query{Filters: map[string]string{"status": projections.Settled}}, "1, 0 open, 10 lent, 0 out")
		s.checkTotals(t, list.Query{Text: "nobody"}, "0, 0 open, 0 lent, 0 out")
	})
}

func (s *shelf) checkTotals(t *testing.T, q list.Query, want string) {
	t.Helper()
	sums, err := projections.TotalsOf(s.ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%d, %d open, %s lent, %s out", sums.Count, sums.Open, sums.Issued, sums.Outstanding)
	if got != want {
		t.Errorf("%+v: got %s, want %s", q, got, want)
	}
}
