// Package store is the seam between Ireneo and its databases. It speaks of rows
// and bytes only: no event, stream or projection type is known here. The
// packages store/postgres and store/sqlite implement it as mirrors of each
// other, and store/storetest holds what both must do.
package store

import (
	"context"
	"io/fs"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
)

// Store keeps an append-only log of records and the read-model rows written
// with them. Implementations are safe for concurrent use.
type Store interface {
	Log
	Tables
	Pages

	// DB is the handle for read models and for host-managed transactions.
	DB() *gorm.DB

	// Writers is how many Inserts of several batches are worthwhile at the same time: one
	// where the database has one writer, zero where nothing is gained by them.
	Writers() int

	// Close ends every Listen and releases all connections. Whoever opened the store
	// closes it.
	Close() error
}

// Log is what a store does with records.
type Log interface {
	// Insert writes batches in one commit, or nothing of any. A nil error means committed;
	// the records then carry the Position, Version, RecordedAt and OccurredAt that were
	// stored, positions rising in the order of the batches. ErrOutcomeUnknown means the
	// connection was lost and all may or may not have been committed; after any other error
	// nothing was written. A batch with an Execution whose ID or CommandID is taken is
	// ErrExecuted; the Execution's Position is set to that of the records.
	//
	// Several batches wait for others only a moment, and are ErrBusy then: each may go alone,
	// and wait. What fails them does not say which of them it is about. A batch that goes
	// alone, as GoesAlone says, is refused among several.
	Insert(ctx context.Context, batches ...*Batch) error

	// InsertTx writes one batch inside the caller's open transaction. On any
	// error nothing of the batch remains and the transaction is still usable.
	// Its commit is the caller's, so that Listen may tell nobody of it.
	InsertTx(ctx context.Context, tx *gorm.DB, batch *Batch) error

	// Read yields the records that match q in q's order. It holds a connection
	// until the loop ends; the yielded record belongs to the caller. An error is
	// yielded once, as the last pair, with a zero record.
	Read(ctx context.Context, q Query) iter.Seq2[Record, error]

	// Settled is the position up to which the log is settled: no record that is committed
	// later will have a position at or before it. There need not be a record at it.
	Settled(ctx context.Context) (position int64, err error)

	// Listen calls wake whenever something may have been committed to the log by
	// somebody else than this Store, until ctx ends; then it returns nil. It calls wake
	// once when it begins to listen, because of what was committed before. wake must
	// not block. It is a hint: some commits are announced late, twice or not at all, so
	// whoever must not miss one reads the log now and then. It returns an error where
	// the connection it needs is lost; call it again.
	Listen(ctx context.Context, wake func()) error

	// Holders are the transactions that hold back what was appended after them, the one
	// that began first before the others. Where there is one writer there are none.
	Holders(ctx context.Context) ([]Holder, error)
}

// Tables is what a store does with the tables themselves.
type Tables interface {
	// Migrations returns goose's providers in the order they apply: the store's
	// own, then the application's, if app is not nil. A provider is not to be
	// closed; it shares the store's connections.
	Migrations(app fs.FS) ([]*goose.Provider, error)

	// Shadow makes an empty table of table's shape beside it, with its columns, defaults,
	// constraints and indexes, and returns its name, which is ShadowOf(table). One of that
	// name is dropped first. It is ErrNotSwappable where something hangs on table that
	// Swap would tear off.
	Shadow(ctx context.Context, table string) (shadow string, err error)

	// Fill writes rows into a table in one transaction, the fast way, and runs then in
	// it, if that is not nil. Keys must be new to the table. On any error nothing was
	// written, but for ErrOutcomeUnknown.
	Fill(ctx context.Context, table string, columns []string, rows [][]any, then func(tx *gorm.DB) error) error

	// Swap gives replacement the name of table and keeps what was there as OldOf(table),
	// in place of what had that name, all in one transaction. catchUp, if it is not nil,
	// runs in it first, while nobody else can write to table. Indexes and constraints
	// have the same names after it as before. replacement may be OldOf(table) itself:
	// that is the way back.
	//
	// On any error nothing was done. It is ErrBusy where others do not let go of table
	// within a short time, and may be tried again then. It is ErrNotSwappable where the
	// two tables differ in shape, or something hangs on table.
	Swap(ctx context.Context, table, replacement string, catchUp func(tx *gorm.DB) error) error

	// Discard drops a table that Shadow made or Swap kept, and nothing where it is not
	// there. Any other name is refused.
	Discard(ctx context.Context, name string) error
}

// Pages is what a store does for people who look into the log: short answers out of what
// is committed, settled or not, of which none takes longer because the log is long, but
// where Browse says so.
type Pages interface {
	// Browse returns records of a part of the log, newest first: at most q.Limit, those
	// nearest below q.Before. With q.Oldest they are those nearest above q.After, oldest
	// first.
	Browse(ctx context.Context, q Browse) ([]Record, error)

	// Heads returns the last record of each stream of a type, by stream id ascending, or
	// descending with q.Backwards.
	Heads(ctx context.Context, q Heads) ([]Record, error)

	// Sample returns the last record at each of these positions, without Data and Meta, in
	// the order of the log; its Ordinal is how many there are. A position without a record
	// is passed over.
	Sample(ctx context.Context, positions []int64) ([]Record, error)

	// Info describes the database and the store's connections to it.
	Info(ctx context.Context) (Info, error)
}

// Stream identifies one stream of the log.
type Stream struct {
	Type string
	ID   string
}

// Record is one event as it is stored.
//
// A record with Version zero is given the stream's next version by the insert
// itself. Its RecordedAt is raised to that of the stream's last record where that
// is later, and a zero OccurredAt becomes the stored RecordedAt.
//
// Correlation and Causation are taken from Meta by whoever makes the record. Where one is
// not Findable the record is stored without it. They are not read back: Meta has them.
type Record struct {
	Position       int64     // place of its batch in the whole log, drawn by the store
	Ordinal        int       // place in its batch, from 1
	Stream         Stream    // the stream the record belongs to
	Version        int64     // place in the stream from 1; zero takes the next one
	EventID        uuid.UUID // unique in the log
	Type           string    // the stored name of the event
	SchemaVersion  int       // version of the payload's shape, from 1
	Data           []byte    // payload, a JSON object
	Meta           []byte    // context of the event, a JSON object
	Correlation    string    // the text Meta has as correlation_id, for Browse; empty: none
	Causation      string    // the text Meta has as causation_id, for Browse; empty: none
	RecordedAt     time.Time // when the log learned of it, UTC, whole microseconds
	OccurredAt     time.Time // when it happened, UTC, whole microseconds
	IdempotencyKey string    // unique in the stream unless empty
}

// Row is one write to a read model, made with the records of its batch: an upsert,
// that is, inserted or updated where a row with the same key is there already; or,
// when Write is set, whatever Write does.
type Row struct {
	Of      string   // whose row it is, for error messages
	Table   string   // unquoted, optionally schema-qualified
	Key     string   // the column that identifies the row
	Columns []string // all columns written, Key included
	Values  []any    // one a column; driver.Valuer is honoured, times are UTC

	// Write replaces the upsert. It is called once, inside the batch's transaction,
	// after the records and the rows before it; its error fails the batch, wrapped
	// in a RowError. Batches with such a row need an explicit transaction.
	Write func(ctx context.Context, tx *gorm.DB) error
}

// Batch is what one caller wants written: all of it in one commit, or nothing.
// Records are stored in the order given, the rows after them in theirs. They share one
// position, so that whoever reads the log by positions never sees half a batch.
type Batch struct {
	Records   []Record
	Rows      []Row
	Guard     *Guard     // what else must hold; nil: the versions of its records say it all
	Execution *Execution // is recorded with it; nil: nothing is
}

// GoesAlone reports whether a batch needs a transaction of its own: for what it was decided on,
// or for code of the host that runs in it.
func (b *Batch) GoesAlone() bool {
	return b.Guard != nil || slices.ContainsFunc(b.Rows, func(r Row) bool { return r.Write != nil })
}

// Order is the order in which Read yields records.
type Order int

// The orders of Read.
const (
	ByOccurrence Order = iota // occurred_at, then version: the order of replay
	ByVersion                 // version: the order of recording
	ByPosition                // position, then ordinal: the order of the whole log
	NewestFirst               // that order the other way round
	LastFirst                 // version, descending
	ByStream                  // stream id, then version: one stream of a type after the other
)

// Query selects records of one stream, of several, of all streams of a type in the order
// ByStream, or of the whole log in the orders ByPosition and NewestFirst, or where EventID
// is given. The zero value of each bound means no bound; bounds are inclusive except
// AfterVersion, After and AfterPosition.
//
// Where Several is set the records of these streams are read, each above its version, in
// one statement: with ByOccurrence one stream after the other, as they are given, and with
// ByPosition all in the order of the log, committed or seen by Tx, settled or not. Of the
// other bounds UpToPosition, RecordedUntil, OccurredUntil and Limit are looked at.
//
// In the order ByStream the streams of type Stream.Type are read from the place after
// (Stream.ID, AfterVersion) on: an empty ID is before all of them. The last record of a
// page is the place to go on from. Of the other bounds UpToPosition, Types and Limit are
// looked at.
//
// In the order ByPosition the whole log is read, and only as far as it is settled: no
// record that is committed later will ever have a position at or before one that was
// read. With Tx, though, it is all that the transaction sees, settled or not. Limit never
// splits a batch there, but is exceeded instead, and no other bounds but AfterPosition and
// UpToPosition are looked at: not Types, with which nobody could tell how far the log was
// read. In the order NewestFirst it is read from its end, settled or not, and only Limit,
// UpToPosition and Tx are looked at.
type Query struct {
	Stream         Stream
	Several        []At      // these streams instead, each but once, above these versions
	EventID        uuid.UUID // only the record with this id
	AfterVersion   int64     // only versions above
	UpToVersion    int64     // only versions up to
	AfterPosition  int64     // with ByPosition: only positions above
	UpToPosition   int64     // only positions up to
	Types          []string  // only records of these types; nil is all of them
	RecordedUntil  time.Time // only recorded_at up to
	OccurredUntil  time.Time // only occurred_at up to
	IdempotencyKey string    // only the record stored under this key
	Order          Order
	Limit          int      // at most so many records; zero is no limit
	After          *Place   // with ByOccurrence: only records after this place
	Tx             *gorm.DB // read inside this transaction; nil reads committed records
}

// Place is a record's place in the order ByOccurrence.
type Place struct {
	OccurredAt time.Time
	Version    int64
}
