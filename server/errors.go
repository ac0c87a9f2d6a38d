package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
)

// Problem is an error as a person may see it. It holds nothing of the error's text.
type Problem struct {
	Status    int    // of HTTP
	Title     string // such as "Not found"
	Detail    string // a sentence: what happened and what to do
	RequestID string
}

// verdict is what an error means to the person who met it.
type verdict struct {
	err    error
	status int
	detail string
}

// verdicts are tried in this order.
var verdicts = []verdict{
	{errCrossOrigin, http.StatusForbidden, "This form was sent from another site. Open the page here and send it again."},
	{ireneo.ErrNotFound, http.StatusNotFound, "There is nothing at this address."},
	{ireneo.ErrInvalidID, http.StatusNotFound, "There is nothing at this address."},
	{ireneo.ErrNotCreated, http.StatusNotFound, "There is nothing at this address yet."},
	{ireneo.ErrClosed, http.StatusConflict, "This is closed: nothing can be added to it any more."},
	{ireneo.ErrAlreadyCreated, http.StatusConflict, "This exists already."},
	{ireneo.ErrConflict, http.StatusConflict, "Somebody else was faster. Open the page again to see what happened meanwhile."},
	{ireneo.ErrInvalid, http.StatusUnprocessableEntity, "What was sent is not valid, and nothing was recorded."},
	{ireneo.ErrTooLarge, http.StatusRequestEntityTooLarge, "What was sent is too large, and nothing was recorded."},
	{ireneo.ErrFull, http.StatusInsufficientStorage, "The disk is full. Nothing was recorded; what was recorded before is safe."},
	{ireneo.ErrReadOnly, http.StatusServiceUnavailable, "The database does not accept changes at the moment. Nothing was recorded."},
	{ireneo.ErrNotMigrated, http.StatusServiceUnavailable, "The database is not ready yet. Please try again in a moment."},
	{ireneo.ErrNoDatabase, http.StatusServiceUnavailable, "The database is not ready yet. Please try again in a moment."},
	{ireneo.ErrUnavailable, http.StatusServiceUnavailable, "The database cannot be reached. Please try again in a moment."},
	{ireneo.ErrBusy, http.StatusServiceUnavailable, "Somebody else is writing at the moment. Nothing was recorded; please try again."},
	{ireneo.ErrOutcomeUnknown, http.StatusServiceUnavailable, "The database was lost while this was being recorded. Look whether it is there before you send it again."},
}

// statusClosed is nginx's code for a client that went away; nobody sees it but the log.
const statusClosed = 499

// problem says what an error means. Whatever is not known here is an internal error.
func problem(err error) Problem {
	for _, v := range verdicts {
		if errors.Is(err, v.err) {
			return Problem{Status: v.status, Title: http.StatusText(v.status), Detail: v.detail}
		}
	}
	if limit, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Problem{
			Status: http.StatusRequestEntityTooLarge, Title: "Too large",
			Detail: fmt.Sprintf("What was sent is larger than %d KiB, and nothing was recorded.", limit.Limit>>10),
		}
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code < http.StatusInternalServerError {
		return Problem{Status: he.Code, Title: http.StatusText(he.Code), Detail: detail(he)}
	}
	if errors.Is(err, context.Canceled) {
		return Problem{Status: statusClosed, Title: "Closed"}
	}
	return Problem{
		Status: http.StatusInternalServerError, Title: "Internal error",
		Detail: "Something went wrong on our side. The number below helps us to find out what.",
	}
}

// detail is what a handler said to the person, else a sentence about the status.
func detail(he *echo.HTTPError) string {
	text, _ := he.Message.(string)
	switch {
	case text != "" && text != http.StatusText(he.Code):
		return text
	case he.Code == http.StatusNotFound:
		return "There is nothing at this address."
	default:
		return "The request cannot be answered."
	}
}

// handleError answers with the page of the problem, and logs what is ours to repair.
func (s *Server) handleError(err error, c echo.Context) {
	p := problem(err)
	p.RequestID = RequestID(c)
	ctx := c.Request().Context()
	if p.Status >= http.StatusInternalServerError {
		s.options.Logger.ErrorContext(ctx, "request failed", slog.Any("error", err), slog.String("request_id", p.RequestID))
	}
	if c.Response().Committed {
		return
	}

	if c.Request().Method == http.MethodHead || p.Status == statusClosed {
		err = c.NoContent(p.Status)
	} else {
		err = s.options.ErrorPage(c, p)
	}
	if err != nil {
		s.options.Logger.ErrorContext(ctx, "error page failed", slog.Any("error", err), slog.String("request_id", p.RequestID))
	}
}

func plainPage(c echo.Context, p Problem) error {
	return c.String(p.Status, fmt.Sprintf("%s\n\n%s\n\nRequest %s\n", p.Title, p.Detail, p.RequestID))
}
