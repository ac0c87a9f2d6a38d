package admin

import (
	"fmt"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// Actions are what operators have done on the pages: one stream for each thing that
// something was done to, such as projection/customer_totals. An application adds it to its
// own streams, which registers its events too:
//
//	ireneo.Config{Streams: append(streams.All, admin.Actions)}
var Actions = &ireneo.Stream{
	Type:        "admin.action",
	Purpose:     "What operators have done to one thing on the admin pages",
	Consistency: actionTargets,
}

// ActionRequested says that somebody wants something done. It is recorded before it is.
// Who it was is in the meta, under [ireneo.ActorKey].
type ActionRequested struct {
	ireneo.Event `name:"admin.action_requested"`

	Action string `json:"action" validate:"required"` // such as pause
	Kind   string `json:"kind" validate:"required"`   // of the target, such as projection
	Target string `json:"target" validate:"required"` // its name
	Reason string `json:"reason,omitempty" validate:"max=2000"`

	FailedAt int64 `json:"position,omitempty"` // of the append that is skipped
}

// ActionFailed says that what was requested was not done.
type ActionFailed struct {
	ireneo.Event `name:"admin.action_failed"`

	Action  string `json:"action" validate:"required"`
	Request string `json:"request" validate:"required,uuid"` // the id of the ActionRequested
	Error   string `json:"error"`
}

// remoteKey is under which the meta of an action has the address it came from.
const remoteKey = "remote"

// actionTarget is what the actions on one thing have come to.
type actionTarget struct {
	Requested int
	Failed    int `validate:"ltefield=Requested"` // nothing fails that nobody wanted
}

var actionTargets = ireneo.NewProjection("admin_action_target",
	ireneo.On(func(t *actionTarget, _ *ActionRequested, _ time.Time) { t.Requested++ }),
	ireneo.On(func(t *actionTarget, _ *ActionFailed, _ time.Time) { t.Failed++ }),
)

// canRecord says what to do where a log does not take the events of actions.
func canRecord(log *ireneo.Log) error {
	if _, err := log.Stream(Actions.Type); err != nil {
		return fmt.Errorf("what operators do cannot be recorded: add admin.Actions to ireneo.Config.Streams, or set Config.ReadOnly: %w", err)
	}
	return nil
}
