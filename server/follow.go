package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// FollowConfig says who may follow the log over HTTP, and what they are told.
type FollowConfig struct {
	// Authorize returns nil where a request may follow what the filters select; none
	// select everything. Its error is answered as any error of a handler. Required:
	// without it every request is answered with 404.
	Authorize func(c echo.Context, filters ...ireneo.Filter) error

	// Payload tells the data and the meta of events, too. Otherwise it is told that they
	// happened: when, in which stream, of what type.
	Payload bool

	// Followers bounds how many follow at once. One more is answered with 503. Defaults
	// to 1000.
	Followers int

	// Heartbeat is after what silence a sign of life is sent. Defaults to 15 seconds.
	Heartbeat time.Duration
}

// Follow is a GET handler that tells of what is committed to the log: first what is there,
// then once that the history ends, then what comes, until the client leaves or the server
// stops. An Accept of text/event-stream makes it server-sent events, otherwise it is a
// line of JSON an event (application/x-ndjson). An event is an [ireneo.Entry].
//
//	srv.Echo.GET("/follow", srv.Follow(server.FollowConfig{Authorize: mayFollow}))
//
// The query selects: type and stream, as [ireneo.Filter] has them, each any number of
// times, of types also several with commas between. It begins with the log, or behind the
// position after, or with the last n events (at most 1000), or with what is new; and ends
// after limit events.
//
//	GET /follow?type=debt.*,account.closed&stream=customer/42&after=17
//
// The server-sent events are called event, and live where the history ends. Their id is
// the position, and it stands at the last event of an append only: whoever reconnects with
// it as Last-Event-ID goes on without a gap, and sees again at most what came of an append
// that was cut off. The lines of JSON have the position, the end of the history is
// {"live":true,"position":17}, and an append is whole when anything else follows. A sign of
// life is a comment, or {"heartbeat":true}.
//
// Whoever reads slowly delays nobody, and misses nothing as long as each piece is taken
// within Timeouts.Write.
func (s *Server) Follow(config FollowConfig) echo.HandlerFunc {
	if config.Authorize == nil {
		s.options.Logger.Warn("following the log is closed: FollowConfig.Authorize is not set")
		return func(echo.Context) error { return echo.ErrNotFound }
	}
	if config.Followers == 0 {
		config.Followers = 1000
	}
	if config.Heartbeat == 0 {
		config.Heartbeat = 15 * time.Second
	}
	places := make(chan struct{}, config.Followers)

	return func(c echo.Context) error {
		f, err := readFollower(c.Request())
		if err != nil {
			return err
		}
		if err := config.Authorize(c, f.filters...); err != nil {
			return err
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			c.Response().Header().Set("Retry-After", "10")
			return refusal.New(http.StatusServiceUnavailable, "too many follow the log", "Too many follow at the moment. Please try again later.")
		}
		return f.follow(c, s.log, config)
	}
}

const (
	maxLast     = 1000 // events of the past that one may ask for by their number
	maxPatterns = 100  // types and streams of one request
)

// follower is what one request asks for. It belongs to the goroutine that answers it.
type follower struct {
	filters []ireneo.Filter
	begin   ireneo.FollowOption
	limit   int64 // zero: none
	wire    wire
	open    *opened // nil before anything was sent
}

// readFollower reads the query and the header, and refuses what it does not know.
func readFollower(r *http.Request) (*follower, error) {
	w, err := wireFor(r.Header.Values("Accept"))
	if err != nil {
		return nil, err
	}
	f := &follower{wire: w, begin: ireneo.After(0)}
	var filter ireneo.Filter
	var begins []string
	for name, values := range r.URL.Query() {
		switch name {
		case "type":
			for _, v := range values {
				filter.Types = append(filter.Types, strings.Split(v, ",")...)
			}
		case "stream":
			filter.Streams = values
		case "limit":
			f.limit, err = number(name, values, 1, math.MaxInt64)
		case "after", "last", "new":
			begins = append(begins, name)
			f.begin, err = beginning(name, values)
		default:
			return nil, refusal.BadRequest("The address has %q, which is none of type, stream, after, last, new and limit.", name)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(begins) > 1 {
		slices.Sort(begins)
		return nil, refusal.BadRequest("Ask for only one of %s.", strings.Join(begins, " and "))
	}
	if len(filter.Types)+len(filter.Streams) > maxPatterns {
		return nil, refusal.BadRequest("Ask for at most %d types and streams.", maxPatterns)
	}
	if filter.Types != nil || filter.Streams != nil {
		f.filters = []ireneo.Filter{filter}
	}
	if ids := r.Header.Values("Last-Event-ID"); len(ids) > 0 {
		f.begin, err = beginning("Last-Event-ID", ids)
	}
	return f, err
}

// beginning is where the following begins.
func beginning(name string, values []string) (ireneo.FollowOption, error) {
	switch name {
	case "last":
		n, err := number(name, values, 1, maxLast)
		return ireneo.Last(int(n)), err
	case "new":
		if len(values) > 1 || values[0] != "" && values[0] != "true" {
			return nil, refusal.BadRequest("Write new without a value.")
		}
		return ireneo.OnlyNew(), nil
	default:
		n, err := number(name, values, 0, math.MaxInt64)
		return ireneo.After(n), err
	}
}

func number(name string, values []string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || len(values) > 1 || n < least || n > most {
		return 0, refusal.BadRequest("Write %s as one number from %d to %d.", name, least, most)
	}
	return n, nil
}

// follow answers until the client leaves, the server stops or there was enough. What is
// wrong with the filters is found out before anything is sent.
func (f *follower) follow(c echo.Context, log *ireneo.Log, config FollowConfig) error {
	answer, err := newLasting(c)
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	defer answer.Close()
	f.open = &opened{lasting: answer, media: f.wire.media}
	ctx, cancel := context.WithCancel(c.Request().Context())
	news := pump(ctx, log, f.begin, ireneo.Matching(f.filters...))
	defer func() {
		cancel()
		for range news { // until it has ended
			continue
		}
	}()

	silence := time.NewTimer(config.Heartbeat)
	defer silence.Stop()
	for {
		select {
		case n, ok := <-news:
			if !ok {
				return f.ended(c)
			}
			if done, err := f.tell(n, config.Payload); done || err != nil {
				return err
			}
		case <-silence.C:
			if err := f.open.say(f.wire.heartbeat); err != nil {
				return err
			}
		}
		silence.Reset(config.Heartbeat)
	}
}

// ended is why there are no more news. Where something was sent already, the client left or
// the server stops in good order.
func (f *follower) ended(c echo.Context) error {
	if c.Response().Committed {
		return nil
	}
	return context.Cause(c.Request().Context())
}

// news is one pair of Follow.
type news struct {
	batch ireneo.Batch
	err   error
}

// pump follows in a goroutine of its own, until ctx ends, and then closes the channel.
func pump(ctx context.Context, log *ireneo.Log, opts ...ireneo.FollowOption) <-chan news {
	pumped := make(chan news)
	go func() {
		defer close(pumped)
		for batch, err := range log.Follow(ctx, opts...) {
			select {
			case pumped <- news{batch, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return pumped
}

// tell sends a batch and reports whether that was enough.
func (f *follower) tell(n news, payload bool) (done bool, err error) {
	if n.err != nil {
		return false, refusedFilter(n.err)
	}
	if len(n.batch.Events) == 0 {
		return false, f.open.say(f.wire.live(n.batch.Position))
	}
	for i, ev := range n.batch.Events {
		data, err := entry(ev, payload)
		if err != nil {
			return false, err
		}
		position := int64(0)
		if i == len(n.batch.Events)-1 {
			position = n.batch.Position
		}
		if err := f.open.write(f.wire.event(data, position)); err != nil {
			return false, err
		}
		if f.limit--; f.limit == 0 {
			return true, f.open.flush()
		}
	}
	return false, f.open.flush()
}

// refusedFilter makes the filter's mistakes those of the request.
func refusedFilter(err error) error {
	if errors.Is(err, ireneo.ErrInvalidFilter) {
		return refusal.BadRequest("This cannot be followed: %s.", err)
	}
	return fmt.Errorf("follow: %w", err)
}
