package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
)

const (
	pieceTime = 10 * time.Second // for a client to take one piece
	heartbeat = 15 * time.Second // after which a stream without news says that it lives
)

// longAnswer is an answer that takes its time. It ends with its request, and when the
// server stops; each piece has a time limit of its own. Its header may be changed until
// the first piece.
type longAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
	begun   bool
	head    bool // only the header is asked for
	events  bool // it is a stream of pieces, after the end of which browsers ask again
}

// longScreen makes a long answer.
type longScreen func(v *visit, w *longAnswer) error

// errHeader ends an answer of which only the header is asked for.
var errHeader = errors.New("only the header is asked for")

// Write writes a piece.
func (w *longAnswer) Write(piece []byte) (int, error) {
	w.begun = true
	if w.head {
		return 0, errHeader
	}
	if err := allow(w.ResponseWriter, pieceTime); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(piece)
}

// allow gives a client some time from now on to take what is written next, whatever time
// the host's server gives to a whole answer.
func allow(w http.ResponseWriter, d time.Duration) error {
	err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// serveLong runs a long answer. What goes wrong before its first piece becomes a page; later
// the connection is cut, so that nobody takes a part for the whole.
func (a *admin) serveLong(s longScreen) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() {
			select {
			case <-a.config.Stopping:
				cancel()
			case <-ctx.Done():
			}
		}()

		v := visitOf(r.WithContext(ctx))
		long := &longAnswer{ResponseWriter: w, control: http.NewResponseController(w), head: r.Method == http.MethodHead}
		switch err := recovered(func() error { return s(v, long) }); {
		case err == nil, errors.Is(err, errHeader):
		case !long.begun:
			v.fail(w, err)
		case long.events && ctx.Err() != nil:
		default:
			if ctx.Err() == nil {
				a.report(ctx, "a long answer was cut off", err, "path", r.URL.Path)
			}
			panic(http.ErrAbortHandler)
		}
	}
}

// pieces begins a stream of pieces of a page (server-sent events); see assets/admin.js.
func (w *longAnswer) pieces() error {
	w.events = true
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if _, err := fmt.Fprint(w, "retry: 3000\n\n"); err != nil {
		return err
	}
	return w.flush()
}

// piece sends a piece under the name by which the page knows where it belongs. A browser
// that connects again sends the last id in the header Last-Event-ID; empty is none.
func (w *longAnswer) piece(ctx context.Context, name, id string, c templ.Component) error {
	var b, text bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return err
	}
	if id != "" {
		fmt.Fprintf(&text, "id: %s\n", id)
	}
	fmt.Fprintf(&text, "event: %s\n", name)
	for line := range strings.SplitSeq(b.String(), "\n") {
		fmt.Fprintf(&text, "data: %s\n", strings.ReplaceAll(line, "\r", ""))
	}
	text.WriteByte('\n')
	if _, err := w.Write(text.Bytes()); err != nil {
		return err
	}
	return w.flush()
}

// alive says that there is no news. It is due after each heartbeat without a piece.
func (w *longAnswer) alive() error {
	if _, err := fmt.Fprint(w, ":\n\n"); err != nil {
		return err
	}
	return w.flush()
}

// end says that nothing will come any more, so that the browser does not ask again.
func (w *longAnswer) end() error {
	if _, err := fmt.Fprint(w, "event: end\ndata:\n\n"); err != nil {
		return err
	}
	return w.flush()
}

// flush sends what is written, the header first.
func (w *longAnswer) flush() error {
	if w.head {
		return errHeader
	}
	if err := w.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
