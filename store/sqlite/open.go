// Package sqlite keeps the log in one SQLite file, without cgo. It is the mirror
// of package postgres: the same files hold the same functions in the same order.
//
// SQLite has one writer at a time, so the store has one connection that writes and
// several that only read. The journal is a WAL, a commit is on disk when it
// returns (synchronous=FULL), and other processes may use the same file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	driver "modernc.org/sqlite"

	"github.com/ireneo-dev/ireneo/store"
)

// readOnly is the parameter of connections that only read.
const readOnly = "_pragma=query_only(1)"

// busyTimeout is how long a writer waits for its turn, in this process and then
// once more for those of other processes, before it is told [store.ErrBusy].
const busyTimeout = 5 * time.Second

// Store is a [store.Store] on SQLite. It is safe for concurrent use and ends with
// Close.
type Store struct {
	writer  *sql.DB  // one connection; BEGIN is IMMEDIATE
	readers *sql.DB  // query_only
	db      *gorm.DB // on top of both
	path    string

	closing   context.Context // ends with close
	close     context.CancelFunc
	listening sync.RWMutex // held by every Listen; Close gets it when all have ended
}

var _ store.Store = (*Store)(nil)

// Open opens the database file at path and creates it where it is missing. Tables
// are not looked at, so that a database that is yet to be migrated opens as well.
//
// It fails with [store.ErrNoDatabase] where the folder does not exist, with
// [store.ErrReadOnly] where the file cannot be written and with
// [store.ErrUnavailable] where it is not a database. A database in memory is
// refused: it would be another one for each connection.
func Open(ctx context.Context, path string) (*Store, error) {
	if path == "" || path == ":memory:" {
		return nil, fmt.Errorf("open sqlite: %q is not a file: the log needs one", path)
	}
	if folder := filepath.Dir(path); !exists(folder) {
		return nil, fmt.Errorf("open sqlite: %w: folder %s is missing", store.ErrNoDatabase, folder)
	}

	s := &Store{
		writer:  openPool(path, 1, "_txlock=immediate"),
		readers: openPool(path, max(4, runtime.NumCPU()), readOnly),
		path:    path,
	}
	s.closing, s.close = context.WithCancel(context.Background())
	if err := s.useWAL(ctx); err != nil {
		return nil, fmt.Errorf("open sqlite %s: %w", path, orClose(unopened(path, err), s))
	}
	db, err := openGORM(&pool{writer: s.writer, readers: s.readers})
	if err != nil {
		return nil, fmt.Errorf("open sqlite %s: %w", path, orClose(err, s))
	}
	s.db = db

	return s, nil
}

// Close ends every Listen and closes all connections; the writer's comes last and
// moves what is left in the WAL into the database file. A connection still in use is
// closed when it is given back.
func (s *Store) Close() error {
	s.close()
	s.listening.Lock()
	defer s.listening.Unlock()

	return errors.Join(s.readers.Close(), s.writer.Close())
}

// DB is the handle for read models and for host-managed transactions. A SELECT
// outside a transaction uses a reading connection, all else the writing one, of
// which there is one: inside a transaction use only its own handle. Errors are
// the driver's, untranslated; times are stored and read in UTC.
func (s *Store) DB() *gorm.DB { return s.db }

func openGORM(conn gorm.ConnPool) (*gorm.DB, error) {
	return gorm.Open(dialector{conn}, &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		NowFunc:                func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		Logger:                 logger.Discard,
	})
}

// openPool makes a pool that opens its connections when they are wanted and keeps
// them.
//
// Times are written as 2006-01-02 15:04:05.999999+00:00, always in UTC. That is
// not of fixed width, but sorts as if it were: '+' comes before '.' and both before
// the digits. recursive_triggers makes INSERT OR REPLACE ask the DELETE trigger.
// _dqs=0 makes a misspelt column an error instead of a text.
func openPool(path string, size int, param string) *sql.DB {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(" + fmt.Sprint(busyTimeout.Milliseconds()) + ")" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=recursive_triggers(1)" +
		"&_dqs=0&_time_format=sqlite&_timezone=UTC&" + param
	connector, err := driver.NewConnector(dsn)
	if err != nil {
		panic(err) // it fails for a malformed query only, and that one is ours
	}

	db := sql.OpenDB(sessions{connector})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)

	return db
}

// useWAL switches the file to a WAL and so makes sure that it can be read. The
// switch does not wait for another process that opens the same new file, hence the
// loop.
func (s *Store) useWAL(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()

	for {
		var mode string
		err := s.writer.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		if err == nil && mode != "wal" {
			return fmt.Errorf("%w: journal mode is %s", store.ErrUnavailable, mode)
		}
		if !errors.Is(translate(err), store.ErrBusy) {
			return err
		}

		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// unopened names an error of the first use of the file. SQLite has one code for
// all reasons why a file cannot be opened; the system knows more.
func unopened(path string, err error) error {
	if codeOf(err)&0xff != codeCannotOpen {
		return translate(err)
	}

	file, osErr := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if osErr == nil {
		// The file itself can be written: it is those beside it that cannot.
		return errors.Join(named(store.ErrReadOnly, err), file.Close())
	}
	if errors.Is(osErr, fs.ErrPermission) {
		return named(store.ErrReadOnly, errors.Join(osErr, err))
	}

	return named(store.ErrUnavailable, errors.Join(osErr, err))
}

func exists(folder string) bool {
	_, err := os.Stat(folder)

	return !errors.Is(err, fs.ErrNotExist)
}

// orClose closes s after a failed step of opening it and returns the step's error.
func orClose(err error, s *Store) error {
	if closeErr := s.Close(); closeErr != nil {
		return fmt.Errorf("%w (and close: %w)", err, closeErr)
	}

	return err
}
