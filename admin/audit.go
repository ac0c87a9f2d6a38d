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

	Position int64 `json:"position,omitempty"` // of the append that was skipped
}

// auditPage is what operators have done, the newest first.
type auditPage struct {
	Actions []audited `json:"actions"`
	Pager   pager     `json:"pages"`
}

func (a *admin) audit(v *visit) (*page, error) {
	l, err := a.list(v, ireneo.Search{Types: []string{"admin.action_requested"}, Streams: []string{Actions.Type}})
	if err != nil {
		return nil, err
	}
	failures, err := a.failures(v, l.Events)
	if err != nil {
		return nil, err
	}

	shown := &auditPage{Actions: []audited{}, Pager: l.Pager}
	for _, stored := range l.Events {
		if e, ok := stored.Event.(*ActionRequested); ok {
			shown.Actions = append(shown.Actions, audited{
				Event: stored.ID.String(), At: stored.RecordedAt, Who: e.Meta().Get(ireneo.ActorKey), Remote: e.Meta().Get(remoteKey),
				Action: e.Action, Kind: e.Kind, Target: e.Target, Reason: e.Reason, Failure: failures[stored.ID.String()], Position: e.FailedAt,
			})
		}
	}
	return &page{Title: "Audit", Nav: "/audit", Data: shown, Body: auditBody(v, shown)}, nil
}

// maxFailures is how many failures are looked at for a page of requests. They follow their
// requests, mostly within seconds.
const maxFailures = 1000

// failures are the errors of actions that were not done, by the ids of their requests.
func (a *admin) failures(v *visit, requests []ireneo.StoredEvent) (map[string]string, error) {
	errs := map[string]string{}
	if len(requests) == 0 {
		return errs, nil
	}
	asked := map[string]bool{}
	for _, r := range requests {
		asked[r.ID.String()] = true
	}
	search := ireneo.Search{
		Types: []string{"admin.action_failed"}, Streams: []string{Actions.Type}, After: requests[len(requests)-1].Point(), Oldest: true,
	}
	_, err := a.each(v.Context(), search, maxFailures, func(stored ireneo.StoredEvent) bool {
		if e, ok := stored.Event.(*ActionFailed); ok && asked[e.Request] {
			errs[e.Request] = e.Error
		}
		return true
	})
	return errs, err
}
