package streams_test

import (
	"testing"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func TestC19_AllStreamsAreDocumented(t *testing.T) {
	ireneotest.Documented(t, ireneotest.SQLite(t, ireneo.Config{Streams: streams.All, Events: events.All}))
}
