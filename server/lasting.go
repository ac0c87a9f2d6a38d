package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// lasting is an answer that takes as long as it takes: the time limits of its request no
// longer hold, that of writing holds for each piece.
type lasting struct {
	echo       echo.Context
	controller *http.ResponseController
	write      time.Duration
	stopping   context.Context // of the server
	unhook     func() bool
}

// farewell is how long the last piece may take once the server stops.
const farewell = time.Second

func newLasting(c echo.Context) (*lasting, error) {
	r := requestOf(c.Request().Context())
	if r == nil {
		return nil, errors.New("not a request of the server")
	}
	r.limit.Stop()
	l := &lasting{
		echo: c, controller: http.NewResponseController(c.Response().Writer),
		write: r.server.options.Timeouts.Write, stopping: r.server.stopping,
	}
	l.unhook = context.AfterFunc(l.stopping, func() {
		r.cancel(errStopping)
		_ = l.controller.SetWriteDeadline(time.Now().Add(farewell)) // where there are none, none is waited for
	})
	return l, nil
}

// Close lets go of the server. It sends nothing and may be called again.
func (l *lasting) Close() { l.unhook() }

// send writes one piece within its own time.
func (l *lasting) send(piece []byte) (int, error) {
	if err := supported(l.controller.SetWriteDeadline(time.Now().Add(l.write))); err != nil {
		return 0, err
	}
	if l.stopping.Err() != nil {
		_ = l.controller.SetWriteDeadline(time.Now().Add(farewell)) // the stop may have come before the line above
	}
	return l.echo.Response().Write(piece)
}

// supported forgives writers that have no deadlines, as those of tests.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
