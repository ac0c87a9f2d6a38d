package test

import (
	"net/url"
	"testing"

	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
)

// debtKey is the key of the form that begins a debt, and so its id.
const debtKey = "0c0ffee0-0000-4000-8000-000000000001"

// debtNew is that form, filled in.
var debtNew = typed("_key", debtKey, "_version", "0", "amount", "1,000.00", "on", "2026-01-31")

// debtList is the list, found, filtered and sorted.
var debtList = []request{
	{name: "empty", path: "", status: 200, want: []string{"No debts yet"}},
	{name: "create", path: "", post: debtNew, status: 303, want: []string{"/debts/" + debtKey}, version: 1},
	{name: "one row", path: "", status: 200, want: []string{"/debts/" + debtKey, "Debt 0c0ffee0"}, version: 1},
	{name: "searched", path: "?q=0c0ffee0", status: 200, want: []string{"/debts/" + debtKey}, version: 1},
	{name: "of a state", path: "?status=issued", status: 200, want: []string{"/debts/" + debtKey}, version: 1},
	{
		name: "nothing found", path: "?q=" + url.QueryEscape(markup), status: 200, version: 1,
		want: []string{"No debt fits", escaped}, not: []string{markup},
	},
	{name: "by amount", path: "?sort=-amount", status: 200, want: []string{"/debts/" + debtKey}, version: 1},
	{name: "by on", path: "?sort=-on", status: 200, want: []string{"/debts/" + debtKey}, version: 1},
	{name: "by status", path: "?sort=-status", status: 200, want: []string{"/debts/" + debtKey}, version: 1},
	{name: "a sort that does not exist", path: "?sort=nonsense", status: 400, version: 1},
	{name: "a state that does not exist", path: "?status=nonsense", status: 400, version: 1},
	{name: "a filter that does not exist", path: "?nonsense=1", status: 400, version: 1},
	{name: "for spreadsheets", path: ".csv", status: 200, want: []string{debtKey + ",issued"}, version: 1},
}

func TestDebts_List(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Debt.In(s.log).For(debtKey), "/debts", debtList)
	})
}

// debtCreate is what the form makes of what is typed.
var debtCreate = []request{
	{name: "form", path: "/new", status: 200, want: []string{`name="_key"`, `name="_version" value="0"`, `name="amount"`, `name="on"`}},
	{
		name: "refused", path: "", status: 422,
		post: debtNew.with(typed("amount", "ten", "on", "31.1.2026")),
		want: []string{
			"Amount must be an amount such as 1,234.56",
			`value="ten"`,
			"Date must be a date such as 2026-01-31",
			`value="31.1.2026"`,
		},
	},
	{name: "a field too many", path: "", post: debtNew.with(typed("nonsense", "1")), status: 422, want: []string{"This form has no such field: nonsense"}},
	{name: "from another site", path: "", post: debtNew, crossSite: true, status: 403},
	{name: "nothing was recorded", path: "", status: 200, want: []string{"No debts yet"}},
	{name: "created", path: "", post: debtNew, status: 303, version: 1},
	{name: "its page", path: "/" + debtKey, status: 200, want: []string{"Debt 0c0ffee0"}, version: 1},
}

func TestDebts_Create(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Debt.In(s.log).For(debtKey), "/debts", debtCreate)
	})
}

// debtLife is what can happen to one, and how it was.
var debtLife = []request{
	{name: "create", path: "", post: debtNew, status: 303, want: []string{"/debts/" + debtKey}, version: 1},
	{name: "sent twice", path: "", post: debtNew, status: 303, version: 1},
	{
		name: "paid: form", path: "/" + debtKey, status: 200, version: 1,
		want: []string{`id="paid" method="post" action="/debts/`, `name="_version" value="1"`},
	},
	{
		name: "paid: a field too many", path: "/" + debtKey + "/paid", status: 422, version: 1,
		post: typed("_version", "1", "nonsense", "1", "amount", "1,000.00", "on", "2026-01-31", "note", "Some words"),
	},
	{
		name: "paid: refused", path: "/" + debtKey + "/paid", status: 422, version: 1,
		post: typed("_version", "1", "amount", "ten", "on", "31.1.2026", "note", "Some words"),
		want: []string{
			"Amount must be an amount such as 1,234.56",
			`value="ten"`,
			"Date must be a date such as 2026-01-31",
			`value="31.1.2026"`,
			"Some words</textarea>",
		},
	},
	{
		name: "paid: from another site", path: "/" + debtKey + "/paid", status: 403, version: 1,
		post: typed("_version", "1", "amount", "1,000.00", "on", "2026-01-31", "note", "Some words"), crossSite: true,
	},
	{
		name: "paid", path: "/" + debtKey + "/paid", status: 303, version: 2,
		post: typed("_version", "1", "amount", "1,000.00", "on", "2026-01-31", "note", "Some words"),
	},
	{
		name: "paid: too late", path: "/" + debtKey + "/paid", status: 409, version: 2,
		post: typed("_version", "1", "amount", "1,000.00", "on", "2026-01-31", "note", "Some words"),
		want: []string{"Somebody was faster", "<strong>Paid</strong>"},
	},
	{
		name: "settled: form", path: "/" + debtKey, status: 200, version: 2,
		want: []string{`id="settled" method="post" action="/debts/`, `name="_version" value="2"`},
	},
	{
		name: "settled: a field too many", path: "/" + debtKey + "/settled", status: 422, version: 2,
		post: typed("_version", "2", "nonsense", "1", "on", "2026-01-31"),
	},
	{
		name: "settled: refused", path: "/" + debtKey + "/settled", status: 422, version: 2,
		post: typed("_version", "2", "on", "31.1.2026"),
		want: []string{
			"Date must be a date such as 2026-01-31",
			`value="31.1.2026"`,
		},
	},
	{
		name: "settled: from another site", path: "/" + debtKey + "/settled", status: 403, version: 2,
		post: typed("_version", "2", "on", "2026-01-31"), crossSite: true,
	},
	{
		name: "settled", path: "/" + debtKey + "/settled", status: 303, version: 3,
		post: typed("_version", "2", "on", "2026-01-31"),
	},
	{
		name: "settled: too late", path: "/" + debtKey + "/settled", status: 409, version: 3,
		post: typed("_version", "2", "on", "2026-01-31"),
		want: []string{"Somebody was faster", "<strong>Settled</strong>"},
	},
	{name: "closed", path: "/" + debtKey, status: 200, want: []string{"Nothing more to do"}, not: []string{`method="post" action="/debts/`}, version: 3},
	{
		name: "nothing follows", path: "/" + debtKey + "/paid", status: 409, version: 3,
		post: typed("_version", "3", "amount", "1,000.00", "on", "2026-01-31", "note", "Some words"), want: []string{"This is closed"},
	},
	{
		name: "as it was", path: "/" + debtKey + "?version=1", status: 200, version: 3,
		want: []string{"You are looking at the past", "Issued"}, not: []string{`method="post" action="/debts/`, "<strong>Paid</strong>"},
	},
	{name: "before anybody knew of it", path: "/" + debtKey + "?as_of=2000-01-01", status: 404, version: 3},
	{name: "known by now", path: "/" + debtKey + "?as_of=2199-01-01", status: 200, want: []string{"You are looking at the past"}, version: 3},
	{name: "one that does not exist", path: "/nonsense", status: 404, version: 3},
}

func TestDebts_Life(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Debt.In(s.log).For(debtKey), "/debts", debtLife)
	})
}
