package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
)

// recordFunc appends the event of a form to a stream.
type recordFunc func(ctx context.Context, f *form.Form, h *ireneo.Handle, ev ireneo.AnyEvent) error

// startPost is a form post to a server of ours.
func startPost(record recordFunc) start {
	return func(ctx context.Context, s *site) (load, error) {
		address, err := startServer(ctx, s, record)
		if err != nil {
			return nil, err
		}
		return posts(ctx, s, address, (*browser).visit)
	}
}

// startServer serves a fresh log.
func startServer(ctx context.Context, s *site, record recordFunc) (address string, err error) {
	st, err := s.postgres(ctx)
	if err != nil {
		return "", err
	}
	log, err := ireneo.Open(st, config(account))
	if err != nil {
		return "", err
	}
	srv, err := newServer(log, record)
	if err != nil {
		return "", err
	}
	return serve(ctx, s, srv)
}

// newServer makes a server as in production, with all that is on without being asked for. What it
// writes into its own log is thrown away unformatted: the bare handler writes nothing.
func newServer(log *ireneo.Log, record recordFunc) (*server.Server, error) {
	srv, err := server.New(log, server.Options{
		Addr: "127.0.0.1:0", Hosts: []string{"127.0.0.1"}, Production: true, FormToken: true,
		Secret: "a secret of the benchmark, which everybody knows", Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		routes(srv.Echo, record)
	}
	return srv, err
}

// routes are the application: the page of an account, of which only the form token matters here, and
// where its form is sent to.
func routes(e *echo.Echo, record recordFunc) {
	e.GET("/accounts/:id", func(c echo.Context) error { return c.String(http.StatusOK, server.Token(c)) })
	e.POST("/accounts/:id/deposits", func(c echo.Context) error {
		ev := &Deposited{}
		f, err := form.Decode(c.Request(), ev)
		if err != nil {
			return err
		}
		if !f.Valid() {
			return c.String(http.StatusUnprocessableEntity, "not valid")
		}
		if err := record(c.Request().Context(), f, account.For(c.Param("id")), ev); err != nil {
			return err
		}
		return server.Redirect(c, "/accounts/"+c.Param("id"))
	})
}

// recordOnce appends at the version of the form, and once for each key.
func recordOnce(ctx context.Context, f *form.Form, h *ireneo.Handle, ev ireneo.AnyEvent) error {
	return f.Append(ctx, h, ev)
}

// recordUnkeyed appends at the version of the form: the difference is what the key costs.
func recordUnkeyed(ctx context.Context, f *form.Form, h *ireneo.Handle, ev ireneo.AnyEvent) error {
	version, err := f.Version()
	if err != nil {
		return err
	}
	return h.Append(ctx, ev, ireneo.ExpectVersion(version))
}

// serve runs the server until the measurement is over.
func serve(ctx context.Context, s *site, srv *server.Server) (address string, err error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- srv.Run(ctx, func(address string) { ready <- address }) }()
	select {
	case address = <-ready:
		s.later(func() error { stop(); return <-ended })
		return address, nil
	case err := <-ended:
		stop()
		return "", err
	}
}

// posts lets a browser a client send forms. Each first does what begin says.
func posts(ctx context.Context, s *site, address string, begin func(*browser, context.Context) error) (load, error) {
	all := make(clients, s.clients)
	for i, b := range browsers(s, address) {
		if err := begin(b, ctx); err != nil {
			return nil, err
		}
		all[i].op = b.post
	}
	return all, nil
}

// startBarePost is the limit of a form post: Echo, one handler, one INSERT of the same row.
func startBarePost(ctx context.Context, s *site) (load, error) {
	pool, err := s.pool(ctx)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.POST("/accounts/:id/deposits", func(c echo.Context) error { return insertDeposit(c, pool) })

	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	hs := &http.Server{Handler: e}
	s.later(hs.Close)
	go func() { _ = hs.Serve(listener) }() // that it ended the browsers say
	return posts(ctx, s, listener.Addr().String(), func(*browser, context.Context) error { return nil })
}

// bareDeposit is what Deposited is stored as.
type bareDeposit struct {
	Amount    int64     `json:"amount"`
	Rate      string    `json:"rate"`
	ValueDate time.Time `json:"value_date"`
	Reference string    `json:"reference"`
	Note      string    `json:"note"`
}

// bareMeta is as long as what the server adds to every event.
var bareMeta = []byte(`{"correlation_id":"` + bareCorrelation + `"}`)

const bareCorrelation = "01990000-0000-7000-8000-000000000000"

// insertPost is insertEntry with the id that requests are looked up by.
const insertPost = `
	INSERT INTO event_entries (
		position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
		data, meta, recorded_at, occurred_at, idempotency_key, correlation_id)
	VALUES (nextval('event_entries_position_seq'), 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

func insertDeposit(c echo.Context, pool *pgxpool.Pool) error {
	d := bareDeposit{Rate: c.FormValue("rate"), Reference: c.FormValue("reference"), Note: c.FormValue("note")}
	var err error
	if d.Amount, err = strconv.ParseInt(c.FormValue("amount"), 10, 64); err != nil {
		return err
	}
	if d.ValueDate, err = time.Parse(typedTime, c.FormValue("value_date")); err != nil {
		return err
	}
	version, err := strconv.ParseInt(c.FormValue("_version"), 10, 64)
	if err != nil {
		return err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}

	id, now := uuid.Must(uuid.NewV7()), time.Now()
	_, err = pool.Exec(c.Request().Context(), insertPost,
		account.Type, c.Param("id"), version+1, pgtype.UUID{Bytes: id, Valid: true}, "account.deposited", 1,
		data, bareMeta, now, now, c.FormValue("_key"), bareCorrelation)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/accounts/"+c.Param("id"))
}
