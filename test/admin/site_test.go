package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/admin"
	"github.com/ireneo-dev/ireneo/app/commands"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/config"
	"github.com/ireneo-dev/ireneo/db/migrate"
	"github.com/ireneo-dev/ireneo/db/seed"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// patience is how long a test waits for what should happen at once.
const patience = 20 * time.Second

// site is Ledger with something of everything that operators meet: see trouble.
type site struct {
	*httptest.Server
	t   *testing.T
	log *ireneo.Log

	broken  atomic.Bool // deposit_counts stops at deposits, until somebody mends the program
	refused string      // the error of the subscriptions

	transferred, rejected string // executions of commands

	chain, caused, late, unknown, garbled uuid.UUID // events: a cause, its effect, one recorded late, two that cannot be read
}

// DepositCount is how often money was put into the accounts, by its note.
type DepositCount struct {
	ID    string `gorm:"primaryKey"`
	Times int
}

// TableName is the table of the rows, whatever the type is called.
func (DepositCount) TableName() string { return "deposit_counts" }

// counts is a projection that fails as long as the program is broken.
func (s *site) counts() *ireneo.Projection[DepositCount] {
	return ireneo.NewProjection("deposit_counts", ireneo.OnBy(
		func(e *account.Deposited) string { return "note " + e.Note },
		func(c *DepositCount, _ *account.Deposited, _ time.Time) {
			if s.broken.Load() {
				panic(errors.New("the count of deposits is " + s.refused))
			}
			c.Times++
		}))
}

func (s *site) refuse(context.Context, ireneo.Batch) error { return errors.New(s.refused) }

// declared is Ledger with a projection and subscriptions that fail.
func (s *site) declared() ireneo.Config {
	debts := []ireneo.Filter{{Types: []string{"debt.written_off"}}}
	return ireneo.Config{
		Logger:  slog.New(slog.DiscardHandler),
		Streams: append([]*ireneo.Stream{admin.Actions}, streams.All...), Events: events.All,
		Projections: append([]ireneo.AnyProjection{s.counts()}, projections.All...),
		Migrations:  withCounts(s.t),
		Subscriptions: []*ireneo.Subscription{
			{Name: "letters", Handle: s.refuse, Attempts: 1, Park: true, Filters: debts},
			{Name: "receipts", Handle: s.refuse, Attempts: 2, Backoff: time.Millisecond, Filters: debts},
			{Name: "reports", Handle: func(context.Context, ireneo.Batch) error { return nil }, Filters: debts},
		},
	}
}

// withCounts are Ledger's migrations, and one for the rows of counts.
func withCounts(t *testing.T) fs.FS {
	t.Helper()
	all := fstest.MapFS{"20261121000009_counts.sql": {Data: []byte("-- +goose Up\nCREATE TABLE deposit_counts (id TEXT PRIMARY KEY, times BIGINT NOT NULL);\n")}}
	names, err := fs.Glob(migrate.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrate.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: text}
	}
	return all
}

// serve serves Ledger on a new database, with what it is seeded with.
func serve(t *testing.T, options server.Options) *site {
	t.Helper()
	s := &site{t: t, refused: "out of paper"}
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if s.log, err = ireneo.Open(st, s.declared()); err != nil {
		t.Fatal(err)
	}
	if err := s.log.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := seed.Run(t.Context(), s.log); err != nil {
		t.Fatal(err)
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	srv, err := config.NewServer(s.log, options)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewUnstartedServer(srv.Handler())
	s.Config.ErrorLog = log.New(complaints{t}, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// complaints are what the server itself has to say of its handlers: an error of the test.
type complaints struct{ t *testing.T }

func (c complaints) Write(line []byte) (int, error) {
	c.t.Errorf("the server: %s", line)
	return len(line), nil
}

// trouble makes of a quiet Ledger one where much has happened, and runs its deliveries: a
// projection has stopped at an event, another is paused, subscriptions have put appends
// aside and skipped one, a rebuild is done, events have caused others and were recorded
// late, and there are two that cannot be read.
func (s *site) trouble() {
	s.t.Helper()
	s.cause()
	s.transfer(s.t.Context(), "blue's spare", "blue's spare", "form-17")
	s.unknown = s.insert("loan", "old/1", "loan.opened", `{"amount":5}`)
	s.garbled = s.insert("debt", "garbled", "debt.payment_received", `{"principal":"nothing"}`)
	s.broken.Store(true)
	s.run()
	s.until("deposit_counts", func(d ireneo.Delivery) bool { return d.State == "stopped" })
	at := s.until("receipts", func(d ireneo.Delivery) bool { return d.State == "stopped" }).FailedAt
	s.until("letters", func(d ireneo.Delivery) bool { return d.Parked > 0 && d.Position == d.Head })
	s.must(s.log.Skip(s.t.Context(), "receipts", at, "they were told by telephone"))
	s.until("receipts", func(d ireneo.Delivery) bool { return d.State == "stopped" })
	s.must(s.log.Pause(s.t.Context(), "customer_totals", "the disk is being replaced"))
	s.must(s.log.Rebuild(s.t.Context(), "account_balances", nil))
}

// cause appends a payment, what it caused, and one that is recorded late.
func (s *site) cause() {
	s.t.Helper()
	ctx := ireneo.WithMeta(s.t.Context(), map[string]string{ireneo.ActorKey: "ana", "request": "r-17"})
	on := civil.Date{Year: 2026, Month: 10, Day: 1}
	issued := &debt.Issued{CustomerID: "blue", Amount: 500_000, InterestRate: decimal.NewFromInt(3), On: on}
	paid := &debt.PaymentReceived{Principal: 20_000, Note: "by standing order", On: on.AddDays(20)}
	moved := &account.Opened{CustomerID: "blue", Name: "Repayments", On: on}
	late := &debt.PaymentReceived{Principal: 10_000, Note: "found in the drawer", On: on.AddDays(3)}
	s.must(streams.Debt.In(s.log).For("2026/blue").Append(ctx, issued))
	s.must(streams.Debt.In(s.log).For("2026/blue").Append(ctx, paid, ireneo.CausedBy(issued)))
	s.must(streams.Account.In(s.log).For("repayments").Append(ctx, moved, ireneo.CausedBy(issued)))
	s.must(streams.Account.In(s.log).For("repayments").Append(ctx,
		&account.Deposited{Amount: 20_000, Note: "repaid", On: on.AddDays(20)}, ireneo.CausedBy(paid)))
	s.must(streams.Debt.In(s.log).For("2026/blue").Append(ctx, late))
	s.chain, s.caused, s.late = issued.ID(), paid.ID(), late.ID()
}

// transfer opens two accounts, and executes a command that moves money from one to the
// other, and one that is rejected.
func (s *site) transfer(ctx context.Context, to, note, commandID string) {
	s.t.Helper()
	ctx = ireneo.WithLog(ctx, s.log)
	on := civil.Date{Year: 2026, Month: 10, Day: 1}
	s.must(streams.Account.For("from").Append(ctx, &account.Opened{CustomerID: "blue", Name: "From", On: on}))
	s.must(streams.Account.For("from").Append(ctx, &account.Deposited{Amount: 900, On: on}))
	s.must(streams.Account.For(to).Append(ctx, &account.Opened{CustomerID: "blue", Name: "To", On: on}))
	done, err := ireneo.Execute(ctx, &commands.Transfer{From: "from", To: to, Amount: 500, Note: note, On: on}, ireneo.CommandID(commandID))
	s.must(err)
	if _, err := ireneo.Execute(ctx, &commands.Transfer{From: "from", To: to, Amount: 500, Note: note, On: on}); !errors.Is(err, ireneo.ErrInvalid) {
		s.t.Fatalf("the second transfer: %v", err)
	}
	refused, err := s.log.Executions(ctx, ireneo.ExecutionQuery{Outcome: ireneo.Rejected, Limit: 1})
	s.must(err)
	s.transferred, s.rejected = done.ID, refused[0].ID
}

// insert puts an event into the log as another program may have.
func (s *site) insert(typ, id, name, data string) uuid.UUID {
	s.t.Helper()
	event := uuid.New()
	now := time.Now().UnixMicro()
	s.must(s.log.DB().Exec(`INSERT INTO event_entries
		(entry, stream_type, stream_id, version, event_id, type, schema_version, data, meta, recorded_at, occurred_at)
		SELECT ((MAX(position) + 1) << 20) | 1, ?, ?, 1, ?, ?, 1, ?, '{"actor":"the old program"}', ?, ? FROM event_entries`,
		typ, id, event[:], name, data, now, now).Error)
	return event
}

// run runs the deliveries until the test ends.
func (s *site) run() {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(s.t.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); s.log.Run(ctx) }()
	s.t.Cleanup(func() { stop(); <-ended })
}

// until waits until a delivery is as wanted.
func (s *site) until(name string, is func(ireneo.Delivery) bool) ireneo.Delivery {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		all, err := s.log.Deliveries(ctx)
		if err != nil {
			s.t.Fatalf("%s did not come there: %v", name, err)
		}
		for _, d := range all {
			if d.Name == name && is(d) {
				tick.Stop()
				return d
			}
		}
		<-tick.C
	}
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// rebuilding begins a rebuild that is held at its first step until release is called, which
// waits for its end.
func (s *site) rebuilding(name string) (release func()) {
	s.t.Helper()
	held, begun, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	first := true
	go func() {
		ended <- s.log.Rebuild(context.WithoutCancel(s.t.Context()), name, func(ireneo.Rebuild) {
			if first {
				first = false
				close(begun)
				<-held
			}
		})
	}()
	select {
	case <-begun:
	case err := <-ended:
		s.t.Fatalf("the rebuild does not begin: %v", err)
	}
	return func() {
		close(held)
		if err := <-ended; err != nil {
			s.t.Errorf("rebuild: %v", err)
		}
	}
}

// screens are all there are, by the names of their pictures, where they show the most.
func (s *site) screens() map[string]string {
	return map[string]string{
		"overview":             "/admin",
		"tail":                 "/admin/tail",
		"graph":                "/admin/graph/" + s.chain.String(),
		"graph-alone":          "/admin/graph/" + s.late.String(),
		"events":               "/admin/events",
		"events-search":        "/admin/events?q=principal:>1000+-note:cash&type=debt.*&from=2026-01-01",
		"events-none":          "/admin/events?stream=debt/nobody",
		"events-wrong":         "/admin/events?q=amount:",
		"event":                "/admin/events/" + s.chain.String(),
		"event-caused":         "/admin/events/" + s.caused.String(),
		"event-late":           "/admin/events/" + s.late.String(),
		"event-unknown":        "/admin/events/" + s.unknown.String(),
		"event-garbled":        "/admin/events/" + s.garbled.String(),
		"types":                "/admin/types",
		"streams":              "/admin/streams",
		"streams-of-a-type":    "/admin/streams/debt",
		"stream":               "/admin/streams/debt/2026%2Fblue",
		"stream-garbled":       "/admin/streams/debt/garbled",
		"state":                "/admin/streams/debt/2026%2Fblue/state",
		"state-at":             "/admin/streams/debt/2026%2Fblue/state?at=2026-10-05T00:00",
		"diff":                 "/admin/streams/debt/2026%2Fblue/diff?from=1&to=3",
		"swimlane":             "/admin/swimlane?stream=debt/2026%2Fblue&stream=account/repayments",
		"what-if":              "/admin/streams/debt/2026%2Fblue/what-if",
		"commands":             "/admin/commands",
		"commands-none":        "/admin/commands?actor=nobody",
		"command":              "/admin/commands/" + s.transferred,
		"command-rejected":     "/admin/commands/" + s.rejected,
		"projections":          "/admin/projections",
		"projection-stopped":   "/admin/projections/deposit_counts",
		"projection-paused":    "/admin/projections/customer_totals",
		"projection":           "/admin/projections/outstanding_balances",
		"rows":                 "/admin/projections/outstanding_balances/rows",
		"row":                  fmt.Sprintf("/admin/projections/outstanding_balances/rows/%s", "2026%2Fblue"),
		"row-by-key":           "/admin/projections/customer_totals/rows/blue",
		"rebuilds":             "/admin/rebuilds",
		"rebuild-done":         "/admin/rebuilds/account_balances",
		"rebuild-under-way":    "/admin/rebuilds/customers",
		"subscriptions":        "/admin/subscriptions",
		"subscription-stopped": "/admin/subscriptions/receipts",
		"subscription-parked":  "/admin/subscriptions/letters",
		"system":               "/admin/system",
		"audit":                "/admin/audit",
		"not-found":            "/admin/nothing",
	}
}
