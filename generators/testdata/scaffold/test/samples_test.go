package test

import (
	"net/url"
	"testing"

	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
)

// sampleKey is the key of the form that begins a sample, and so its id.
const sampleKey = "0c0ffee0-0000-4000-8000-000000000001"

// sampleNew is that form, filled in.
var sampleNew = typed("_key", sampleKey, "_version", "0", "title", "Some words", "story", "Some words", "count", "42", "agreed", "yes", "taken_on", "2026-01-31", "at", "2026-01-31T14:30", "amount", "1,000.00", "rate", "4.25", "key", "0190163d-8694-739b-aea5-966c26f8ad91", "email", "ana@example.com", "home_url", "https://example.com/a", "mood", "good", "customer_id", "customer-1", "maybe_title", "Some words", "maybe_story", "Some words", "maybe_count", "42", "maybe_agreed", "yes", "maybe_on", "2026-01-31", "maybe_at", "2026-01-31T14:30", "maybe_amount", "1,000.00", "maybe_rate", "4.25", "maybe_key", "0190163d-8694-739b-aea5-966c26f8ad91", "maybe_email", "ana@example.com", "maybe_url", "https://example.com/a", "maybe_mood", "good", "maybe_customer_id", "customer-1", "order", "42", "line_1", "Some words")

// sampleList is the list, found, filtered and sorted.
var sampleList = []request{
	{name: "empty", path: "", status: 200, want: []string{"No samples yet"}},
	{name: "create", path: "", post: sampleNew, status: 303, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "one row", path: "", status: 200, want: []string{"/samples/" + sampleKey, "Some words"}, version: 1},
	{name: "searched", path: "?q=SOM", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "of a state", path: "?status=taken", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{
		name: "nothing found", path: "?q=" + url.QueryEscape(markup), status: 200, version: 1,
		want: []string{"No sample fits", escaped}, not: []string{markup},
	},
	{name: "by title", path: "?sort=-title", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by count", path: "?sort=-count", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by taken_on", path: "?sort=-taken_on", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by at", path: "?sort=-at", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by amount", path: "?sort=-amount", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by email", path: "?sort=-email", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by home_url", path: "?sort=-home_url", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by mood", path: "?sort=-mood", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by customer_id", path: "?sort=-customer_id", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by order", path: "?sort=-order", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by line_1", path: "?sort=-line_1", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "by status", path: "?sort=-status", status: 200, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "a sort that does not exist", path: "?sort=nonsense", status: 400, version: 1},
	{name: "a state that does not exist", path: "?status=nonsense", status: 400, version: 1},
	{name: "a filter that does not exist", path: "?nonsense=1", status: 400, version: 1},
	{name: "for spreadsheets", path: ".csv", status: 200, want: []string{sampleKey + ",taken"}, version: 1},
}

func TestSamples_List(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Sample.In(s.log).For(sampleKey), "/samples", sampleList)
	})
}

// sampleCreate is what the form makes of what is typed.
var sampleCreate = []request{
	{name: "form", path: "/new", status: 200, want: []string{`name="_key"`, `name="_version" value="0"`, `name="title"`, `name="story"`, `name="count"`, `name="agreed"`, `name="taken_on"`, `name="at"`, `name="amount"`, `name="rate"`, `name="key"`, `name="email"`, `name="home_url"`, `name="mood"`, `name="customer_id"`, `name="maybe_title"`, `name="maybe_story"`, `name="maybe_count"`, `name="maybe_agreed"`, `name="maybe_on"`, `name="maybe_at"`, `name="maybe_amount"`, `name="maybe_rate"`, `name="maybe_key"`, `name="maybe_email"`, `name="maybe_url"`, `name="maybe_mood"`, `name="maybe_customer_id"`, `name="order"`, `name="line_1"`}},
	{
		name: "refused", path: "", status: 422,
		post: sampleNew.with(typed("title", "Some words", "story", "Some words", "count", "ten", "agreed", "maybe", "taken_on", "31.1.2026", "at", "noon", "amount", "ten", "rate", "ten", "key", "42", "email", "ana@example.com", "home_url", "https://example.com/a", "mood", "something_else", "customer_id", "customer-1", "maybe_title", "Some words", "maybe_story", "Some words", "maybe_count", "ten", "maybe_agreed", "maybe", "maybe_on", "31.1.2026", "maybe_at", "noon", "maybe_amount", "ten", "maybe_rate", "ten", "maybe_key", "42", "maybe_email", "ana@example.com", "maybe_url", "https://example.com/a", "maybe_mood", "something_else", "maybe_customer_id", "customer-1", "order", "ten", "line_1", "Some words")),
		want: []string{
			`value="Some words"`,
			"Some words</textarea>",
			"Count must be a whole number such as 42",
			`value="ten"`,
			"Agreed must be yes or no",
			"Taken on must be a date such as 2026-01-31",
			`value="31.1.2026"`,
			"Time must be a date and time such as 2026-01-31 14:30",
			`value="noon"`,
			"Amount must be an amount such as 1,234.56",
			`value="ten"`,
			"Rate must be a number such as 4.25",
			`value="ten"`,
			"Key must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91",
			`value="42"`,
			`value="ana@example.com"`,
			`value="https://example.com/a"`,
			"Mood must be one of good, very_bad",
			`value="customer-1"`,
			`value="Some words"`,
			"Some words</textarea>",
			"Maybe count must be a whole number such as 42",
			`value="ten"`,
			"Maybe agreed must be yes or no",
			"Maybe on must be a date such as 2026-01-31",
			`value="31.1.2026"`,
			"Maybe at must be a date and time such as 2026-01-31 14:30",
			`value="noon"`,
			"Maybe amount must be an amount such as 1,234.56",
			`value="ten"`,
			"Maybe rate must be a number such as 4.25",
			`value="ten"`,
			"Maybe key must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91",
			`value="42"`,
			`value="ana@example.com"`,
			`value="https://example.com/a"`,
			"Maybe mood must be one of good, bad",
			`value="customer-1"`,
			"Order must be a whole number such as 42",
			`value="ten"`,
			`value="Some words"`,
		},
	},
	{name: "a field too many", path: "", post: sampleNew.with(typed("nonsense", "1")), status: 422, want: []string{"This form has no such field: nonsense"}},
	{name: "from another site", path: "", post: sampleNew, crossSite: true, status: 403},
	{name: "nothing was recorded", path: "", status: 200, want: []string{"No samples yet"}},
	{name: "markup", path: "", post: sampleNew.with(typed("title", markup, "story", "Some words", "count", "42", "agreed", "yes", "taken_on", "2026-01-31", "at", "2026-01-31T14:30", "amount", "1,000.00", "rate", "4.25", "key", "0190163d-8694-739b-aea5-966c26f8ad91", "email", "ana@example.com", "home_url", "https://example.com/a", "mood", "good", "customer_id", "customer-1", "maybe_title", "Some words", "maybe_story", "Some words", "maybe_count", "42", "maybe_agreed", "yes", "maybe_on", "2026-01-31", "maybe_at", "2026-01-31T14:30", "maybe_amount", "1,000.00", "maybe_rate", "4.25", "maybe_key", "0190163d-8694-739b-aea5-966c26f8ad91", "maybe_email", "ana@example.com", "maybe_url", "https://example.com/a", "maybe_mood", "good", "maybe_customer_id", "customer-1", "order", "42", "line_1", "Some words")), status: 303, version: 1},
	{name: "markup on its page", path: "/" + sampleKey, status: 200, want: []string{escaped}, not: []string{markup}, version: 1},
	{name: "markup in the list", path: "", status: 200, not: []string{markup}, version: 1},
}

func TestSamples_Create(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Sample.In(s.log).For(sampleKey), "/samples", sampleCreate)
	})
}

// sampleLife is what can happen to one, and how it was.
var sampleLife = []request{
	{name: "create", path: "", post: sampleNew, status: 303, want: []string{"/samples/" + sampleKey}, version: 1},
	{name: "sent twice", path: "", post: sampleNew, status: 303, version: 1},
	{
		name: "weighed: form", path: "/" + sampleKey, status: 200, version: 1,
		want: []string{`id="weighed" method="post" action="/samples/`, `name="_version" value="1"`},
	},
	{
		name: "weighed: a field too many", path: "/" + sampleKey + "/weighed", status: 422, version: 1,
		post: typed("_version", "1", "nonsense", "1", "title", "Some words", "story", "Some words", "count", "42", "agreed", "yes", "taken_on", "2026-01-31", "at", "2026-01-31T14:30", "amount", "1,000.00", "rate", "4.25", "key", "0190163d-8694-739b-aea5-966c26f8ad91", "email", "ana@example.com", "home_url", "https://example.com/a", "mood", "good", "customer_id", "customer-1", "maybe_title", "Some words", "maybe_story", "Some words", "maybe_count", "42", "maybe_agreed", "yes", "maybe_on", "2026-01-31", "maybe_at", "2026-01-31T14:30", "maybe_amount", "1,000.00", "maybe_rate", "4.25", "maybe_key", "0190163d-8694-739b-aea5-966c26f8ad91", "maybe_email", "ana@example.com", "maybe_url", "https://example.com/a", "maybe_mood", "good", "maybe_customer_id", "customer-1", "order", "42", "line_1", "Some words", "grams", "42"),
	},
	{
		name: "weighed: refused", path: "/" + sampleKey + "/weighed", status: 422, version: 1,
		post: typed("_version", "1", "title", "Some words", "story", "Some words", "count", "ten", "agreed", "maybe", "taken_on", "31.1.2026", "at", "noon", "amount", "ten", "rate", "ten", "key", "42", "email", "ana@example.com", "home_url", "https://example.com/a", "mood", "something_else", "customer_id", "customer-1", "maybe_title", "Some words", "maybe_story", "Some words", "maybe_count", "ten", "maybe_agreed", "maybe", "maybe_on", "31.1.2026", "maybe_at", "noon", "maybe_amount", "ten", "maybe_rate", "ten", "maybe_key", "42", "maybe_email", "ana@example.com", "maybe_url", "https://example.com/a", "maybe_mood", "something_else", "maybe_customer_id", "customer-1", "order", "ten", "line_1", "Some words", "grams", "ten"),
		want: []string{
			`value="Some words"`,
			"Some words</textarea>",
			"Count must be a whole number such as 42",
			`value="ten"`,
			"Agreed must be yes or no",
			"Taken on must be a date such as 2026-01-31",
			`value="31.1.2026"`,
			"Time must be a date and time such as 2026-01-31 14:30",
			`value="noon"`,
			"Amount must be an amount such as 1,234.56",
			`value="ten"`,
			"Rate must be a number such as 4.25",
			`value="ten"`,
			"Key must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91",
			`value="42"`,
			`value="ana@example.com"`,
			`value="https://example.com/a"`,
			"Mood must be one of good, very_bad",
			`value="customer-1"`,
			`value="Some words"`,
			"Some words</textarea>",
			"Maybe count must be a whole number such as 42",
			`value="ten"`,
			"Maybe agreed must be yes or no",
			"Maybe on must be a date such as 2026-01-31",
			`value="31.1.2026"`,
			"Maybe at must be a date and time such as 2026-01-31 14:30",
			`value="noon"`,
			"Maybe amount must be an amount such as 1,234.56",
			`value="ten"`,
			"Maybe rate must be a number such as 4.25",
			`value="ten"`,
			"Maybe key must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91",
			`value="42"`,
			`value="ana@example.com"`,
			`value="https://example.com/a"`,
			"Maybe mood must be one of good, bad",
			`value="customer-1"`,
			"Order must be a whole number such as 42",
			`value="ten"`,
			`value="Some words"`,
			"Grams must be a whole number such as 42",
			`value="ten"`,
		},
	},
	{
		name: "weighed: from another site", path: "/" + sampleKey + "/weighed", status: 403, version: 1,
		post: typed("_version", "1", "title", "Some words", "story", "Some words", "count", "42", "agreed", "yes", "taken_on", "2026-01-31", "at", "2026-01-31T14:30", "amount", "1,000.00", "rate", "4.25", "key", "0190163d-8694-739b-aea5-966c26f8ad91", "email", "ana@example.com", "home_url", "https://example.com/a", "mood", "good", "customer_id", "customer-1", "maybe_title", "Some words", "maybe_story", "Some words", "maybe_count", "42", "maybe_agreed", "yes", "maybe_on", "2026-01-31", "maybe_at", "2026-01-31T14:30", "maybe_amount", "1,000.00", "maybe_rate", "4.25", "maybe_key", "0190163d-8694-739b-aea5-966c26f8ad91", "maybe_email", "ana@example.com", "maybe_url", "https://example.com/a", "maybe_mood", "good", "maybe_customer_id", "customer-1", "order", "42", "line_1", "Some words", "grams", "42"), crossSite: true,
	},
	{
		name: "weighed", path: "/" + sampleKey + "/weighed", status: 303, version: 2,
		post: typed("_version", "1", "title", "Some words", "story", "Some words", "count", "42", "agreed", "yes", "taken_on", "2026-01-31", "at", "2026-01-31T14:30", "amount", "1,000.00", "rate", "4.25", "key", "0190163d-8694-739b-aea5-966c26f8ad91", "email", "ana@example.com", "home_url", "https://example.com/a", "mood", "good", "customer_id", "customer-1", "maybe_title", "Some words", "maybe_story", "Some words", "maybe_count", "42", "maybe_agreed", "yes", "maybe_on", "2026-01-31", "maybe_at", "2026-01-31T14:30", "maybe_amount", "1,000.00", "maybe_rate", "4.25", "maybe_key", "0190163d-8694-739b-aea5-966c26f8ad91", "maybe_email", "ana@example.com", "maybe_url", "https://example.com/a", "maybe_mood", "good", "maybe_customer_id", "customer-1", "order", "42", "line_1", "Some words", "grams", "42"),
	},
	{
		name: "weighed: too late", path: "/" + sampleKey + "/weighed", status: 409, version: 2,
		post: typed("_version", "1", "title", "Some words", "story", "Some words", "count", "42", "agreed", "yes", "taken_on", "2026-01-31", "at", "2026-01-31T14:30", "amount", "1,000.00", "rate", "4.25", "key", "0190163d-8694-739b-aea5-966c26f8ad91", "email", "ana@example.com", "home_url", "https://example.com/a", "mood", "good", "customer_id", "customer-1", "maybe_title", "Some words", "maybe_story", "Some words", "maybe_count", "42", "maybe_agreed", "yes", "maybe_on", "2026-01-31", "maybe_at", "2026-01-31T14:30", "maybe_amount", "1,000.00", "maybe_rate", "4.25", "maybe_key", "0190163d-8694-739b-aea5-966c26f8ad91", "maybe_email", "ana@example.com", "maybe_url", "https://example.com/a", "maybe_mood", "good", "maybe_customer_id", "customer-1", "order", "42", "line_1", "Some words", "grams", "42"),
		want: []string{"Somebody was faster", "<strong>Weighed</strong>"},
	},
	{
		name: "as it was", path: "/" + sampleKey + "?version=1", status: 200, version: 2,
		want: []string{"You are looking at the past", "Taken"}, not: []string{`method="post" action="/samples/`, "<strong>Weighed</strong>"},
	},
	{name: "before anybody knew of it", path: "/" + sampleKey + "?as_of=2000-01-01", status: 404, version: 2},
	{name: "known by now", path: "/" + sampleKey + "?as_of=2199-01-01", status: 200, want: []string{"You are looking at the past"}, version: 2},
	{name: "one that does not exist", path: "/nonsense", status: 404, version: 2},
}

func TestSamples_Life(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Sample.In(s.log).For(sampleKey), "/samples", sampleLife)
	})
}
