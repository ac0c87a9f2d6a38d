package admin

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The long log: so many debts that they have a million events together, one debt with many
// of them, some types that are rare, and one that nobody knows any more.
const (
	longLog   = 1_000_000
	greatDebt = 10_000 // events of debt/great
	perDebt   = 20     // events of all others
	perChain  = 5      // events that share a correlation id, each the cause of the next
	customers = 1_000
)

var began = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// seedLog fills the log at url by COPY, in the order of positions, and says how the events
// are distributed no more than the constants do.
func seedLog(t *testing.T, url string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	indexes := dropIndexes(t, conn)
	columns := []string{
		"position", "ordinal", "stream_type", "stream_id", "version", "event_id", "type", "schema_version",
		"data", "meta", "correlation_id", "causation_id", "recorded_at", "occurred_at",
	}
	position := int64(0)
	rows := pgx.CopyFromFunc(func() ([]any, error) {
		if position == longLog {
			return nil, nil
		}
		position++
		return record(position), nil
	})
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"event_entries"}, columns, rows); err != nil {
		t.Fatalf("seed: %v", err)
	}
	for _, then := range append(indexes, "SELECT setval('event_entries_position_seq', (SELECT MAX(position) FROM event_entries))", "VACUUM ANALYZE event_entries") {
		if _, err := conn.Exec(ctx, then); err != nil {
			t.Fatalf("seed: %v", err)
		}
	}
}

// dropIndexes drops what pages look the log up by, which is faster made in the end, and
// returns the statements that do.
func dropIndexes(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'event_entries' AND indexname LIKE '%_idx'")
	if err != nil {
		t.Fatal(err)
	}
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Statement string }])
	if err != nil || len(indexes) == 0 {
		t.Fatalf("got %v, %v", indexes, err)
	}
	var statements []string
	for _, index := range indexes {
		if _, err := conn.Exec(t.Context(), "DROP INDEX "+index.Name); err != nil {
			t.Fatal(err)
		}
		statements = append(statements, index.Statement)
	}
	return statements
}

// record is the event at a position. The great debt is at the beginning of the log; then
// each debt grows by one event in turn, in groups of 100 debts.
func record(position int64) []any {
	stream, version := "great", position
	if position > greatDebt {
		n := position - greatDebt - 1
		group, within := n/(100*perDebt), n%(100*perDebt)
		stream, version = fmt.Sprintf("d-%06d", group*100+within%100), within/100+1
	}
	typ, data := event(stream, version)
	recorded := began.Add(time.Duration(position) * 30 * time.Second)
	occurred := recorded
	if position%97 == 0 && version > 2 && stream != "great" {
		occurred = recorded.Add(-48 * time.Hour) // recorded late
	}
	chain := (position - 1) / perChain
	correlation, causation := fmt.Sprintf("chain-%d", chain), any(nil)
	meta := map[string]any{"actor": fmt.Sprintf("clerk-%d", position%7), "correlation_id": correlation}
	if (position-1)%perChain > 0 {
		causation = eventID(position - 1).String()
		meta["causation_id"] = causation
	}
	return []any{position, 1, "debt", stream, version, eventID(position), typ, 1, data, text(meta), correlation, causation, recorded, occurred}
}

// event is the one a debt has at a version.
func event(stream string, version int64) (typ, data string) {
	sum := sha256.Sum256([]byte(stream))
	customer := fmt.Sprintf("c-%03d", (int(sum[0])<<8|int(sum[1]))%customers)
	switch {
	case version == 1:
		return "debt.issued", fmt.Sprintf(`{"customer_id":%q,"amount":100000000,"interest_rate":"3.5","on":"2025-01-01"}`, customer)
	case stream == "d-000100" && version == 7:
		return "debt.reminded", `{"by":"letter"}` // which no program knows any more
	case stream == "d-000200" && version == 9:
		return "debt.written_off", `{"amount":5,"reason":"rounding","on":"2025-06-01"}`
	default:
		return "debt.payment_received", fmt.Sprintf(`{"principal":%d,"note":"instalment %d of %s","on":"2025-02-01"}`, version%50+1, version, stream)
	}
}

// eventID is that of the event at a position.
func eventID(position int64) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d", position))
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
