package streams_test

import (
	"testing"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// Stored events are found by the type of their stream, so it never changes.
func TestDebt_IsStoredAs(t *testing.T) {
	if got, want := streams.Debt.Type, "debt"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDebt_BeginsEmpty(t *testing.T) {
	log := ireneotest.SQLite(t, ireneo.Config{Streams: []*ireneo.Stream{streams.Debt}, Events: events.All})
	got, err := streams.Debt.In(log).For("1").Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got != 0 {
		t.Errorf("got version %d, want 0", got)
	}
}

func TestDebt_IsDocumented(t *testing.T) {
	ireneotest.Documented(t, ireneotest.SQLite(t, ireneo.Config{Streams: streams.All, Events: events.All}))
}
