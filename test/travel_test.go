package test

// travels look at the settled debt of life at other moments.
var travels = []step{
	{
		name: "_version", method: "GET", path: "/debts/" + debtID + "?version=2", status: 200, version: 4,
		want: []string{
			"You are looking at the past:", "at version 2", "2 of 4", "Payment changed",
			"<del>1,000.00</del>", "<ins>50.00</ins>", `href="/debts/` + debtID + `?version=1"`, `href="/debts/` + debtID + `?version=3"`,
		},
		not: []string{`method="post"`, "Nothing more to do", "1 Mar 2026"},
	},
	{
		name: "first version", method: "GET", path: "/debts/" + debtID + "?version=1", status: 200, version: 4,
		want: []string{"Issued changed", `<span class="quiet">nothing</span>`, "<ins>1,000.00</ins>"},
	},
	{
		name: "a version that is yet to come", method: "GET", path: "/debts/" + debtID + "?version=99", status: 200, version: 4,
		want: []string{"4 of 4", "Settled changed"}, not: []string{`method="post"`},
	},
	{
		name: "what was true", method: "GET", path: "/debts/" + debtID + "?at=2026-02-01", status: 200, version: 4,
		want: []string{"as it was on 1 Feb 2026", `value="2026-02-01"`, "1,000.00"}, not: []string{"28 Feb 2026", `method="post"`},
	},
	{
		name: "the day itself counts", method: "GET", path: "/debts/" + debtID + "?at=2026-02-28", status: 200, version: 4,
		want: []string{"28 Feb 2026", "0.00"}, not: []string{"1 Mar 2026"},
	},
	{name: "before anything was known", method: "GET", path: "/debts/" + debtID + "?as_of=2020-01-01", status: 404, version: 4},
	{name: "before anything was true", method: "GET", path: "/debts/" + debtID + "?at=2026-01-30", status: 404, version: 4},
	{name: "no version", method: "GET", path: "/debts/" + debtID + "?version=x", status: 400, version: 4, want: []string{"version must be a whole number from 1"}},
	{name: "no date", method: "GET", path: "/debts/" + debtID + "?at=tomorrow", status: 400, version: 4, want: []string{"at must be a date such as at=2026-01-31"}},
}
