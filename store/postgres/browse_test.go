package postgres

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/storetest"
)

// TestBrowse_PagesRead asks how many pages PostgreSQL reads for an answer out of a log of
// which an answer is a small part: a rare type, all of it long ago, one that is everywhere, a
// stream that is half the log. It must be few before the log was analyzed and after, whether
// PostgreSQL knows the arguments when it plans or not. Nor does it compile any of them, which
// takes longer than the pages, however much it thinks of them.
func TestBrowse_PagesRead(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	const records = 60000
	if _, err := s.pool.Exec(t.Context(), `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, correlation_id, causation_id, recorded_at, occurred_at)
		SELECT
			n, 1, 'debt', CASE WHEN n % 2 = 0 THEN 'long' ELSE 'debts-' || n % 9999 END, n, gen_random_uuid(),
			CASE WHEN n < 9 THEN 'rare' WHEN n % 20 = 0 THEN 'type.' || n % 48 ELSE 'common' END, 1, '{}',
			json_build_object('correlation_id', id, 'causation_id', id), id, id,
			now(), now()
		FROM generate_series(1, $1::bigint) AS n
		CROSS JOIN LATERAL (
			SELECT CASE WHEN n < 9 THEN 'rare' WHEN n % 3 = 0 THEN 'common' END AS id
		) AS ids`, records); err != nil {
		t.Fatal(err)
	}
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()

	execute(t, conn, "SET jit_above_cost = 0")
	defer execute(t, conn, "RESET jit_above_cost")
	asked := statements(records)
	for _, typ := range []string{"rare", "common", "nothing"} {
		for i, text := range storetest.Asked(t, s, typ) {
			asked[fmt.Sprintf("helper %d of %s", i, typ)] = question{text, nil, 100}
		}
	}
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			execute(t, conn, "VACUUM ANALYZE event_entries")
		}
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			execute(t, conn, "SET plan_cache_mode = "+mode)
			for name, c := range asked {
				read, plan := pages(t, conn, c)
				if read > c.most {
					t.Errorf("%s, %s, analyzed %v: read %d pages, want %d at most\n%s", name, mode, analyzed, read, c.most, plan)
				}
				if strings.Contains(plan, "JIT:") {
					t.Errorf("%s, %s, analyzed %v: it is compiled\n%s", name, mode, analyzed, plan)
				}
			}
		}
	}
}

// question is a statement and the most pages it may read.
type question struct {
	text string
	args []any
	most int
}

func statements(records int64) map[string]question {
	all := map[string]question{}
	add := func(name string, most int, build func(st *statement)) {
		var st statement
		build(&st)
		all[name] = question{st.String(), st.args, most}
	}

	var types []string
	for n := range 48 {
		types = append(types, fmt.Sprintf("type.%d", n))
	}
	for _, oldest := range []bool{false, true} {
		for part, q := range map[string]store.Browse{
			"all":    {},
			"middle": {After: store.Point{Position: records / 3}, Before: store.Point{Position: records / 2}},
			"little": {After: store.Point{Position: records / 2}, Before: store.Point{Position: records/2 + 9}},
		} {
			q.Oldest, q.Limit = oldest, 20
			name := fmt.Sprintf(" of %s, oldest %v", part, oldest)
			add("log"+name, 60, func(st *statement) { st.alongLog(q) })
			for _, value := range []string{"rare", "common", "nothing"} {
				add(value+" type"+name, 60, func(st *statement) { st.alongKey(q, byType, []string{value}) })
				add(value+" correlation"+name, 60, func(st *statement) { st.alongKey(q, byCorrelation, []string{value}) })
				add(value+" causation"+name, 60, func(st *statement) { st.alongKey(q, byCausation, []string{value}) })
			}
			add("fifty types"+name, 2000, func(st *statement) { st.alongKey(q, byType, append(types, "rare", "common")) })
			q.Stream = store.Stream{Type: "debt", ID: "long"}
			add("stream"+name, 60, func(st *statement) { st.alongStream(q, 5000, math.MaxInt64) })
			q.Stream.ID = "debts-5" // which ends early
			add("end of a stream"+name, 60, func(st *statement) { st.alongStream(q, records, math.MaxInt64) })
			q.Types, q.Stream.ID = []string{"common"}, ""
			add("type of a kind"+name, 60, func(st *statement) { st.alongKey(q, byType, q.Types) })
		}
	}
	for _, q := range []store.Heads{
		{}, {Backwards: true}, {After: "m"}, {Prefix: "l"}, {Prefix: "debts-1"}, {Prefix: "debts-1", After: "debts-11", Backwards: true},
	} {
		q.Type, q.Limit = "debt", 20
		add(fmt.Sprintf("heads %+v", q), 300, func(st *statement) { st.heads(q) })
	}
	for name, q := range map[string]store.Query{
		"last version":  {Order: store.LastFirst},
		"first version": {Order: store.ByVersion, AfterVersion: 5000},
	} {
		q.Stream, q.Limit = store.Stream{Type: "debt", ID: "long"}, 1
		text, args := selection(q)
		all[name] = question{text, args, 40}
	}
	all["sample"] = question{sample, []any{[]int64{7, 1000, records / 2, records, records + 1}}, 40}

	return all
}

// pages is how many a statement reads, and how.
func pages(t *testing.T, conn *pgxpool.Conn, c question) (read int, plan string) {
	t.Helper()
	values := make([]string, len(c.args))
	for i, arg := range c.args {
		values[i] = literal(arg)
	}
	execute(t, conn, "PREPARE asked AS "+c.text)
	defer execute(t, conn, "DEALLOCATE asked")
	run := "EXECUTE asked"
	if len(values) > 0 {
		run += "(" + strings.Join(values, ", ") + ")"
	}

	var answer []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+run).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	var plans []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := json.Unmarshal(answer, &plans); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN (ANALYZE, BUFFERS) "+run)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}

	return plans[0].Plan.Hit + plans[0].Plan.Read, strings.Join(lines, "\n")
}

func literal(value any) string {
	switch v := value.(type) {
	case []string:
		return "'{" + strings.Join(v, ",") + "}'"
	case []int64:
		return "'{" + strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ","), "[]") + "}'"
	case string:
		return "'" + v + "'"
	default:
		return fmt.Sprint(v)
	}
}

func execute(t *testing.T, conn *pgxpool.Conn, text string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), text, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}
