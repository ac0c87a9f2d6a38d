package events_test

import (
	_ "embed"
	"testing"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/coldroom"
)

// coldRoomOpenedV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed coldroom/testdata/opened.v1.json
var coldRoomOpenedV1 string

func coldRoomOpened() *coldroom.Opened {
	return &coldroom.Opened{}
}

func TestColdRoomOpened_Rules(t *testing.T) {
	checkRules(t, coldRoomOpened, map[string]rule[coldroom.Opened]{})
}

func TestColdRoomOpened_RoundTrip(t *testing.T) {
	checkRoundTrip(t, coldRoomOpened(), coldRoomOpenedV1)
}
