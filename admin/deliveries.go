package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo"
)

func (a *admin) deliveryRoutes() []route {
	return []route{
		a.get("/projections", a.projections),
		a.get("/projections/{name}", a.projection),
		a.post("/projections/{name}/pause", a.pauseProjection),
		a.post("/projections/{name}/resume", a.resumeProjection),
		a.post("/projections/{name}/rebuild", a.rebuildProjection),
		a.post("/projections/{name}/cancel", a.cancelRebuild),
		a.post("/projections/{name}/undo", a.undoRebuild),
		a.get("/projections/{name}/rows", a.rows),
		a.patient("/projections/{name}/rows/{key}", func(*visit) bool { return true }, a.row),
		a.get("/rebuilds", a.rebuilds),
		a.get("/rebuilds/{name}", a.rebuild),
		a.long("/rebuilds/{name}/stream", a.streaming, a.rebuildStream),
		a.get("/subscriptions", a.subscriptions),
		a.get("/subscriptions/{name}", a.subscription),
		a.post("/subscriptions/{name}/pause", a.pauseSubscription),
		a.post("/subscriptions/{name}/resume", a.resumeSubscription),
		a.post("/subscriptions/{name}/skip", a.skipInSubscription),
		a.post("/subscriptions/{name}/retry", a.retrySubscription),
	}
}

// The kinds of deliveries, as ireneo.Delivery has them.
const (
	projectionKind   = "projection"
	subscriptionKind = "subscription"
)

// late is how long an event waits until its delivery is called lagging.
const late = time.Minute

// delivery is how far a subscription or a projection has come, as pages show it.
type delivery struct {
	ireneo.Delivery
	Condition string     `json:"condition"`         // one of conditions
	Behind    int64      `json:"behind"`            // positions
	Waiting   *time.Time `json:"waiting,omitempty"` // when what comes next was recorded
}

// condition is what a delivery can be like.
type condition struct {
	word string
	tone tone
	is   func(d delivery, now time.Time) bool
}

// conditions are tried in this order. Lists have what is first here at the top. All but
// lagging are the words of the command line, too.
var conditions = []condition{
	{"stopped", bad, func(d delivery, _ time.Time) bool { return d.State == "stopped" }},
	{"paused", warned, func(d delivery, _ time.Time) bool { return d.State == "paused" }},
	{"abandoned", neutral, func(d delivery, _ time.Time) bool { return !d.Declared && !d.Led }},
	{"refused", warned, func(d delivery, _ time.Time) bool { return d.Changed && !d.Led }},
	{"waiting", warned, func(d delivery, _ time.Time) bool { return !d.Led }},
	{"lagging", warned, func(d delivery, now time.Time) bool { return d.Waiting != nil && now.Sub(*d.Waiting) > late }},
	{"running", good, func(delivery, time.Time) bool { return true }},
}

func (d delivery) conditionAt(now time.Time) string {
	return conditions[slices.IndexFunc(conditions, func(c condition) bool { return c.is(d, now) })].word
}

// rank is the place of a delivery in lists: what somebody should look at comes first, and
// what nobody runs any more last.
func (d delivery) rank() int {
	if d.Condition == "abandoned" {
		return len(conditions)
	}
	return slices.IndexFunc(conditions, func(c condition) bool { return c.word == d.Condition })
}

// state is its condition as the command line says it, such as stopped at 42.
func (d delivery) state() string {
	if d.Condition == "stopped" && d.FailedAt > 0 {
		return "stopped at " + grouped(d.FailedAt)
	}
	return d.Condition
}

// tone is how its condition looks.
func (d delivery) tone() tone {
	for _, c := range conditions {
		if c.word == d.Condition {
			return c.tone
		}
	}
	return neutral
}

// why says in a sentence what its condition comes from, empty where it is well.
func (d delivery) why() string {
	switch d.Condition {
	case "stopped", "paused":
		return d.Reason
	case "abandoned":
		return "It is on record, but this program does not declare it. It costs nothing to leave it."
	case "refused":
		if d.Kind == projectionKind {
			return "This program selects other events than its rows are made of. Rebuild it."
		}
		return "This program selects other events than it began with. Give it a new name, which begins anew, or its old filter."
	case "waiting":
		return "No process runs it: start one with serve or work."
	}
	return ""
}

// behind says how far it is behind in words.
func (d delivery) behind(now time.Time) string {
	switch {
	case d.Behind == 0:
		return "up to date"
	case d.Waiting == nil:
		return plural(d.Behind, "position")
	default:
		return plural(d.Behind, "position") + " · " + lasting(now.Sub(*d.Waiting))
	}
}

// deliveriesOf are the deliveries of a kind, those first that somebody should look at.
func (a *admin) deliveriesOf(ctx context.Context, kind string, now time.Time) ([]delivery, error) {
	found, err := a.log.Deliveries(ctx)
	if err != nil {
		return nil, err
	}
	recorded := map[int64]*time.Time{} // by the position before
	all := []delivery{}
	for _, f := range found {
		if f.Kind != kind {
			continue
		}
		d := delivery{Delivery: f, Behind: max(0, f.Head-f.Position)}
		if _, known := recorded[d.Position]; d.Behind > 0 && !known {
			if recorded[d.Position], err = a.recordedAfter(ctx, d.Position); err != nil {
				return nil, err
			}
		}
		d.Waiting = recorded[d.Position]
		d.Condition = d.conditionAt(now)
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(a, b delivery) int { return cmp.Compare(a.rank(), b.rank()) })
	return all, nil
}

// recordedAfter is when the first event after a position was recorded, nil where there is
// none yet.
func (a *admin) recordedAfter(ctx context.Context, position int64) (*time.Time, error) {
	found, err := a.log.Search(ctx, ireneo.Search{After: past(position), Oldest: true, Limit: 1})
	if err != nil || len(found.Events) == 0 {
		return nil, err
	}
	at := found.Events[0].RecordedAt.UTC()
	return &at, nil
}

// maxFailed bounds how many events of the append are listed that stopped something.
const maxFailed = 20

// appended are the first events of an append.
func (a *admin) appended(ctx context.Context, position int64, most int) (*ireneo.Found, error) {
	return a.log.Search(ctx, ireneo.Search{After: past(position - 1), Before: past(position), Oldest: true, Limit: most})
}

// failure is what stopped a delivery, as pages show it.
type failure struct {
	Events []ireneo.StoredEvent `json:"events"`         // of the append
	More   bool                 `json:"more,omitempty"` // there are more than are listed
}

// failureOf is what stopped a delivery, nil where nothing did.
func (a *admin) failureOf(ctx context.Context, d *delivery) (*failure, error) {
	if d == nil || d.State != "stopped" {
		return nil, nil
	}
	f := &failure{Events: []ireneo.StoredEvent{}}
	if d.FailedAt == 0 {
		return f, nil
	}
	found, err := a.appended(ctx, d.FailedAt, maxFailed)
	if err != nil {
		return nil, err
	}
	f.Events, f.More = append(f.Events, found.Events...), found.More
	return f, nil
}

// holders are the open transactions that keep a delivery from going on.
func (a *admin) holders(ctx context.Context, d *delivery) ([]ireneo.Holder, error) {
	if d == nil || d.Behind == 0 {
		return []ireneo.Holder{}, nil
	}
	found, err := a.log.HeldBack(ctx)
	return append([]ireneo.Holder{}, found[:min(len(found), maxFailed)]...), err
}

// remedy is something to do on the command line, and what that is for.
type remedy struct {
	What    string `json:"what"`
	Command string `json:"command"` // without the program's name
}

// remedies are what to do about a delivery that does not go on.
func (d delivery) remedies() []remedy {
	of := d.Kind + "s "
	list := []remedy{}
	if d.FailedAt > 0 {
		list = append(list, remedy{"See the append", fmt.Sprintf("tail --after %d --limit 1 --no-follow --json", d.FailedAt-1)})
	}
	switch d.Condition {
	case "stopped", "paused":
		list = append(list, remedy{"Let it go on where it is", of + "resume " + d.Name})
	case "waiting":
		list = append(list, remedy{"Start a process that runs it", "work"})
	}
	if d.Kind == subscriptionKind && d.FailedAt > 0 {
		list = append(list, remedy{"Leave the append out", of + "skip " + d.Name + " --reason 'WHY'"})
	}
	if d.Kind == projectionKind && (d.Condition == "stopped" || d.Condition == "refused") {
		list = append(list, remedy{"Compare its rows with the log", of + "verify " + d.Name}, remedy{"Make its rows anew", of + "rebuild " + d.Name})
	}
	if d.Parked > 0 {
		list = append(list, remedy{"Try again what was put aside", of + "retry " + d.Name})
	}
	return list
}

// positionPath is the list of events from a position down.
func (v *visit) positionPath(position int64) string {
	return link(v.path("events"), beforeParam, past(position).String())
}
