// Package storetest holds what every store must do, once. A store's own tests
// only open it and call [Run].
package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/store"
)

// laws are what a migrated store is tested for, by the name of the subtest.
var laws = []struct {
	name string
	test func(t *testing.T, s store.Store)
}{
	{"Insert/F01_VersionsAndPositions", insertVersions},
	{"Insert/NextVersion", insertNextVersion},
	{"Insert/NextVersionAfterGiven", insertNextAfterGiven},
	{"Insert/NextVersionConcurrent", insertNextConcurrent},
	{"Insert/OneVersionConcurrent", insertOneVersionConcurrent},
	{"Insert/ManyCallersConcurrent", insertManyConcurrent},
	{"Insert/BatchIsAtomic", insertAtomic},
	{"Insert/ManyBatchesOneConflict", insertManyOneConflict},
	{"Insert/ManyBatchesSameVersion", insertManySameVersion},
	{"Insert/Nothing", insertNothing},
	{"Insert/ErrVersionTaken", insertVersionTaken},
	{"Insert/ErrEventTaken", insertEventTaken},
	{"Insert/ErrKeyTaken", insertKeyTaken},
	{"Insert/InvalidJSON", insertInvalidJSON},
	{"Insert/Cancelled", insertCancelled},
	{"Insert/F26_Times", insertTimes},
	{"Insert/F26_RecordedAtNeverBackwards", insertNeverBackwards},
	{"Insert/C20_NastyIDs", insertNastyIDs},
	{"Insert/PayloadBytes", insertPayloads},
	{"Insert/C02_SeveralStreams", severalStreams},
	{"Insert/C05_GuardMoved", guardMoved},
	{"Insert/C05_GuardMovedWithWrite", guardMovedWriting},
	{"Insert/C05_NoWriteSkew", guardNoWriteSkew},
	{"Insert/C05_GuardAndPlain", guardAndPlain},
	{"Insert/GuardOfEmptyStream", guardEmptyStream},
	{"Insert/GuardWithoutVersions", guardUnproved},
	{"Insert/S17_Unless", unlessFound},
	{"Insert/S17_UnlessConflict", unlessConflict},
	{"Insert/S17_UnlessEachOther", unlessEachOther},
	{"Insert/S17_UnlessAndGuard", unlessAndGuard},
	{"Insert/S17_UnlessAndPlain", unlessAndPlain},
	{"Insert/Execution", executionStored},
	{"Insert/ExecutionTaken", executionTaken},
	{"Insert/ExecutionOnce", executionOnce},
	{"Insert/ExecutionAgain", executionAgain},
	{"Insert/ExecutionRolledBack", executionRolledBack},
	{"Rows/SameCommit", rowsSameCommit},
	{"Rows/Update", rowsUpdate},
	{"Rows/KeyOnly", rowsKeyOnly},
	{"Rows/Times", rowsTimes},
	{"Rows/RowErrorLeavesNothing", rowsErrorLeavesNothing},
	{"Rows/F11_UniqueViolationIsNoConflict", rowsUniqueIsNoConflict},
	{"Rows/BadRowFailsItsBatchOnly", rowsBadRowOfOneBatch},
	{"Rows/UnencodableValue", rowsUnencodable},
	{"Rows/NoSuchTable", rowsNoTable},
	{"Rows/Together", rowsTogether},
	{"Rows/Write", rowsWrite},
	{"Rows/WriteUniqueViolation", rowsWriteUnique},
	{"Rows/WriteInTx", rowsWriteInTx},
	{"InsertTx/F17_CommitAndRollback", txCommitRollback},
	{"InsertTx/F17_TwoStreamsTwice", txTwoStreams},
	{"InsertTx/F18_ConflictLeavesTxUsable", txUsableAfterConflict},
	{"InsertTx/F18_RowErrorLeavesTxUsable", txUsableAfterRowError},
	{"InsertTx/NotATransaction", txNotATransaction},
	{"InsertTx/GuardIsRefused", guardInTx},
	{"Read/Bounds", readBounds},
	{"Read/Order", readOrder},
	{"Read/After", readAfter},
	{"Read/S03_WholeBatchesByPosition", readByPosition},
	{"Read/S20_UpToPosition", readUpToPosition},
	{"Read/S20_Types", readTypes},
	{"Read/S20_ByStream", readByStream},
	{"Read/S20_ByPositionInTx", readByPositionInTx},
	{"Read/NewestFirst", readNewest},
	{"Read/EventID", readEventID},
	{"Read/Tx", readTx},
	{"Read/Several", readSeveral},
	{"Read/SeveralTx", readSeveralTx},
	{"Read/SeveralNastyIDs", readSeveralNasty},
	{"Read/Empty", readEmpty},
	{"Read/StopsEarly", readStopsEarly},
	{"Browse/Log", browseLog},
	{"Browse/Types", browseTypes},
	{"Browse/Stream", browseStream},
	{"Browse/Prefix", browsePrefix},
	{"Browse/Meta", browseMeta},
	{"Browse/NastyMeta", browseNastyMeta},
	{"Heads/OfType", headsOfType},
	{"Heads/Prefix", headsPrefix},
	{"Sample", sampleRecords},
	{"TypeNames", namesOfTypes},
	{"CountUpTo", countUpTo},
	{"Info", info},
	{"Executions/List", executionsList},
	{"Executions/Find", executionsFind},
	{"Executions/Record", executionsRecord},
	{"Executions/Forget", executionsForget},
	{"Executions/ForgetMany", executionsForgetMany},
	{"Listen/EndsWithItsContext", listenEnds},
	{"Listen/EndsWithTheStore", listenClosed},
	{"Listen/APanicEndsIt", listenPanics},
	{"Subscriptions/Declare", subscriptionsDeclare},
	{"Subscriptions/S15_OneLeads", subscriptionsLead},
	{"Subscriptions/S15_Fenced", subscriptionsFenced},
	{"Guard/C14_RefusesChange", guardRefuses},
	{"Guard/C14_Maintain", guardMaintain},
	{"Guard/C14_MaintainRollsBack", guardMaintainRollsBack},
	{"DB/Model", dbModel},
	{"DB/NestedTransaction", dbNested},
	{"Tables/S20_SwapAndBack", tablesSwap},
	{"Tables/S20_ShapeStays", tablesShape},
	{"Tables/S20_SwapUnderTraffic", tablesTraffic},
	{"Tables/S20_SwapFailureChangesNothing", tablesSwapFailure},
	{"Tables/S20_Busy", tablesBusy},
	{"Tables/S20_NotSwappable", tablesNotSwappable},
	{"Tables/S20_Fill", tablesFill},
	{"Tables/S20_Discard", tablesDiscard},
	{"Migrate/Twice", migrateTwice},
	{"Migrate/Browse", migrateBrowse},
	{"Migrate/Application", migrateApplication},
	{"Migrate/FailureNamesIt", migrateFailure},
	{"Migrate/Down", migrateDown},
	{"Migrate/DownToNothing", migrateDownToNothing},
	{"Migrate/ErrIrreversible", migrateIrreversible},
}

// lawsOfTwo are what two stores on one migrated database are tested for.
var lawsOfTwo = []struct {
	name string
	test func(t *testing.T, s, other store.Store)
}{
	{"Listen/S14_WakesForAnotherProcess", listenAnother},
	{"Listen/S14_WakesForAProcessThatEnded", listenEnded},
	{"Listen/SlowWakeDelaysNobody", listenSlow},
}

// Run tests a store against the law. database returns the address of an empty database
// that is yet to be migrated, another one at each call; open opens a store there and
// closes it when its test ends.
func Run(t *testing.T, database func(t *testing.T) string, open func(t *testing.T, at string) store.Store) {
	migrated := func(t *testing.T, at string) store.Store {
		t.Helper()
		s := open(t, at)
		migrate(t, s)

		return s
	}

	for _, law := range laws {
		t.Run(law.name, func(t *testing.T) {
			t.Parallel()
			law.test(t, migrated(t, database(t)))
		})
	}
	for _, law := range lawsOfTwo {
		t.Run(law.name, func(t *testing.T) {
			t.Parallel()
			at := database(t)
			law.test(t, migrated(t, at), open(t, at))
		})
	}

	t.Run("Migrate/ErrNotMigrated", func(t *testing.T) {
		t.Parallel()
		migrateNot(t, open(t, database(t)))
	})
	t.Run("Migrate/Concurrent", func(t *testing.T) {
		t.Parallel()
		migrateConcurrent(t, open(t, database(t)))
	})
}

// noon is the moment tests count from.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

func migrate(t *testing.T, s store.Store) {
	t.Helper()
	providers, err := s.Migrations(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Up(t.Context(), providers...); err != nil {
		t.Fatal(err)
	}
}

// account is a stream of its own kind.
func account(id string) store.Stream { return store.Stream{Type: "account", ID: id} }

// event is a record of stream at version, recorded version seconds after noon.
func event(stream store.Stream, version int64) store.Record {
	at := noon.Add(time.Duration(version) * time.Second)

	return store.Record{
		Stream: stream, Version: version, EventID: uuid.Must(uuid.NewV7()),
		Type: "account.opened", SchemaVersion: 1,
		Data: fmt.Appendf(nil, `{"n":%d}`, version), Meta: []byte(`{}`),
		RecordedAt: at, OccurredAt: at,
	}
}

func batchOf(records ...store.Record) *store.Batch { return &store.Batch{Records: records} }

// insert writes batches that must succeed.
func insert(t *testing.T, s store.Store, batches ...*store.Batch) {
	t.Helper()
	if err := s.Insert(t.Context(), batches...); err != nil {
		t.Fatal(err)
	}
}

// insertOne writes one batch and returns its error.
func insertOne(t *testing.T, s store.Store, b *store.Batch) error {
	t.Helper()

	return s.Insert(t.Context(), b)
}

func read(t *testing.T, s store.Store, q store.Query) []store.Record {
	t.Helper()
	var got []store.Record
	for r, err := range s.Read(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}

	return got
}

func readStream(t *testing.T, s store.Store, stream store.Stream) []store.Record {
	t.Helper()

	return read(t, s, store.Query{Stream: stream, Order: store.ByVersion})
}

func versions(records []store.Record) []int64 {
	out := []int64{}
	for _, r := range records {
		out = append(out, r.Version)
	}

	return out
}

func wantVersions(t *testing.T, s store.Store, stream store.Stream, want ...int64) {
	t.Helper()
	if want == nil {
		want = []int64{}
	}
	equal(t, versions(readStream(t, s, stream)), want)
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, payloads); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

// payloads are compared as a whole, not byte by byte: some have a million.
var payloads = cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) })

func exec(t *testing.T, s store.Store, sql string, args ...any) {
	t.Helper()
	if err := s.DB().Exec(sql, args...).Error; err != nil {
		t.Fatalf("%s: %v", strings.TrimSpace(sql), err)
	}
}

// balances makes a read model whose columns both databases accept.
func balances(t *testing.T, s store.Store) {
	t.Helper()
	exec(t, s, `
		CREATE TABLE balances (
			id TEXT NOT NULL PRIMARY KEY,
			amount BIGINT NOT NULL CHECK (amount >= 0),
			note TEXT UNIQUE,
			paid_at TIMESTAMP
		)`)
}

// Balance is a row of balances.
type Balance struct {
	ID     string
	Amount int64
	Note   *string
	PaidAt *time.Time
}

func balance(id string, amount int64) store.Row {
	return store.Row{Table: "balances", Key: "id", Columns: []string{"id", "amount"}, Values: []any{id, amount}}
}

func readBalances(t *testing.T, s store.Store) []Balance {
	t.Helper()
	got := []Balance{}
	if err := s.DB().Order("id").Find(&got).Error; err != nil {
		t.Fatal(err)
	}

	return got
}
