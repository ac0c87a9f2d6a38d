package projections

import (
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/events/coldroom"
)

// ColdCount is what is known of a cold room.
type ColdCount struct {
	On    civil.Date
	Count int64
}

// ColdCounts is computed from the events of a cold room when it is asked for.
var ColdCounts = ireneo.NewProjection("cold_counts",
	ireneo.On(func(c *ColdCount, e *coldroom.HostLinux, _ time.Time) {
		c.On = e.On
	}),
)
