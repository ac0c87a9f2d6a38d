package main

import (
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

func TestOnPostgres(t *testing.T) {
	p := onPostgres(t)
	p.events = 60
	for _, tt := range []struct {
		name string
		test func(t *testing.T, p *place)
	}{
		{"rebuild, copy and replay are of all events", testOfAllEvents},
		{"a history is what appends would have stored", testHistory},
		{"a delivery is timed until its row is there", testDelivery},
		{"operations at a depth find it", testDepths},
		{"snapshots spare a cold append the beginning", testSnapshotsHelp},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, p) })
	}
}

func testOfAllEvents(t *testing.T, p *place) {
	for name, begin := range map[string]start{"rebuild": startRebuild, "copy": startCopy, "replay": watchingMemory(startReplay)} {
		s := p.site(1)
		closeAfter(t, s.close)
		load, err := begin(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		found, err := load.run(t.Context(), time.Millisecond)
		if err != nil || found[0].events != 60 {
			t.Errorf("%s: got %v and %v, want 60 events", name, found, err)
		}
	}
}

// The log goes on where the history ends.
func testHistory(t *testing.T, p *place) {
	h, err := p.history(t.Context(), 6)
	if err != nil {
		t.Fatal(err)
	}
	st, err := h.site.postgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	carrier, err := withLog(t.Context(), st, config(account))
	if err != nil {
		t.Fatal(err)
	}
	if err := account.For(streamID(5)).Append(carrier, deposited(), ireneo.ExpectVersion(10)); err != nil {
		t.Fatal(err)
	}

	var positions []int64
	contents := map[string]bool{}
	for r, err := range st.Read(t.Context(), store.Query{Stream: store.Stream{Type: account.Type, ID: streamID(5)}}) {
		if err != nil {
			t.Fatal(err)
		}
		positions, contents[string(r.Data)+string(r.Meta)+r.Type] = append(positions, r.Position), true
	}
	if len(positions) != 11 || positions[0] != 6 || positions[10] <= 60 || len(contents) != 1 {
		t.Errorf("got positions %v of %d contents, want ten from 6 to 60 and a later one, all alike", positions, len(contents))
	}
}

// What was timed is there, and each time is of one append.
func testDelivery(t *testing.T, p *place) {
	s := p.site(2)
	closeAfter(t, s.close)
	load, err := startDelivery(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	found, err := load.run(t.Context(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	var deposits int
	if err := load.(*delivery).conn.QueryRow(t.Context(), "SELECT sum(deposits) FROM balances").Scan(&deposits); err != nil {
		t.Fatal(err)
	}
	if timed := len(found[0].each); timed < 2 || deposits != timed+2 {
		t.Errorf("%d deliveries are timed, and %d deposits in the rows: want two more, of the warm-up", timed, deposits)
	}
}
