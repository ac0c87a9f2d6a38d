package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// The limits insert the very bytes that an append stores.
func TestStored_IsWhatAppendStores(t *testing.T) {
	st, carrier := onSQLite(t)
	if err := account.For("account-0").Append(carrier, deposited()); err != nil {
		t.Fatal(err)
	}

	data, meta := stored()
	for r, err := range st.Read(t.Context(), store.Query{Stream: store.Stream{Type: "account", ID: "account-0"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if string(r.Data) != string(data) || string(r.Meta) != string(meta) {
			t.Errorf("got %s and %s, want %s and %s", r.Data, r.Meta, data, meta)
		}
	}
}

func TestRawSQLite_HasThePragmasOfTheStore(t *testing.T) {
	s := newSite(t)
	path := filepath.Join(t.TempDir(), "bench.sqlite3")
	st, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	s.later(st.Close)
	raw, err := sql.Open("sqlite", "file:"+path+"?"+sqlitePragmas)
	if err != nil {
		t.Fatal(err)
	}
	s.later(raw.Close)

	for _, pragma := range []string{"journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "wal_autocheckpoint", "cache_size"} {
		var got, want string
		if err := raw.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		err := st.DB().Transaction(func(tx *gorm.DB) error { return tx.Raw("PRAGMA " + pragma).Scan(&want).Error })
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: the limit has %s, the store %s", pragma, got, want)
		}
	}
}

func TestRun_WritesTableAndFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	var table bytes.Buffer
	if err := run(t.Context(), []string{"-quick", "-only", "p14", "-dir", t.TempDir(), "-out", "out.json"}, &table, io.Discard); err != nil {
		t.Fatal(err)
	}

	for _, want := range []string{"INSERT, modernc driver, FULL", "P14", "≥ 0.85"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("table lacks %q:\n%s", want, table.String())
		}
	}
	if strings.Contains(table.String(), "pgbench") {
		t.Errorf("table speaks of a limit that none of its rows has:\n%s", table.String())
	}
	text, err := os.ReadFile("out.json")
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 2 || got.Rows[1].Ratio == nil || got.Rows[1].Verdict == "" {
		t.Errorf("got rows %+v, want two, the second with a ratio and a verdict", got.Rows)
	}
	if files, _ := filepath.Glob("results/*"); len(files) != 2 {
		t.Errorf("got %v in results, want a JSON and a text file", files)
	}
}

func TestCases_NameTheirLimits(t *testing.T) {
	seen := map[limit]bool{}
	for _, r := range cases() {
		if seen[r.key()] {
			t.Errorf("%s is there twice", r)
		}
		seen[r.key()] = true
	}
	for _, r := range cases() {
		for _, l := range r.against() {
			if !seen[l] && !missingPeer(l) {
				t.Errorf("%s is compared with %v, which is no row", r, l)
			}
		}
		if r.target.absolute() == (r.limit != limit{}) && r.target != (target{}) {
			t.Errorf("%s has the target %v and the limit %v: it needs one of them", r, r.target, r.limit)
		}
	}
}

// missingPeer reports whether a limit is of a peer that the table has not at all.
func missingPeer(l limit) bool {
	name, _, ok := strings.Cut(l.name, ": ")
	return ok && !slices.ContainsFunc(cases(), func(r row) bool { return strings.HasPrefix(r.name, name+": ") })
}

func TestChoose(t *testing.T) {
	for name, tt := range map[string]struct {
		only    string
		pgbench bool
		want    []string
	}{
		"with its limits": {"P1", true, []string{"INSERT, pgbench × 1", "append, warm × 1", "INSERT, pgx × 1"}},
		"without pgbench": {"P1", false, []string{"append, warm × 1", "INSERT, pgx × 1"}},
		"with theirs":     {"P5", true, []string{"append, warm, depth 1 × 1", "append, warm, depth 10 000 × 1", "read of one snapshot × 1", "append, cold, snapshot, depth 10 000 × 1"}},
		"several":         {"p14, pgbench × 8", true, []string{"INSERT, pgbench × 8", "INSERT, modernc driver, FULL × 1", "append, SQLite, FULL × 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := choose(cases(), options{only: tt.only}, tt.pgbench)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, r.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := choose(cases(), options{only: "P99"}, true); err == nil {
		t.Error("a list that matches nothing is accepted")
	}
}

func TestReport_JudgesTheMedianOfTheRounds(t *testing.T) {
	limits, slow := row{name: "limit", clients: 1}, row{name: "slow", clients: 1, limit: limit{"limit", 1}, target: atLeast(0.85)}
	deep := row{name: "deep", clients: 1, limit: limit{"limit", 1}, target: latencyAtMost(1.05)}
	r := newReport([]row{limits, slow, deep}, options{rounds: 3})
	for i, ops := range []float64{100, 120, 149} { // the machine gets faster, the ratios hold
		r.Rows[0].Rounds = append(r.Rows[0].Rounds, sample{Ops: ops, P50: 100})
		r.Rows[1].Rounds = append(r.Rows[1].Rounds, sample{Ops: ops * []float64{0.8, 0.9, 0.86}[i]})
		r.Rows[2].Rounds = append(r.Rows[2].Rounds, sample{P50: []time.Duration{120, 110, 111}[i]})
	}

	r.judgeRows()
	for i, want := range []string{"", "0.86 ±0.05 met", "1.11 ±0.05 missed"} {
		if got := strings.TrimSpace(r.Rows[i].ofLimit() + " " + string(r.Rows[i].Verdict)); got != want {
			t.Errorf("%s: got %q, want %q", r.Rows[i].Name, got, want)
		}
	}
}

func TestReport_JudgesWhatIsBoundByItself(t *testing.T) {
	r := newReport([]row{
		{name: "delivery", target: p99AtMost(50 * time.Millisecond)},
		{name: "replay", target: memoryAtMost(256 << 20)},
	}, options{rounds: 3})
	for i, ms := range []time.Duration{49, 48, 51} {
		r.Rows[0].Rounds = append(r.Rows[0].Rounds, sample{P99: ms * time.Millisecond, P50: time.Hour})
		r.Rows[1].Rounds = append(r.Rows[1].Rounds, sample{Memory: usage{Live: int64(i+257) << 20, Resident: int64(300-i) << 20}})
	}

	r.judgeRows()
	for i, want := range []string{" p99 ≤ 50ms met", "259, 300 ≤ 256 MiB missed"} {
		row := r.Rows[i]
		if got := row.Memory.String() + " " + row.Target + " " + string(row.Verdict); got != want {
			t.Errorf("%s: got %q, want %q", row.Name, got, want)
		}
	}
}

func TestReport_SaysWhatEachLimitIs(t *testing.T) {
	r := newReport([]row{
		{name: "quick", clients: 8},
		{name: "slow", limit: limit{"quick", 8}, target: atLeast(0.95)},
		{name: "failing", limit: limit{"quick", 8}, target: atLeast(0.95)},
	}, options{rounds: 2})
	for i := range r.Rows {
		r.Rows[i].Rounds = []sample{{Ops: 100}, {Ops: 151}}
	}

	if err := r.conclude(t.Context(), &place{dir: t.TempDir(), notes: []string{"COPY went nowhere."}}); err != nil {
		t.Fatal(err)
	}
	want := "The limit of slow × 0 and of failing × 0 is quick × 8.\nCOPY went nowhere.\nDisturbed: quick × 8 ran at 100 to 151 ops/s."
	if got := r.legend() + r.drift(); !strings.HasSuffix(got, "\n"+want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSummarize_LeavesOutWhatIsNotTimed(t *testing.T) {
	got := summarize([]timings{
		{each: []time.Duration{time.Millisecond, 3 * time.Millisecond}, busy: 4 * time.Millisecond},
		{each: []time.Duration{2 * time.Millisecond}, busy: 2 * time.Millisecond},
	}, 2)
	want := sample{Count: 3, Ops: 1000, P50: 2 * time.Millisecond, P99: 2 * time.Millisecond}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSummarize_CountsTheEventsOfAnOperation(t *testing.T) {
	got := summarize([]timings{
		{each: []time.Duration{time.Second}, busy: time.Second, events: 500, memory: usage{Live: 3, Resident: 5}},
		{each: []time.Duration{time.Second}, busy: time.Second, events: 500, memory: usage{Live: 4, Resident: 4}},
	}, 1)
	want := sample{Count: 2, Ops: 500, P50: time.Second, P99: time.Second, Memory: usage{Live: 4, Resident: 5}}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWatched_SeesWhatIsInUse(t *testing.T) {
	hold := watched{clients{{op: func(context.Context) error {
		held := make([]byte, 64<<20)
		for begin := time.Now(); time.Since(begin) < 25*sampled; {
			runtime.GC()
		}
		runtime.KeepAlive(held)
		runtime.GC() // now it is garbage
		return nil
	}}}}
	found, err := hold.run(t.Context(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got := found[0].memory.Live >> 20; got < 64 || got > 128 {
		t.Errorf("got %d MiB, want 64 and a little", got)
	}
}

func TestSteady_CutsStartAndEnd(t *testing.T) {
	at := func(client, ms int) transaction {
		return transaction{client: client, took: time.Millisecond, end: time.Duration(ms) * time.Millisecond}
	}
	got := steady([]transaction{at(0, 0), at(1, 50), at(0, 100), at(0, 101), at(1, 150), at(0, 200), at(1, 400)})
	want := []timings{
		{each: []time.Duration{time.Millisecond, time.Millisecond}, busy: 100 * time.Millisecond},
		{each: []time.Duration{time.Millisecond}, busy: 100 * time.Millisecond},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := (&place{dir: t.TempDir()}).site(1)
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// onSQLite is what openSQLite opens, with its store.
func onSQLite(t testing.TB) (store.Store, context.Context) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bench.sqlite3")
	carrier, err := openSQLite(t.Context(), newSite(t), path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st, carrier
}
