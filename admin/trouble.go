package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	maxTroubles  = 100
	maxErrorText = 500             // of an error on the overview, in characters; all of it is on its own page
	openTooLong  = 2 * time.Second // for a transaction that has appended
)

// worstFirst is the order of troubles.
var worstFirst = []tone{bad, warned, busy}

// trouble is something that somebody should know of: it stopped, waits or is under way.
type trouble struct {
	Tone    tone      `json:"status"`
	Word    string    `json:"word"` // such as stopped
	Kind    string    `json:"kind"` // projection, subscription, rebuild, migrations or transaction
	Name    string    `json:"name"`
	Text    string    `json:"text"` // a sentence or two
	Since   time.Time `json:"since,omitzero"`
	Error   string    `json:"error,omitempty"`
	At      int64     `json:"position,omitempty"` // where it stopped, or what waits first
	Event   string    `json:"event,omitempty"`    // the id of the first event there
	Page    string    `json:"page,omitempty"`     // where something can be done about it
	Command string    `json:"command,omitempty"`  // that does it
	Done    int64     `json:"done,omitempty"`
	Total   int64     `json:"total,omitempty"` // of what is under way; zero: it is not
}

// watch looks for troubles.
type watch struct{ *visit }

func (w watch) parts() []part {
	return []part{
		{"projections and subscriptions", w.deliveries},
		{"the rebuilds", w.rebuilds},
		{"the migrations", w.migrations},
		{"the open transactions", w.holders},
	}
}

// deliveries says what is the matter with subscriptions and projections.
func (w watch) deliveries(ctx context.Context) (all []trouble, err error) {
	for _, kind := range []string{projectionKind, subscriptionKind} {
		found, err := w.admin.deliveriesOf(ctx, kind, w.now)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			all = append(all, w.delivery(ctx, d)...)
		}
	}
	return all, nil
}

func (w watch) delivery(ctx context.Context, d delivery) (all []trouble) {
	t := trouble{
		Tone: d.tone(), Word: d.state(), Kind: d.Kind, Name: d.Name, Since: d.ChangedAt, Page: w.path(d.Kind+"s", d.Name),
		Command: d.Kind + "s status " + d.Name,
	}
	switch d.Condition {
	case "stopped":
		t.At, t.Error, t.Command = d.FailedAt, d.Reason, d.Kind+"s resume "+d.Name
		t.Text = fmt.Sprintf("It failed %s and stopped. %s.", tried(d.Attempts), w.waits(d))
		t.Event = w.eventAt(ctx, d.FailedAt)
	case "paused":
		t.Error, t.Command = d.Reason, d.Kind+"s resume "+d.Name
		t.Text = "Somebody has paused it. " + w.waits(d) + "."
	case "lagging":
		t.Since, t.Text = *d.Waiting, "It runs, but is late. "+w.waits(d)+"."
	default:
		t.Text = d.why()
	}
	if slices.Contains(worstFirst, t.Tone) {
		all = append(all, t)
	}
	if d.Parked > 0 {
		all = append(all, w.parked(d))
	}
	return all
}

// parked tells of what a subscription has put aside.
func (w watch) parked(d delivery) trouble {
	appends := "1 append is"
	if d.Parked > 1 {
		appends = grouped(int64(d.Parked)) + " appends are"
	}
	return trouble{
		Tone: warned, Word: "put aside", Kind: d.Kind, Name: d.Name, Page: w.path(d.Kind+"s", d.Name), Command: d.Kind + "s retry " + d.Name,
		Text: appends + " put aside, and what comes later in the same streams waits behind. Retry when the cause is mended.",
	}
}

// eventAt is the id of the first event of an append. Without it the trouble is told all the
// same, so an error here is left to the page of the projection, which asks for it too.
func (w watch) eventAt(ctx context.Context, position int64) string {
	found, err := w.admin.appended(ctx, position, 1)
	if err != nil || len(found.Events) == 0 {
		return ""
	}
	return found.Events[0].ID.String()
}

func (w watch) rebuilds(ctx context.Context) (all []trouble, err error) {
	rebuilds, err := w.admin.shownRebuilds(ctx)
	for _, r := range rebuilds {
		t := trouble{
			Tone: warned, Word: r.Condition, Kind: "rebuild", Name: r.Projection, Since: r.ChangedAt, Text: r.what(), Error: r.Error,
			Page: w.path("rebuilds", r.Projection), Command: "projections rebuild " + r.Projection + r.flag(),
		}
		switch {
		case r.Running:
			t.Tone, t.Since, t.Done, t.Total, t.Command = busy, r.StartedAt, r.done(), max(r.Total, 1), ""
			t.Text = r.progress() + ". " + t.Text
		case r.Condition != "failed" && r.Condition != interrupted:
			continue
		}
		all = append(all, t)
	}
	return all, err
}

func (w watch) migrations(ctx context.Context) ([]trouble, error) {
	pending, err := w.admin.log.Pending(ctx)
	if err != nil || pending == 0 {
		return nil, err
	}
	return []trouble{{
		Tone: warned, Word: "pending", Kind: "migrations", Name: plural(int64(pending), "migration"),
		Text: "The tables of the database are older than this program.", Page: w.path("system"), Command: "db migrate",
	}}, nil
}

func (w watch) holders(ctx context.Context) (all []trouble, err error) {
	holders, err := w.admin.log.HeldBack(ctx)
	for _, h := range holders {
		if w.now.Sub(h.Since) < openTooLong { // where Since is unknown, it is long
			continue
		}
		known := slices.DeleteFunc([]string{h.Application, h.Client, h.State}, func(s string) bool { return s == "" })
		all = append(all, trouble{
			Tone: warned, Word: "held back", Kind: "transaction", Name: fmt.Sprintf("process %d of the database", h.Process), Since: h.Since,
			Text: fmt.Sprintf("What was appended after this transaction is delivered when it ends (%s). If it stays: SELECT pg_terminate_backend(%d)",
				strings.Join(known, ", "), h.Process),
			Page: w.path("system"),
		})
	}
	return all, err
}

// waits says what waits behind a delivery.
func (w watch) waits(d delivery) string {
	if d.Behind == 0 {
		return "Nothing waits behind it"
	}
	text := plural(d.Behind, "position") + " of the log behind"
	if d.Waiting != nil {
		text += ", the first from " + ago(w.now, *d.Waiting)
	}
	return text
}

// tried is how often something was.
func tried(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
