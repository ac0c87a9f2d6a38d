package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

var (
	// errNoPage says that there is no page at an address, or no twin.
	errNoPage = errors.New("there is no such page")
	// errCrossOrigin says that another site's page wants something done.
	errCrossOrigin = errors.New("request comes from another site")
	// errMayNot says that whoever asks may only read.
	errMayNot = errors.New("user may not do this")
	// errNoSlot says that too many answers of a kind are under way.
	errNoSlot = errors.New("too many such answers are under way")
)

// problem is an error as a page shows it.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`          // a sentence: what happened and what to do
	ID     string `json:"id,omitempty"`    // in the log of the process, with the error
	Hint   string `json:"hint,omitempty"`  // a command that helps
	Error  string `json:"error,omitempty"` // what the log said, where it is about what was asked
}

// verdict is what an error means to whoever looks at the pages.
type verdict struct {
	err    error
	status int
	detail string
	hint   string
}

// verdicts are tried in this order.
var verdicts = []verdict{
	{errNoPage, http.StatusNotFound, "There is no such page.", ""},
	{errMayNot, http.StatusForbidden, "You may look, but not do this.", ""},
	{errCrossOrigin, http.StatusForbidden, "This form was sent from another site. Open the page here and send it again.", ""},
	{errNoSlot, http.StatusServiceUnavailable, "Others are asking for as much as the server gives at once. Try again in a few seconds.", ""},
	{ireneo.ErrNotFound, http.StatusNotFound, "There is nothing at this address.", ""},
	{ireneo.ErrInvalidID, http.StatusNotFound, "No stream can have this id.", ""},
	{ireneo.ErrUnknownStream, http.StatusNotFound, "This program declares no such stream.", ""},
	{ireneo.ErrUnknownSubscription, http.StatusNotFound, "There is no subscription and no projection of this name, or it has never run.", ""},
	{ireneo.ErrNotMaterialized, http.StatusNotFound, "No projection of this name keeps rows.", ""},
	{ireneo.ErrInvalidFilter, http.StatusBadRequest, "This filter cannot be used.", ""},
	{ireneo.ErrNotMigrated, http.StatusServiceUnavailable, "The tables of the database are missing or too old.", "db migrate"},
	{ireneo.ErrNoDatabase, http.StatusServiceUnavailable, "The database does not exist.", "db create"},
	{ireneo.ErrUnavailable, http.StatusServiceUnavailable, "The database cannot be reached. Try again in a moment.", ""},
	{ireneo.ErrBusy, http.StatusServiceUnavailable, "Somebody else holds the database. Try again in a moment.", ""},
	{ireneo.ErrReadOnly, http.StatusServiceUnavailable, "The database does not accept writes.", ""},
	{ireneo.ErrFull, http.StatusInsufficientStorage, "The disk of the database is full.", ""},
	{context.DeadlineExceeded, http.StatusGatewayTimeout, "This took too long, and was ended. Ask for less: narrow the search, or name a stream.", ""},
	{context.Canceled, http.StatusServiceUnavailable, "This was ended before it was done: the server stops. Try again in a moment.", ""},
}

// conflicts are reasons why something cannot be done as things are. Their text is shown.
var conflicts = []error{
	ireneo.ErrNothingFailed, ireneo.ErrNoReason, ireneo.ErrProjection, ireneo.ErrPersistsItself, ireneo.ErrRebuilding,
	ireneo.ErrNotRebuilding, ireneo.ErrCanceled, ireneo.ErrNothingReplaced, ireneo.ErrOtherEvents, ireneo.ErrNotSwappable,
	ireneo.ErrStopped, ireneo.ErrBehind,
}

// judge finds what an error means. Whatever is not known here is an internal error.
func judge(err error) problem {
	for _, v := range verdicts {
		if errors.Is(err, v.err) {
			p := problem{Status: v.status, Title: http.StatusText(v.status), Detail: v.detail, Hint: v.hint}
			if v.status == http.StatusBadRequest {
				p.Error = err.Error()
			}
			return p
		}
	}
	if refused, ok := errors.AsType[*refusal.Error](err); ok {
		return problem{Status: refused.StatusCode(), Title: http.StatusText(refused.StatusCode()), Detail: refused.Detail()}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem{Status: http.StatusRequestEntityTooLarge, Title: "Too large", Detail: "The form that was sent is too large."}
	}
	for _, c := range conflicts {
		if errors.Is(err, c) {
			return problem{Status: http.StatusConflict, Title: "Cannot be done", Detail: "This cannot be done as things are.", Error: err.Error()}
		}
	}
	p := problem{Status: http.StatusInternalServerError, Title: "Internal error", ID: rand.Text()[:12], Detail: "Something went wrong."}
	if panicked, ok := errors.AsType[*panicked](err); ok && panicked.projection != "" {
		p.Detail = panicked.words()
	}
	p.Detail += " The log of the process says more, under the number below."
	return p
}

// fail answers with the page of an error, and logs what nobody expected.
func (v *visit) fail(w http.ResponseWriter, err error) {
	if errors.Is(err, context.Canceled) && v.gone() {
		return
	}
	p := judge(err)
	if errors.Is(err, errNoSlot) {
		w.Header().Set("Retry-After", "5")
	}
	if p.ID != "" {
		v.admin.report(v.Context(), "a page failed", err, "id", p.ID, "method", v.Method, "path", v.URL.Path)
	}
	shown := &page{Title: p.Title, Status: p.Status, Data: p, Body: v.problem(p)}
	if err := v.write(w, shown); err != nil {
		http.Error(w, p.Title, p.Status)
	}
}

// gone reports whether whoever asked does not wait for the answer any more.
func (v *visit) gone() bool {
	select {
	case <-v.admin.config.Stopping:
		return false
	default:
		return errors.Is(v.Context().Err(), context.Canceled)
	}
}
