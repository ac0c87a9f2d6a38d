package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// action is something that operators may do to something. It is recorded before it is
// done, and what has to be typed to confirm it is the target's name.
type action struct {
	Name   string // recorded, such as pause; a key of doneWords
	Label  string // of the button, such as Pause
	Effect string // a sentence: what will happen
	Kind   string // of the target, such as projection
	Target string // its name
	Path   string // where the form is posted to
	Return string // which page comes after it
	Reason bool   // whoever does it must say why
	Danger bool   // it cannot be undone

	FailedAt int64  // recorded: the position of the append that it is about; zero: about none
	About    string // what must not have changed since the form was shown; empty: anything may
}

// id is the id of the stream that the action is recorded in.
func (act action) id() string { return act.Kind + "/" + act.Target }

// key tells the forms of a page apart. It has no spaces.
func (act action) key() string { return "do-" + act.Name + "-" + escape(act.Target) }

// refusedAction is a form that was not accepted: what was typed, and what is wrong with it.
type refusedAction struct {
	key             string
	confirm, reason string // as typed
	confirmWrong    string
	reasonWrong     string
	couldNot        string // why it was not done, after "It was not done: "
	status          int
}

// refusal is what became of the form of an action when it was sent, nil where it was not.
func (v *visit) refusal(act action) *refusedAction {
	if v.refused == nil || v.refused.key != act.key() {
		return nil
	}
	return v.refused
}

// typed is what was typed into the form of an action, nothing at first.
func (v *visit) typed(act action) refusedAction {
	if r := v.refusal(act); r != nil {
		return *r
	}
	return refusedAction{}
}

// doneParam tells the page after an action what was done.
const doneParam = "done"

// doneWords are all that a page says after an action; what a query says is never shown.
var doneWords = map[string]string{
	"pause":   "Paused. It stays where it is until it is resumed.",
	"resume":  "Resumed. It goes on where it was.",
	"retry":   "What was put aside is handed out once more.",
	"skip":    "Skipped. The append stays on record with the reason.",
	"rebuild": "The rebuild has begun.",
	"cancel":  "The rebuild is canceled.",
	"undo":    "The table that was replaced is back.",
}

// notice is what the page says about the action before it, empty where there was none.
func (v *visit) notice() string { return doneWords[v.URL.Query().Get(doneParam)] }

// perform does an action that was posted: it checks the form, records who wants what and
// why, does it, and goes to the page after it. A form that is not accepted is shown again
// on the page it came from, which is what back makes.
func (a *admin) perform(v *visit, act action, back screen, do func(ctx context.Context, r *ActionRequested) error) (*page, error) {
	if err := v.ParseForm(); err != nil {
		return nil, tooLargeOr(err)
	}
	typed := &refusedAction{
		key: act.key(), status: http.StatusUnprocessableEntity,
		confirm: strings.TrimSpace(v.PostForm.Get("confirm")), reason: strings.TrimSpace(v.PostForm.Get("reason")),
	}
	if !typed.check(act) || !typed.current(act, v.PostForm.Get(aboutField)) {
		return v.again(typed, back)
	}

	ctx := ireneo.WithMeta(v.Context(), map[string]string{ireneo.ActorKey: v.Name, remoteKey: remoteOf(v.Request)})
	requested := &ActionRequested{Action: act.Name, Kind: act.Kind, Target: act.Target, FailedAt: act.FailedAt, Reason: typed.reason}
	if err := Actions.In(a.log).For(act.id()).Append(ctx, requested); errors.Is(err, ireneo.ErrInvalid) {
		typed.couldNot = err.Error()
		return v.again(typed, back)
	} else if err != nil {
		return nil, fmt.Errorf("record %s of %s: %w", act.Name, act.id(), err)
	}
	if err := do(ctx, requested); err != nil {
		if err := errors.Join(err, a.recordFailure(ctx, requested, err)); judge(err).Status != http.StatusConflict {
			return nil, err
		}
		typed.couldNot, typed.status = err.Error(), http.StatusConflict
		return v.again(typed, back)
	}
	return &page{Location: link(act.Return, doneParam, act.Name)}, nil
}

// recordFailure records that an action which is on record was not done. It is not given up
// with its request.
func (a *admin) recordFailure(ctx context.Context, requested *ActionRequested, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	failed := &ActionFailed{Action: requested.Action, Request: requested.ID().String(), Error: cause.Error()}
	return Actions.In(a.log).For(requested.Kind+"/"+requested.Target).Append(ctx, failed, ireneo.CausedBy(requested))
}

// check says what is wrong with a form.
func (r *refusedAction) check(act action) bool {
	if r.confirm != act.Target {
		r.confirmWrong = "Type " + act.Target + " to confirm it."
	}
	if act.Reason && r.reason == "" {
		r.reasonWrong = "Say why."
	}
	return r.confirmWrong == "" && r.reasonWrong == ""
}

// aboutField is the hidden field of action.About.
const aboutField = "about"

// current reports whether things are as they were when the form was shown. Where they are
// not, what is there now has to be looked at, and confirmed anew.
func (r *refusedAction) current(act action, about string) bool {
	if about == act.About {
		return true
	}
	r.confirm, r.status = "", http.StatusConflict
	r.couldNot = "things have changed since this form was shown. Look at how they are now, and confirm it again."
	return false
}

// again is the page with the form that was not accepted.
func (v *visit) again(r *refusedAction, back screen) (*page, error) {
	v.refused = r
	p, err := back(v)
	if err == nil {
		p.Status = r.status
	}
	return p, err
}

// tooLargeOr is an error of reading a form.
func tooLargeOr(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return refusal.BadRequest("The form cannot be read.")
}

// remoteOf is the address that a request came from, without its port.
func remoteOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
