package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// Problem is an error as a person may see it. It holds nothing of the error's text. For
// programs it is a problem detail of RFC 9457.
type Problem struct {
	Type      string `json:"type"`  // about:blank: the status says it all
	Title     string `json:"title"` // such as "Not Found"
	Status    int    `json:"status"`
	Detail    string `json:"detail"` // a sentence: what happened and what to do
	RequestID string `json:"request_id"`

	// Fields are the messages of an event that was refused.
	Fields []FieldProblem `json:"errors,omitempty"`

	// Conflict says who was faster, where somebody was.
	Conflict *Conflict `json:"conflict,omitempty"`
}

// FieldProblem is one message about one field, or about the whole with an empty Field.
type FieldProblem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Conflict says where a stream was expected, where it is, and what came in between.
type Conflict struct {
	Expected int64    `json:"expected_version"`
	Actual   int64    `json:"actual_version"`
	Winners  []Winner `json:"events"`
}

// Winner is an event that was appended first. What is in it stays with the pages that
// know who may see it.
type Winner struct {
	Version    int64     `json:"version"`
	Type       string    `json:"type"`
	RecordedAt time.Time `json:"recorded_at"`
}

// verdict is what an error means to the person who met it.
type verdict struct {
	err    error
	status int
	detail string
}

// verdicts are tried in this order.
var verdicts = []verdict{
	{errForeignHost, http.StatusMisdirectedRequest, "This address is not one of ours."},
	{errBodyLost, http.StatusRequestTimeout, "What was sent did not arrive in full, and nothing was recorded. Please send it again."},
	{errTooSlow, http.StatusServiceUnavailable, "This took too long. Look whether it was recorded before you send it again."},
	{errStopping, http.StatusServiceUnavailable, "We are restarting. Please try again in a moment."},
	{errFormToken, http.StatusForbidden, "This form is too old, or was not opened here. Nothing was recorded: open the page again and send it from there."},
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

// problem says what an error means, with its details.
func problem(err error) Problem {
	p := judge(err)
	p.Type = "about:blank"
	if invalid, ok := errors.AsType[*ireneo.InvalidError](err); ok && p.Status == http.StatusUnprocessableEntity && invalid.Event != nil {
		for _, fe := range invalid.Event.Errors().All() {
			p.Fields = append(p.Fields, FieldProblem(fe))
		}
	}
	if conflict, ok := errors.AsType[*ireneo.ConflictError](err); ok && p.Status == http.StatusConflict {
		p.Conflict = &Conflict{Expected: conflict.Expected, Actual: conflict.Actual, Winners: []Winner{}}
		for _, ev := range conflict.Events {
			p.Conflict.Winners = append(p.Conflict.Winners, Winner{ev.Version(), ev.Type(), ev.RecordedAt()})
		}
	}
	return p
}

// judge finds status and sentence. Whatever is not known here is an internal error.
func judge(err error) Problem {
	for _, v := range verdicts {
		if errors.Is(err, v.err) {
			return Problem{Status: v.status, Title: http.StatusText(v.status), Detail: v.detail}
		}
	}
	if refused, ok := errors.AsType[*refusal.Error](err); ok {
		status := refused.StatusCode()
		return Problem{Status: status, Title: http.StatusText(status), Detail: refused.Detail()}
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
	ctx := c.Request().Context()
	if stopped(c, err) {
		return
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	p := problem(err)
	p.RequestID = RequestID(c)
	if p.Status >= http.StatusInternalServerError {
		s.logFailure(c, "request failed", err)
	}
	if c.Response().Committed {
		return
	}

	if err := recovered(func() error { return s.show(c, p) }); err != nil {
		s.logFailure(c, "error page failed", err)
		if !c.Response().Committed {
			_ = plainPage(c, p) // it fails where the client is gone
		}
	}
}

// stopped reports whether an answer that had begun ended because the server stops, which is
// no failure of ours.
func stopped(c echo.Context, err error) bool {
	return c.Response().Committed && errors.Is(err, context.Canceled) &&
		errors.Is(context.Cause(c.Request().Context()), errStopping)
}

func (s *Server) logFailure(c echo.Context, what string, err error) {
	s.options.Logger.ErrorContext(c.Request().Context(), what,
		slog.Any("error", err), slog.String("request_id", RequestID(c)))
}

// show answers with the problem: as JSON for those who prefer it, else as a page.
func (s *Server) show(c echo.Context, p Problem) error {
	c.Response().Header().Add("Vary", "Accept")
	switch {
	case c.Request().Method == http.MethodHead || p.Status == statusClosed:
		return c.NoContent(p.Status)
	case prefersJSON(c.Request()):
		body, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return c.Blob(p.Status, "application/problem+json", body)
	default:
		return s.options.ErrorPage(c, p)
	}
}

// prefersJSON reports whether the client names JSON in its Accept header, and not HTML
// with the same or a greater weight.
func prefersJSON(r *http.Request) bool {
	html, data := 0.0, 0.0
	for _, header := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(header, ",") {
			media, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			weight := 1.0
			if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
				weight = q
			}
			switch media {
			case "text/html", "application/xhtml+xml":
				html = max(html, weight)
			case jsonType, "application/problem+json":
				data = max(data, weight)
			}
		}
	}
	return data > html
}

func plainPage(c echo.Context, p Problem) error {
	return c.String(p.Status, fmt.Sprintf("%s\n\n%s\n\nRequest %s\n", p.Title, p.Detail, p.RequestID))
}
