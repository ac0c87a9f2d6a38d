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
type Stream struct {
	echo       echo.Context
	controller *http.ResponseController
	write      time.Duration
	unhook     func() bool
}

// NewStream begins an answer of server-sent events: 200 and the header go out at once.
// The time limits of the request no longer hold, that of writing holds for each event.
// The caller closes the stream before returning.
func NewStream(c echo.Context) (*Stream, error) {
	r := requestOf(c.Request().Context())
	if r == nil {
		return nil, errors.New("stream: not a request of the server")
	}
	s := &Stream{echo: c, controller: http.NewResponseController(c.Response().Writer), write: r.server.options.Timeouts.Write}
	r.limit.Stop()
	s.unhook = context.AfterFunc(r.server.stopping, func() { r.cancel(errStopping) })

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
	if err := supported(s.controller.SetWriteDeadline(time.Now().Add(s.write))); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	if _, err := s.echo.Response().Write([]byte(text.String())); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return s.flush()
}

// Close lets go of the server. It sends nothing and may be called again.
func (s *Stream) Close() { s.unhook() }

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
