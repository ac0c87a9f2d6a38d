package admin

import (
	"time"

	"github.com/ireneo-dev/ireneo"
)

func (a *admin) auditRoutes() []route {
	return []route{a.get("/audit", a.audit)}
}

// audited is one action as the audit shows it.
type audited struct {
	Event   string    `json:"event"` // its id
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Remote  string    `json:"remote"`
	Action  string    `json:"action"`
	Kind    string    `json:"kind"`
	Target  string    `json:"target"`
	Reason  string    `json:"reason,omitempty"`
	Failure string    `json:"failure,omitempty"` // empty: nothing went wrong
}

// auditPage is what operators have done, the newest first.
type auditPage struct {
	Actions []audited `json:"actions"`
}

// auditedPerPage is how many actions are shown at once.
const auditedPerPage = 50

func (a *admin) audit(v *visit) (*page, error) {
	events, err := a.log.Latest(v.Context(), 1000)
	if err != nil {
		return nil, err
	}
	shown := &auditPage{Actions: auditOf(events)}
	return &page{Title: "Audit", Nav: "/audit", Data: shown, Body: auditBody(v, shown)}, nil
}

// auditOf lists the actions among events that come newest first.
func auditOf(events []ireneo.AnyEvent) []audited {
	failures := map[string]string{} // by the id of what was requested
	all := []audited{}
	for _, ev := range events {
		switch e := ev.(type) {
		case *ActionFailed:
			failures[e.Request] = e.Error
		case *ActionRequested:
			all = append(all, audited{
				Event: e.ID().String(), At: e.RecordedAt(), Who: e.Meta().Get(ireneo.ActorKey), Remote: e.Meta().Get(remoteKey),
				Action: e.Action, Kind: e.Kind, Target: e.Target, Reason: e.Reason, Failure: failures[e.ID().String()],
			})
		}
	}
	return all[:min(len(all), auditedPerPage)]
}
