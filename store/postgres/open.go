// Package postgres keeps the log in PostgreSQL. It is the mirror of package
// sqlite: the same files hold the same functions in the same order.
//
// The log itself is written and read through pgx. The same pool of connections
// is given to database/sql for GORM and goose, so one limit counts for all.
// Tables are never qualified: search_path in the URL chooses the schema.
package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/ireneo-dev/ireneo/store"
)

// Store is a [store.Store] on PostgreSQL. It is safe for concurrent use and ends
// with Close.
type Store struct {
	pool        *pgxpool.Pool
	sql         *sql.DB  // the pool, as database/sql sees it
	db          *gorm.DB // on top of sql
	migrationID int64    // advisory lock that one migrating process holds

	announcer *announcer
	closing   context.Context // ends with close
	close     context.CancelFunc
	listening sync.RWMutex // held by every Listen; Close gets it when all have ended
}

var _ store.Store = (*Store)(nil)

// Open connects to the database at url, in the forms pgx understands, and makes
// sure that it answers. Tables are not looked at, so that a database that is yet
// to be migrated opens as well. The pool's size is pool_max_conns of the URL,
// by default 4 or the number of processors, whichever is more. On its connections jit
// is off: SET LOCAL jit = on where a report of yours is long enough for it.
//
// It fails with [store.ErrNoDatabase] where the database does not exist and with
// [store.ErrUnavailable] where the server does not answer or refuses us.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	config.AfterConnect = setUp

	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", unreached(err))
	}
	schema, err := schemaOf(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open postgres: %w", unreached(err))
	}

	s := &Store{
		pool:        pool,
		sql:         stdlib.OpenDBFromPool(pool),
		migrationID: migrationID(schema),
		announcer:   newAnnouncer(pool.Config().ConnConfig),
	}
	s.closing, s.close = context.WithCancel(context.Background())
	if s.db, err = openGORM(s.sql); err != nil {
		return nil, fmt.Errorf("open postgres: %w", orClose(err, s))
	}

	return s, nil
}

// Close ends every Listen, waits for the connections in use and closes all. The last
// commits are announced before it returns.
func (s *Store) Close() error {
	s.close()
	s.listening.Lock()
	defer s.listening.Unlock()

	err := s.sql.Close()
	s.pool.Close()
	s.announcer.close()

	return err
}

// DB is the handle for read models and for host-managed transactions. It shares
// the store's connections. Errors are the driver's, untranslated; times are read
// in UTC.
func (s *Store) DB() *gorm.DB { return s.db }

func openGORM(db *sql.DB) (*gorm.DB, error) {
	return gorm.Open(dialector{&gormpostgres.Dialector{Config: &gormpostgres.Config{Conn: db}}}, &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		NowFunc:                func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		Logger:                 logger.Discard,
	})
}

// setUp makes the instants this connection reads UTC instead of local, and has PostgreSQL compile
// nothing: what it thinks of a statement grows with the log, and what that costs does not, so
// that compiling takes ten times as long as a page of a long log.
func setUp(ctx context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name:  "timestamptz",
		OID:   pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	_, err := conn.Exec(ctx, "SET jit = off")

	return err
}

// schemaOf asks the server where it makes tables, because search_path can come from the URL, its
// options, the role or the database. It is empty where no schema of the path exists.
func schemaOf(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var schema string
	err := pool.QueryRow(ctx, "SELECT COALESCE(current_schema(), '')", pgx.QueryExecModeSimpleProtocol).Scan(&schema)

	return schema, err
}

// migrationID differs between schemas so that only processes of one log wait for
// each other.
func migrationID(schema string) int64 {
	h := fnv.New64a()
	h.Write([]byte("ireneo migrations\x00" + schema))

	return int64(h.Sum64())
}

// orClose closes s after a failed step of opening it and returns the step's error.
func orClose(err error, s *Store) error {
	if closeErr := s.Close(); closeErr != nil {
		return fmt.Errorf("%w (and close: %w)", err, closeErr)
	}

	return err
}
