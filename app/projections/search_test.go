package projections_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
)

// list is one kind of search, for what all of them promise.
type list[R any] struct {
	parse func(string) (projections.Sort, error)
	find  func(projections.Search) (*projections.Found[R], error)
	all   func(projections.Search) iter.Seq2[R, error]
	id    func(R) string
	usual string
	sorts map[string]func(a, b R) int // every key, and how it orders rows
}

// checkSorts pages through n rows in every order, each of which has many equal ones.
func (l list[R]) checkSorts(t *testing.T, n int) {
	t.Helper()
	for key, compare := range l.sorts {
		for _, text := range []string{key, "-" + key} {
			by, err := l.parse(text)
			if err != nil {
				t.Fatal(err)
			}
			rows := l.pages(t, by, 3)
			if len(rows) != n {
				t.Errorf("%s: got %d rows, want %d", text, len(rows), n)
			}
			inOrder := func(a, b R) int {
				order := cmp.Or(compare(a, b), cmp.Compare(l.id(a), l.id(b)))
				if by.Desc {
					return -order
				}
				return order
			}
			for i := 1; i < len(rows); i++ {
				if inOrder(rows[i-1], rows[i]) >= 0 {
					t.Errorf("%s: %s comes before %s", text, l.id(rows[i-1]), l.id(rows[i]))
				}
			}
			if diff := gocmp.Diff(l.ids(rows), l.export(t, projections.Search{Sort: by, After: "x", Limit: 1})); diff != "" {
				t.Errorf("%s: pages and export differ (-pages +export):\n%s", text, diff)
			}
		}
	}
}

// pages reads a list page by page.
func (l list[R]) pages(t *testing.T, by projections.Sort, limit int) []R {
	t.Helper()
	var rows []R
	search := projections.Search{Sort: by, Limit: limit}
	for {
		found, err := l.find(search)
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Rows) > limit || found.Next != "" && len(found.Rows) < limit {
			t.Fatalf("%s: got a page of %d rows before %q, want %d", by, len(found.Rows), found.Next, limit)
		}
		rows = append(rows, found.Rows...)
		if search.After = found.Next; found.Next == "" {
			return rows
		}
	}
}

func (l list[R]) ids(rows []R) []string {
	ids := []string{}
	for _, row := range rows {
		ids = append(ids, l.id(row))
	}
	return ids
}

// export reads the ids of a whole list in one go.
func (l list[R]) export(t *testing.T, s projections.Search) []string {
	t.Helper()
	ids := []string{}
	for row, err := range l.all(s) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, l.id(row))
	}
	return ids
}

// checkFound compares what a search finds, in any order.
func (l list[R]) checkFound(t *testing.T, s projections.Search, want ...string) {
	t.Helper()
	got := l.export(t, s)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%+v: got %q, want %q", s, got, want)
	}
}

// checkRefusals asks for sorts and pages that do not exist.
func (l list[R]) checkRefusals(t *testing.T) {
	t.Helper()
	for _, text := range []string{"nothing", "-", "--" + l.usual, l.usual + " DESC", "1"} {
		if _, err := l.parse(text); !errors.Is(err, projections.ErrBadSort) {
			t.Errorf("sort %q: got %v, want ErrBadSort", text, err)
		}
	}
	if by, err := l.parse(""); err != nil || by.String() != l.usual {
		t.Errorf("got the sort %s, %v, want %s", by, err, l.usual)
	}
	injected := projections.Search{Sort: projections.Sort{Key: "id; DROP TABLE customers"}}
	if _, err := l.find(injected); !errors.Is(err, projections.ErrBadSort) {
		t.Errorf("got %v, want ErrBadSort", err)
	}
	for _, err := range l.all(injected) {
		if !errors.Is(err, projections.ErrBadSort) {
			t.Errorf("export: got %v, want ErrBadSort", err)
		}
	}

	first, err := l.find(projections.Search{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	for key := range l.sorts {
		for _, by := range []projections.Sort{{Key: key}, {Key: key, Desc: true}} {
			l.checkCursor(t, by, by.String() == l.usual, first.Next)
		}
	}
}

// checkCursor lets a sort have cursors that are none, and one that may be its own.
func (l list[R]) checkCursor(t *testing.T, by projections.Sort, own bool, next string) {
	t.Helper()
	if _, err := l.find(projections.Search{Sort: by, After: next}); own != (err == nil) || !own && !errors.Is(err, projections.ErrBadCursor) {
		t.Errorf("%s: a cursor of %s: got %v", by, l.usual, err)
	}
	for _, after := range []string{
		"x", "=", "2026-01-01~1", next[:len(next)-2], next + next,
		cursor(), cursor(by.String()), cursor(by.String(), "1", "1", "1"),
		cursor(by.String(), "\x00", "1"), cursor(by.String(), "2026-01-01", "\x00"), cursor(by.String(), "5", "\x00"),
	} {
		if _, err := l.find(projections.Search{Sort: by, After: after}); !errors.Is(err, projections.ErrBadCursor) {
			t.Errorf("%s: cursor %q: got %v, want ErrBadCursor", by, after, err)
		}
	}
}

// cursor writes a cursor as somebody would who found out how.
func cursor(parts ...string) string {
	place, err := json.Marshal(parts)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(place)
}

func (s *shelf) customers() list[projections.CustomerRow] {
	type row = projections.CustomerRow
	return list[row]{
		parse: projections.ParseCustomerSort,
		find: func(q projections.Search) (*projections.Found[row], error) {
			return projections.CustomerSearch(q).Find(s.ctx)
		},
		all:   func(q projections.Search) iter.Seq2[row, error] { return projections.CustomerSearch(q).All(s.ctx) },
		id:    func(r row) string { return r.ID },
		usual: "name",
		sorts: map[string]func(a, b row) int{
			"name":          func(a, b row) int { return cmp.Compare(a.NameKey, b.NameKey) },
			"registered_on": func(a, b row) int { return a.RegisteredOn.Compare(b.RegisteredOn) },
		},
	}
}

func (s *shelf) debts() list[projections.DebtRow] {
	type row = projections.DebtRow
	return list[row]{
		parse: projections.ParseDebtSort,
		find: func(q projections.Search) (*projections.Found[row], error) {
			return projections.DebtSearch(q).Find(s.ctx)
		},
		all:   func(q projections.Search) iter.Seq2[row, error] { return projections.DebtSearch(q).All(s.ctx) },
		id:    func(r row) string { return r.ID },
		usual: "-issued_on",
		sorts: map[string]func(a, b row) int{
			"issued_on":   func(a, b row) int { return a.IssuedOn.Compare(b.IssuedOn) },
			"customer":    func(a, b row) int { return cmp.Compare(a.CustomerName, b.CustomerName) },
			"outstanding": func(a, b row) int { return cmp.Compare(a.Outstanding, b.Outstanding) },
			"status":      func(a, b row) int { return cmp.Compare(a.Status, b.Status) },
		},
	}
}

func (s *shelf) accounts() list[projections.AccountRow] {
	type row = projections.AccountRow
	return list[row]{
		parse: projections.ParseAccountSort,
		find: func(q projections.Search) (*projections.Found[row], error) {
			return projections.AccountSearch(q).Find(s.ctx)
		},
		all:   func(q projections.Search) iter.Seq2[row, error] { return projections.AccountSearch(q).All(s.ctx) },
		id:    func(r row) string { return r.ID },
		usual: "name",
		sorts: map[string]func(a, b row) int{
			"name":      func(a, b row) int { return cmp.Compare(a.NameKey, b.NameKey) },
			"customer":  func(a, b row) int { return cmp.Compare(a.CustomerName, b.CustomerName) },
			"balance":   func(a, b row) int { return cmp.Compare(a.Balance, b.Balance) },
			"opened_on": func(a, b row) int { return a.OpenedOn.Compare(b.OpenedOn) },
		},
	}
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
		t.Run("customers", func(t *testing.T) { s.customers().checkSorts(t, 10) })
		t.Run("debts", func(t *testing.T) { s.debts().checkSorts(t, 10) })
		t.Run("accounts", func(t *testing.T) { s.accounts().checkSorts(t, 10) })
	})
}

func TestSearch_RefusesSortsAndPagesThatDoNotExist(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.fill()
		t.Run("customers", func(t *testing.T) { s.customers().checkRefusals(t) })
		t.Run("debts", func(t *testing.T) { s.debts().checkRefusals(t) })
		t.Run("accounts", func(t *testing.T) { s.accounts().checkRefusals(t) })
	})
}

func TestSearch_RefusesCursorsOfAnotherKind(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		for key, values := range map[string][]string{
			"issued_on":   {"", "5", "ana", "0000-01-01", "2026-02-30", "-001-01-01"},
			"outstanding": {"", "ana", "2026-01-01", "1.5", "9223372036854775808"},
		} {
			for _, value := range values {
				q := projections.DebtSearch{Sort: projections.Sort{Key: key}, After: cursor(key, value, "1")}
				if _, err := q.Find(s.ctx); !errors.Is(err, projections.ErrBadCursor) {
					t.Errorf("%s after %q: got %v, want ErrBadCursor", key, value, err)
				}
			}
		}
	})
}
