package ireneo_test

import (
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// BenchmarkRebuild rebuilds rows of ten events each, which lie between those of all other
// rows in the log, and compares that with PostgreSQL writing the same events to /dev/null.
func BenchmarkRebuild(b *testing.B) {
	const events, rows = 100_000, 10_000
	c := config()
	log := ireneotest.Postgres(b, c)
	must(b, log.DB().Exec(`
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at)
		SELECT i + 1, 1, 'account', 'account-' || i % ?, i / ? + 1, gen_random_uuid(), 'account.deposited', 1,
			json_build_object('amount', i + 1, 'note', 'one of them'), json_build_object('request_id', gen_random_uuid()), now(), now()
		FROM generate_series(0, ? - 1) AS i`, rows, rows, events).Error)
	must(b, log.DB().Exec("SELECT setval('event_entries_position_seq', ?)", events).Error)
	must(b, log.DB().Exec("VACUUM ANALYZE event_entries").Error)

	var copied, rebuilt time.Duration
	for b.Loop() {
		began := time.Now()
		must(b, log.DB().Exec("COPY (SELECT * FROM event_entries) TO '/dev/null'").Error)
		copied += time.Since(began)
		began = time.Now()
		must(b, log.Rebuild(b.Context(), "balances", func(ireneo.Rebuild) {}))
		rebuilt += time.Since(began)
	}
	b.ReportMetric(events*float64(b.N)/rebuilt.Seconds(), "events/s")
	b.ReportMetric(copied.Seconds()/rebuilt.Seconds(), "of-COPY")
}
