package main

import (
	"fmt"
	"testing"
	"time"
)

// Every design appends to each client's stream, version by version, the bytes of the others.
func TestBaselines(t *testing.T) {
	p := onPostgres(t)
	for _, r := range baselines() {
		t.Run(r.name+fmt.Sprint(r.clients), func(t *testing.T) {
			s := p.site(r.clients)
			closeAfter(t, s.close)
			load, err := r.start(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			before := lookIn(t, s)
			ops := countRun(t, load)

			after := lookIn(t, s)
			if grown := after.entries - before.entries; r.name != replayDesign && grown != ops || r.name == replayDesign && grown != 0 {
				t.Errorf("%d operations stored %d events", ops, grown)
			}
			if after.strange != 0 || after.gaps != 0 {
				t.Errorf("%d events are not those of an append, and %d streams have gaps", after.strange, after.gaps)
			}
		})
	}
}

// countRun runs a load for a moment, and returns how many operations it made.
func countRun(t *testing.T, l load) (ops int) {
	t.Helper()
	found, err := l.run(t.Context(), 20*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		ops += len(c.each)
	}
	return ops
}

type inLog struct{ entries, strange, gaps int }

func lookIn(t *testing.T, s *site) (found inLog) {
	t.Helper()
	pool, err := s.pool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, meta := stored()
	err = pool.QueryRow(t.Context(), `
		SELECT
			(SELECT count(*) FROM event_entries),
			(SELECT count(*) FROM event_entries WHERE data::text <> $1 OR meta::text <> $2),
			(SELECT count(*) FROM (SELECT 1 FROM event_entries GROUP BY stream_type, stream_id HAVING max(version) <> count(*)) AS gaps)`,
		string(data), string(meta)).Scan(&found.entries, &found.strange, &found.gaps)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
