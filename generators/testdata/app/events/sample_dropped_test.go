package events_test

import (
	_ "embed"
	"testing"

	"github.com/ireneo-dev/ireneo/generators/testdata/app/events/sample"
)

// sampleDroppedV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed sample/testdata/dropped.v1.json
var sampleDroppedV1 string

func sampleDropped() *sample.Dropped {
	return &sample.Dropped{}
}

func TestSampleDropped_Rules(t *testing.T) {
	checkRules(t, sampleDropped, map[string]rule[sample.Dropped]{})
}

func TestSampleDropped_RoundTrip(t *testing.T) {
	checkRoundTrip(t, sampleDropped(), sampleDroppedV1)
}
