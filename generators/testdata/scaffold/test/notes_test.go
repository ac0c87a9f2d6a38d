package test

import (
	"net/url"
	"testing"

	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
)

// noteKey is the key of the form that begins a note, and so its id.
const noteKey = "0c0ffee0-0000-4000-8000-000000000001"

// noteNew is that form, filled in.
var noteNew = typed("_key", noteKey, "_version", "0", "title", "Some words", "body", "Some words", "due_on", "2026-01-31")

// noteList is the list, found, filtered and sorted.
var noteList = []request{
	{name: "empty", path: "", status: 200, want: []string{"No notes yet"}},
	{name: "create", path: "", post: noteNew, status: 303, want: []string{"/notes/" + noteKey}, version: 1},
	{name: "one row", path: "", status: 200, want: []string{"/notes/" + noteKey, "Some words"}, version: 1},
	{name: "searched", path: "?q=SOM", status: 200, want: []string{"/notes/" + noteKey}, version: 1},
	{name: "of a state", path: "?status=created", status: 200, want: []string{"/notes/" + noteKey}, version: 1},
	{
		name: "nothing found", path: "?q=" + url.QueryEscape(markup), status: 200, version: 1,
		want: []string{"No note fits", escaped}, not: []string{markup},
	},
	{name: "by title", path: "?sort=-title", status: 200, want: []string{"/notes/" + noteKey}, version: 1},
	{name: "by status", path: "?sort=-status", status: 200, want: []string{"/notes/" + noteKey}, version: 1},
	{name: "a sort that does not exist", path: "?sort=nonsense", status: 400, version: 1},
	{name: "a state that does not exist", path: "?status=nonsense", status: 400, version: 1},
	{name: "a filter that does not exist", path: "?nonsense=1", status: 400, version: 1},
	{name: "for spreadsheets", path: ".csv", status: 200, want: []string{noteKey + ",created"}, version: 1},
}

func TestNotes_List(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Note.In(s.log).For(noteKey), "/notes", noteList)
	})
}

// noteCreate is what the form makes of what is typed.
var noteCreate = []request{
	{name: "form", path: "/new", status: 200, want: []string{`name="_key"`, `name="_version" value="0"`, `name="title"`, `name="body"`, `name="due_on"`}},
	{
		name: "refused", path: "", status: 422,
		post: noteNew.with(typed("title", "Some words", "body", "Some words", "due_on", "31.1.2026")),
		want: []string{
			`value="Some words"`,
			"Some words</textarea>",
			"Due on must be a date such as 2026-01-31",
			`value="31.1.2026"`,
		},
	},
	{name: "a field too many", path: "", post: noteNew.with(typed("nonsense", "1")), status: 422, want: []string{"This form has no such field: nonsense"}},
	{name: "from another site", path: "", post: noteNew, crossSite: true, status: 403},
	{name: "nothing was recorded", path: "", status: 200, want: []string{"No notes yet"}},
	{name: "markup", path: "", post: noteNew.with(typed("title", markup, "body", "Some words", "due_on", "2026-01-31")), status: 303, version: 1},
	{name: "markup on its page", path: "/" + noteKey, status: 200, want: []string{escaped}, not: []string{markup}, version: 1},
	{name: "markup in the list", path: "", status: 200, not: []string{markup}, version: 1},
}

func TestNotes_Create(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Note.In(s.log).For(noteKey), "/notes", noteCreate)
	})
}

// noteLife is what can happen to one, and how it was.
var noteLife = []request{
	{name: "create", path: "", post: noteNew, status: 303, want: []string{"/notes/" + noteKey}, version: 1},
	{name: "sent twice", path: "", post: noteNew, status: 303, version: 1},
	{
		name: "updated: form", path: "/" + noteKey, status: 200, version: 1,
		want: []string{`id="updated" method="post" action="/notes/`, `name="_version" value="1"`},
	},
	{
		name: "updated: a field too many", path: "/" + noteKey + "/updated", status: 422, version: 1,
		post: typed("_version", "1", "nonsense", "1", "title", "Some words", "body", "Some words", "due_on", "2026-01-31"),
	},
	{
		name: "updated: refused", path: "/" + noteKey + "/updated", status: 422, version: 1,
		post: typed("_version", "1", "title", "Some words", "body", "Some words", "due_on", "31.1.2026"),
		want: []string{
			`value="Some words"`,
			"Some words</textarea>",
			"Due on must be a date such as 2026-01-31",
			`value="31.1.2026"`,
		},
	},
	{
		name: "updated: from another site", path: "/" + noteKey + "/updated", status: 403, version: 1,
		post: typed("_version", "1", "title", "Some words", "body", "Some words", "due_on", "2026-01-31"), crossSite: true,
	},
	{
		name: "updated", path: "/" + noteKey + "/updated", status: 303, version: 2,
		post: typed("_version", "1", "title", "Some words", "body", "Some words", "due_on", "2026-01-31"),
	},
	{
		name: "updated: too late", path: "/" + noteKey + "/updated", status: 409, version: 2,
		post: typed("_version", "1", "title", "Some words", "body", "Some words", "due_on", "2026-01-31"),
		want: []string{"Somebody was faster", "<strong>Updated</strong>"},
	},
	{
		name: "archived: form", path: "/" + noteKey, status: 200, version: 2,
		want: []string{`id="archived" method="post" action="/notes/`, `name="_version" value="2"`},
	},
	{
		name: "archived: a field too many", path: "/" + noteKey + "/archived", status: 422, version: 2,
		post: typed("_version", "2", "nonsense", "1"),
	},
	{
		name: "archived: from another site", path: "/" + noteKey + "/archived", status: 403, version: 2,
		post: typed("_version", "2"), crossSite: true,
	},
	{
		name: "archived", path: "/" + noteKey + "/archived", status: 303, version: 3,
		post: typed("_version", "2"),
	},
	{
		name: "archived: too late", path: "/" + noteKey + "/archived", status: 409, version: 3,
		post: typed("_version", "2"),
		want: []string{"Somebody was faster", "<strong>Archived</strong>"},
	},
	{name: "closed", path: "/" + noteKey, status: 200, want: []string{"Nothing more to do"}, not: []string{`method="post" action="/notes/`}, version: 3},
	{
		name: "nothing follows", path: "/" + noteKey + "/updated", status: 409, version: 3,
		post: typed("_version", "3", "title", "Some words", "body", "Some words", "due_on", "2026-01-31"), want: []string{"This is closed"},
	},
	{
		name: "as it was", path: "/" + noteKey + "?version=1", status: 200, version: 3,
		want: []string{"You are looking at the past", "Created"}, not: []string{`method="post" action="/notes/`, "<strong>Updated</strong>"},
	},
	{name: "before anybody knew of it", path: "/" + noteKey + "?as_of=2000-01-01", status: 404, version: 3},
	{name: "known by now", path: "/" + noteKey + "?as_of=2199-01-01", status: 200, want: []string{"You are looking at the past"}, version: 3},
	{name: "one that does not exist", path: "/nonsense", status: 404, version: 3},
}

func TestNotes_Life(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.Note.In(s.log).For(noteKey), "/notes", noteLife)
	})
}
