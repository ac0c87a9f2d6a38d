package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// Issued is an event of the application under test.
type Issued struct {
	ireneo.Event `name:"debt.issued"`

	Amount int64  `json:"amount"`
	Card   string `json:"card" sensitive:"true"`
}

var debts = &ireneo.Stream{Type: "debt", Purpose: "One loan"}

// declared is an application that records what operators do.
func declared() ireneo.Config {
	return ireneo.Config{
		Streams: []*ireneo.Stream{debts, Actions}, Events: []ireneo.EventType{ireneo.TypeOf[Issued]()},
		Subscriptions: []*ireneo.Subscription{{Name: "letters", Handle: func(context.Context, ireneo.Batch) error { return nil }}},
	}
}

// site is the pages under test, and the log behind them.
type site struct {
	*admin
	t   *testing.T
	log *ireneo.Log
}

// newSite makes the pages of a log on SQLite. Without an Authorize everybody may operate.
func newSite(t *testing.T, c Config) *site {
	t.Helper()
	log := ireneotest.SQLite(t, declared())
	if c.Authorize == nil && !c.Development {
		c.Authorize = as(User{Name: "ada", Role: Operate})
	}
	c.Logger = slog.New(slog.DiscardHandler)
	h, err := Handler(log, c)
	if err != nil {
		t.Fatal(err)
	}
	return &site{h.(*admin), t, log}
}

// as lets everybody in as the same user.
func as(u User) func(*http.Request) (User, error) {
	return func(*http.Request) (User, error) { return u, nil }
}

// refuse lets nobody in.
func refuse(*http.Request) (User, error) { return User{}, errors.New("no session") }

// do answers a request from this machine.
func (s *site) do(method, target string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, body)
	r.RemoteAddr, r.Host = "127.0.0.1:40000", "localhost:8080"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *site) get(target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.do(http.MethodGet, target, nil, change...)
}

// issue appends an event of the application.
func (s *site) issue(id string, amount int64) *Issued {
	s.t.Helper()
	e := &Issued{Amount: amount, Card: "4111"}
	if err := debts.In(s.log).For(id).Append(s.t.Context(), e); err != nil {
		s.t.Fatal(err)
	}
	return e
}
