package commands_test

import (
	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/events"
)

// application is what the log of a test is told: all that can happen, and to what.
var application = ireneo.Config{Streams: streams.All, Events: events.All}
