package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// Stream is an answer of server-sent events. It lasts until the handler returns; the
// request's context ends when the client leaves or the server stops, and the handler
// returns then. It belongs to the goroutine that answers the request.
type Stream struct{ *lasting }

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

// NewStream begins an answer of server-sent events: 200 and the header go out at once.
// The time limits of the request no longer hold, that of writing holds for each event.
// The caller closes the stream before returning.
func NewStream(c echo.Context) (*Stream, error) {
	l, err := newLasting(c)
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	s := &Stream{l}

	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep the events to itself
	c.Response().WriteHeader(http.StatusOK)
	if err := s.flush(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Send sends one event at once. The name may be empty; the data may have several lines.
func (s *Stream) Send(name, data string) error {
	var text strings.Builder
	if name != "" {
		fmt.Fprintf(&text, "event: %s\n", oneLine.Replace(name))
	}
	for line := range strings.SplitSeq(newLines.Replace(data), "\n") {
		fmt.Fprintf(&text, "data: %s\n", line)
	}
	text.WriteString("\n")
	if _, err := s.send([]byte(text.String())); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return s.flush()
}

func (s *Stream) flush() error {
	if err := supported(s.controller.Flush()); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return nil
}

// A carriage return ends a line in a stream of events, too.
var (
	oneLine  = strings.NewReplacer("\r", " ", "\n", " ")
	newLines = strings.NewReplacer("\r\n", "\n", "\r", "\n")
)

// supported forgives writers that have no deadlines, as those of tests.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
