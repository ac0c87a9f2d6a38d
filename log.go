package ireneo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/groupcommit"
	"github.com/ireneo-dev/ireneo/internal/heads"
	"github.com/ireneo-dev/ireneo/internal/keylock"
	"github.com/ireneo-dev/ireneo/internal/runner"
	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/internal/telemetry"
	"github.com/ireneo-dev/ireneo/internal/validation"
	"github.com/ireneo-dev/ireneo/store"
)

// Config is what an application tells its log. Only Streams and Events are needed.
type Config struct {
	// Streams are all streams the application appends to.
	Streams []*Stream

	// Events are all event types the application writes or reads. Types that a
	// projection of one of the Streams, or of Projections, names need not be listed again.
	Events []EventType

	// Projections are projections over many streams, kept up after the commit: one row a
	// key, as OnBy says, onto which the events are folded in the order of positions.
	Projections []AnyProjection

	// Subscriptions are told of what is committed. Run runs them.
	Subscriptions []*Subscription

	// Meta is a struct value, such as RequestMeta{}: every append's meta must decode
	// into its type and satisfy its validation tags. Nil demands nothing.
	Meta any

	// Migrations are the application's own goose migrations. Nil has none.
	Migrations fs.FS

	// Messages are the words for the people who use the application. English.
	Messages Messages

	// Clock gives recorded_at. Defaults to time.Now.
	Clock func() time.Time

	// Logger receives warnings. Defaults to slog.Default().
	Logger *slog.Logger

	// TracerProvider takes the spans of OpenTelemetry. Nil takes those of the process,
	// otel.SetTracerProvider, which keeps none until it is set.
	TracerProvider trace.TracerProvider

	// MeterProvider takes its metrics. Nil takes those of the process,
	// otel.SetMeterProvider, which keeps none until it is set.
	MeterProvider metric.MeterProvider

	// CachedStreams is of how many streams the folded state is kept in memory, the
	// least recently appended to being dropped first. Defaults to 10 000.
	CachedStreams int

	// CommitTimeout bounds the insert of an append with the wait for its turn. Its context
	// ends the wait, but not the insert once it has begun. Lost connections are tried again
	// for as long. Defaults to 10 seconds.
	CommitTimeout time.Duration

	// Lease is after what time without a sign of life another process takes over the
	// subscriptions of one that Run runs in, and its rebuilds. One that ends in order gives
	// them up at once.
	// Defaults to 10 seconds.
	Lease time.Duration

	// MaxEventBytes bounds the stored payload of one event, and its meta. Defaults to
	// 1 MiB.
	MaxEventBytes int

	// MaxEvents bounds the events of one append. Defaults to 10 000.
	MaxEvents int
}

// Log is an open event log: what streams are appended to and projections read from.
// It is safe for concurrent use, and lives as long as the store it was opened on.
type Log struct {
	store     store.Store
	config    Config
	validator *validation.Validator
	types     map[string]*eventType       // by stored name and alias
	goTypes   map[reflect.Type]*eventType // by Go type
	plans     map[string]*plan            // by stream type
	commands  sync.Map                    // *commandType by reflect.Type, as they are met

	readModels map[string]*readModel // of materialized projections, by name
	asyncs     []*async              // those kept up after the commit

	locks     keylock.Locks[store.Stream] // one at a time decides on a stream
	heads     *heads.Heads[*head]         // states, proved current by the insert
	committer *groupcommit.Committer

	tail      *tail.Tail // the end of the log, for all who follow it
	runner    *runner.Runner
	telemetry *telemetry.Instruments
}

// Open makes a log of a store and checks the application's declarations: it reports
// every mistake in them at once. It does not touch the database; an unmigrated one is
// met by the first use, or by Pending. The caller still closes the store.
func Open(st store.Store, config Config) (*Log, error) {
	if config.Clock == nil {
		config.Clock = time.Now
	}
	config.Logger = cmp.Or(config.Logger, slog.Default())
	config.CachedStreams = cmp.Or(config.CachedStreams, 10_000)
	config.CommitTimeout = cmp.Or(config.CommitTimeout, 10*time.Second)
	if config.Lease = cmp.Or(config.Lease, 10*time.Second); config.Lease < 0 {
		return nil, errors.New("open log: Config.Lease is negative")
	}
	config.MaxEventBytes = cmp.Or(config.MaxEventBytes, 1<<20)
	config.MaxEvents = cmp.Or(config.MaxEvents, 10_000)
	config.Messages = config.Messages.withDefaults()

	validator, err := validation.New(config.Messages.Register)
	if err != nil {
		return nil, err
	}
	heads, err := heads.New[*head](config.CachedStreams)
	if err != nil {
		return nil, fmt.Errorf("Config.CachedStreams: %w", err)
	}
	l := &Log{
		store: st, config: config, validator: validator, heads: heads, committer: groupcommit.New(st),
		types: map[string]*eventType{}, goTypes: map[reflect.Type]*eventType{}, plans: map[string]*plan{},
		readModels: map[string]*readModel{}, tail: tail.New(st),
	}
	return l, l.declare()
}

// DB is the GORM handle of the log's database, for read models and for transactions
// that AppendTx joins.
func (l *Log) DB() *gorm.DB { return l.store.DB() }

// Migrate brings the framework's tables and then the application's up to date. Two
// processes may do it at once.
func (l *Log) Migrate(ctx context.Context) error {
	providers, err := l.store.Migrations(l.config.Migrations)
	if err != nil {
		return err
	}
	return store.Up(ctx, providers...)
}

// Pending counts the migrations that Migrate would apply.
func (l *Log) Pending(ctx context.Context) (int, error) {
	providers, err := l.store.Migrations(l.config.Migrations)
	if err != nil {
		return 0, err
	}
	return store.Pending(ctx, providers...)
}

// Migration is one migration and what became of it.
type Migration = store.Migration

// Migrations are the framework's and then the application's, in the order they apply.
func (l *Log) Migrations(ctx context.Context) ([]Migration, error) {
	providers, err := l.store.Migrations(l.config.Migrations)
	if err != nil {
		return nil, err
	}
	return store.List(ctx, providers...)
}

// Rollback undoes the migration of the application that was applied last and returns its
// name, which is empty where none is applied. The framework's own are never undone: they
// hold the log. A migration without a section that undoes it is ErrIrreversible. On any
// error nothing was undone.
func (l *Log) Rollback(ctx context.Context) (name string, err error) {
	providers, err := l.store.Migrations(l.config.Migrations)
	if err != nil || len(providers) < 2 {
		return "", err
	}
	return store.Down(ctx, l.config.Migrations, providers[1])
}

type logKey struct{}

// EventCount says how many events of one type there are in the streams of one type.
type EventCount struct {
	Stream string `json:"stream"` // the type of the streams
	Type   string `json:"type"`   // the stored name
	Events int64  `json:"events"`
}

// Types counts the log by the types of streams and events, in this order. It reads all of
// it, which takes its time on a large one. It is ErrNotMigrated where there is no log yet.
func (l *Log) Types(ctx context.Context) ([]EventCount, error) {
	if _, err := l.first(ctx, store.Query{Order: store.NewestFirst, Limit: 1}); err != nil {
		return nil, err
	}
	counts, err := store.Counts(ctx, l.store)
	if err != nil {
		return nil, err
	}
	types := []EventCount{}
	for _, c := range counts {
		types = append(types, EventCount{Stream: c.StreamType, Type: c.Type, Events: c.Records})
	}
	return types, nil
}

// WithLog returns a context in which streams and projections use this log. The server
// puts it on every request.
func WithLog(ctx context.Context, log *Log) context.Context {
	return context.WithValue(ctx, logKey{}, log)
}

// logFor is the log something is bound to, else the context's.
func logFor(ctx context.Context, bound *Log) (*Log, error) {
	if bound != nil {
		return bound, nil
	}
	if log, ok := ctx.Value(logKey{}).(*Log); ok && log != nil {
		return log, nil
	}
	return nil, ErrNoLog
}

// now is the clock's time as it is stored.
func (l *Log) now() time.Time { return moment(l.config.Clock()) }

// decode turns a record into its event, or a RawEvent where the type is not known.
func (l *Log) decode(r store.Record) (AnyEvent, error) {
	if t := l.types[r.Type]; t != nil {
		return t.decode(r)
	}
	return raw(r), nil
}

// first reads one record; its Version is zero where none matches.
func (l *Log) first(ctx context.Context, q store.Query) (store.Record, error) {
	q.Limit = 1
	for r, err := range l.store.Read(ctx, q) {
		return r, err
	}
	return store.Record{}, nil
}

// last reads the stream's last record; its Version is zero where there is none.
func (l *Log) last(ctx context.Context, key store.Stream, tx *gorm.DB) (store.Record, error) {
	return l.first(ctx, store.Query{Stream: key, Order: store.LastFirst, Tx: tx})
}

// pageSize is how many records are held in memory while somebody looks at a stream.
const pageSize = 10_000

// pages reads records in the order of replay without holding a connection while they
// are looked at.
func (l *Log) pages(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	q.Order, q.Limit = store.ByOccurrence, pageSize
	return func(yield func(store.Record, error) bool) {
		for {
			var page []store.Record
			for r, err := range l.store.Read(ctx, q) {
				if err != nil {
					yield(store.Record{}, err)
					return
				}
				page = append(page, r)
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			end := page[len(page)-1]
			q.After = &store.Place{OccurredAt: end.OccurredAt, Version: end.Version}
		}
	}
}

// declare works out the plans of all streams, and reports every mistake.
func (l *Log) declare() error {
	var mistakes []error
	for _, t := range l.config.Events {
		mistakes = append(mistakes, l.register(t.eventType))
	}
	models := map[string]reflect.Type{}
	var all []*projection
	for _, p := range l.config.Projections {
		all = append(all, p.untyped())
	}
	for _, s := range l.config.Streams {
		all = append(all, s.projections()...)
	}
	for _, p := range all {
		mistakes = append(mistakes, p.mistakes...)
		if other := models[p.name]; other != nil && other != p.model {
			mistakes = append(mistakes, fmt.Errorf("projection name %s is used for both %s and %s", p.name, other, p.model))
		}
		models[p.name] = p.model
		for _, h := range p.handlers {
			mistakes = append(mistakes, l.register(h.typ))
		}
	}
	for _, s := range l.config.Streams {
		mistakes = append(mistakes, l.declareStream(s))
	}
	mistakes = append(mistakes, l.declareAsync()...)
	jobs, err := l.jobs()
	mistakes = append(mistakes, err)
	l.runner = &runner.Runner{DB: l.DB(), Tail: l.tail, Jobs: jobs, Logger: l.config.Logger, Lease: l.config.Lease}
	l.telemetry, err = telemetry.New(l.config.TracerProvider, l.config.MeterProvider, slices.Collect(maps.Keys(l.plans)))
	mistakes = append(mistakes, err)
	if err := errors.Join(slices.DeleteFunc(mistakes, func(err error) bool { return err == nil })...); err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	return nil
}

func (l *Log) register(t *eventType) error {
	if t.err != nil {
		return t.err
	}
	for _, name := range t.names() {
		if other := l.types[name]; other != nil && other.goType != t.goType {
			return fmt.Errorf("event name %s is used by both %s and %s", name, other.goType, t.goType)
		}
		l.types[name] = t
	}
	l.goTypes[t.goType] = t
	return nil
}

var streamType = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)

func (l *Log) declareStream(s *Stream) error {
	if !streamType.MatchString(s.Type) || len(s.Type) > MaxIDBytes {
		return fmt.Errorf("stream type %q: use lower case letters, digits, _ and dots", s.Type)
	}
	if l.plans[s.Type] != nil {
		return fmt.Errorf("stream type %s is declared twice", s.Type)
	}

	var mistakes []error
	if s.Purpose == "" {
		mistakes = append(mistakes, fmt.Errorf("stream %s: say its Purpose", s.Type))
	}
	p, err := l.planFor(s)
	if err := errors.Join(append(mistakes, err)...); err != nil {
		return err
	}
	l.plans[s.Type] = p
	return nil
}
