package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// panicked is a panic as an error: of a projection, or of other code of the application
// that a page has called, such as an upcast.
type panicked struct {
	projection string // empty: it was none
	value      any
	stack      []byte
}

func (p *panicked) Error() string {
	whose := ""
	if p.projection != "" {
		whose = "projection " + p.projection + ": "
	}
	return fmt.Sprintf("%spanic: %v", whose, p.value)
}

// report logs an error that somebody must look at, with the stack of a panic.
func (a *admin) report(ctx context.Context, what string, err error, more ...any) {
	more = append(more, "error", err)
	if p, ok := errors.AsType[*panicked](err); ok {
		more = append(more, "stack", string(p.stack))
	}
	a.config.Logger.ErrorContext(ctx, "admin: "+what, more...)
}

// words say whose code it was that panicked. What it said may be secret, and is logged.
func (p *panicked) words() string {
	if p.projection == "" {
		return "Code of this program panicked."
	}
	return "The functions of projection " + p.projection + " panicked."
}

// recovered is what do returns, or its panic as an error.
func recovered(do func() error) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = panickedBy("", p)
		}
	}()
	return do()
}

// panickedBy is a panic that was recovered. It may have a name already.
func panickedBy(projection string, value any) *panicked {
	if p, ok := value.(*panicked); ok {
		return p
	}
	return &panicked{projection, value, debug.Stack()}
}

// interpreted is what do returns, which calls the functions of a projection, or their panic
// as an error.
func interpreted(projection string, do func() error) error {
	return recovered(func() error {
		defer naming(projection)
		return do()
	})
}

// naming is deferred by whoever calls the functions of a projection: a panic of theirs goes
// on with its name.
func naming(projection string) {
	if p := recover(); p != nil {
		panic(panickedBy(projection, p))
	}
}
