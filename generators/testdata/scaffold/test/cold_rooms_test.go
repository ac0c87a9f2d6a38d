package test

import (
	"net/url"
	"testing"

	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
)

// coldRoomKey is the key of the form that begins a cold room, and so its id.
const coldRoomKey = "0c0ffee0-0000-4000-8000-000000000001"

// coldRoomNew is that form, filled in.
var coldRoomNew = typed("_key", coldRoomKey, "_version", "0")

// coldRoomList is the list, found, filtered and sorted.
var coldRoomList = []request{
	{name: "empty", path: "", status: 200, want: []string{"No cold rooms yet"}},
	{name: "create", path: "", post: coldRoomNew, status: 303, want: []string{"/cold-rooms/" + coldRoomKey}, version: 1},
	{name: "one row", path: "", status: 200, want: []string{"/cold-rooms/" + coldRoomKey, "Cold room 0c0ffee0"}, version: 1},
	{name: "searched", path: "?q=0c0ffee0", status: 200, want: []string{"/cold-rooms/" + coldRoomKey}, version: 1},
	{name: "of a state", path: "?status=opened", status: 200, want: []string{"/cold-rooms/" + coldRoomKey}, version: 1},
	{
		name: "nothing found", path: "?q=" + url.QueryEscape(markup), status: 200, version: 1,
		want: []string{"No cold room fits", escaped}, not: []string{markup},
	},
	{name: "by status", path: "?sort=-status", status: 200, want: []string{"/cold-rooms/" + coldRoomKey}, version: 1},
	{name: "a sort that does not exist", path: "?sort=nonsense", status: 400, version: 1},
	{name: "a state that does not exist", path: "?status=nonsense", status: 400, version: 1},
	{name: "a filter that does not exist", path: "?nonsense=1", status: 400, version: 1},
	{name: "for spreadsheets", path: ".csv", status: 200, want: []string{coldRoomKey + ",opened"}, version: 1},
}

func TestColdRooms_List(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.ColdRoom.In(s.log).For(coldRoomKey), "/cold-rooms", coldRoomList)
	})
}

// coldRoomCreate is what the form makes of what is typed.
var coldRoomCreate = []request{
	{name: "form", path: "/new", status: 200, want: []string{`name="_key"`, `name="_version" value="0"`}},
	{name: "a field too many", path: "", post: coldRoomNew.with(typed("nonsense", "1")), status: 422, want: []string{"This form has no such field: nonsense"}},
	{name: "from another site", path: "", post: coldRoomNew, crossSite: true, status: 403},
	{name: "nothing was recorded", path: "", status: 200, want: []string{"No cold rooms yet"}},
	{name: "created", path: "", post: coldRoomNew, status: 303, version: 1},
	{name: "its page", path: "/" + coldRoomKey, status: 200, want: []string{"Cold room 0c0ffee0"}, version: 1},
}

func TestColdRooms_Create(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.ColdRoom.In(s.log).For(coldRoomKey), "/cold-rooms", coldRoomCreate)
	})
}

// coldRoomLife is what can happen to one, and how it was.
var coldRoomLife = []request{
	{name: "create", path: "", post: coldRoomNew, status: 303, want: []string{"/cold-rooms/" + coldRoomKey}, version: 1},
	{name: "sent twice", path: "", post: coldRoomNew, status: 303, version: 1},
	{
		name: "as it was", path: "/" + coldRoomKey + "?version=1", status: 200, version: 1,
		want: []string{"You are looking at the past", "Opened"}, not: []string{`method="post" action="/cold-rooms/`},
	},
	{name: "before anybody knew of it", path: "/" + coldRoomKey + "?as_of=2000-01-01", status: 404, version: 1},
	{name: "known by now", path: "/" + coldRoomKey + "?as_of=2199-01-01", status: 200, want: []string{"You are looking at the past"}, version: 1},
	{name: "one that does not exist", path: "/nonsense", status: 404, version: 1},
}

func TestColdRooms_Life(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *website) {
		s.run(t, streams.ColdRoom.In(s.log).For(coldRoomKey), "/cold-rooms", coldRoomLife)
	})
}
