package events_test

import (
	_ "embed"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/generators/testdata/app/events/coldroom"
)

// coldRoomHostLinuxV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed coldroom/testdata/host_linux_event.v1.json
var coldRoomHostLinuxV1 string

func coldRoomHostLinux() *coldroom.HostLinux {
	return &coldroom.HostLinux{On: civil.Date{Year: 2026, Month: 1, Day: 31}}
}

func TestColdRoomHostLinux_Rules(t *testing.T) {
	checkRules(t, coldRoomHostLinux, map[string]rule[coldroom.HostLinux]{
		"no date": {func(e *coldroom.HostLinux) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestColdRoomHostLinux_RoundTrip(t *testing.T) {
	checkRoundTrip(t, coldRoomHostLinux(), coldRoomHostLinuxV1)
}
