package admin

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// interrupted is the condition of a rebuild that is not over, but that no process is at.
const interrupted = "interrupted"

// shownRebuild is a rebuild as pages show it.
type shownRebuild struct {
	ireneo.Rebuild
	Condition string `json:"condition"` // its phase, or interrupted
	Left      int64  `json:"left"`      // seconds at this rate; zero: not known
}

// shownRebuilds are the last rebuilds of all projections: those under way first, then what
// somebody should look at, then the latest.
func (a *admin) shownRebuilds(ctx context.Context) ([]shownRebuild, error) {
	found, err := a.log.Rebuilds(ctx)
	all := make([]shownRebuild, 0, len(found))
	for _, r := range found {
		s := shownRebuild{r, r.Phase, int64(r.Left().Round(time.Second) / time.Second)}
		if !r.Running && !slices.Contains([]string{"done", "canceled", "failed"}, r.Phase) {
			s.Condition = interrupted
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b shownRebuild) int {
		if a.rank() != b.rank() {
			return a.rank() - b.rank()
		}
		return b.ChangedAt.Compare(a.ChangedAt)
	})
	return all, err
}

func (r shownRebuild) rank() int {
	switch {
	case r.Running:
		return 0
	case r.Condition == interrupted || r.Condition == "failed":
		return 1
	default:
		return 2
	}
}

// tone is how its condition looks.
func (r shownRebuild) tone() tone {
	switch {
	case r.Running:
		return busy
	case r.Condition == interrupted:
		return warned
	default:
		return toneOf(r.Condition)
	}
}

// percent is how much of it is done.
func (r shownRebuild) percent() int64 {
	switch {
	case r.Phase == "done":
		return 100
	case r.Total == 0:
		return 0
	default:
		return min(100*r.Events/r.Total, 99)
	}
}

// done is how many of the events are done.
func (r shownRebuild) done() int64 {
	if r.Phase == "done" {
		return max(r.Total, 1)
	}
	return min(r.Events, r.Total)
}

func (r shownRebuild) share() string { return strconv.FormatInt(r.percent(), 10) + " %" }

// progress is how far it is, in words.
func (r shownRebuild) progress() string {
	text := grouped(r.Events) + " of " + plural(r.Total, "event")
	if left := r.Rebuild.Left(); left > 0 {
		text += ", about " + lasting(left) + " left"
	}
	return text
}

// flag is what the command line takes to go on with it.
func (r shownRebuild) flag() string {
	if r.Undo {
		return " --undo"
	}
	return ""
}

// what says in a sentence how it is.
func (r shownRebuild) what() string {
	switch r.Condition {
	case "starting":
		return "The new table is made, and what there is to read is counted."
	case "filling":
		return "The new rows are made from the log, as it was at the beginning."
	case "following":
		return "The rows are brought up to date with what has come since, and then put in place."
	case "done":
		if r.Undo {
			return "The rows before the last rebuild are in use again. Those they replaced are kept."
		}
		return "The new rows are in use. Those they replaced are kept until the next rebuild."
	case "canceled":
		return "Somebody has canceled it. The rows in use are as they were."
	case "failed":
		return "It cannot go on. The rows in use are as they were."
	default:
		return "No process is at it. What was done is kept: rebuild again to go on, or cancel it. The rows in use are as they were."
	}
}

// rebuildsPage is the last rebuilds of all projections.
type rebuildsPage struct {
	Rebuilds []shownRebuild `json:"rebuilds"`
}

func (a *admin) rebuilds(v *visit) (*page, error) {
	all, err := a.shownRebuilds(v.Context())
	if err != nil {
		return nil, err
	}
	shown := &rebuildsPage{all}
	p := &page{Title: "Rebuilds", Nav: "/projections", Data: shown, Body: rebuildsBody(v, shown)}
	if len(all) > 0 && all[0].Running {
		p.Refresh = 5
	}
	return p, nil
}

// rebuildPage is the last rebuild of one projection.
type rebuildPage struct {
	Projection string        `json:"projection"`
	Rebuild    *shownRebuild `json:"rebuild"` // null: there was none
}

func (a *admin) rebuild(v *visit) (*page, error) {
	k, err := a.keptRowsOf(v)
	if err != nil {
		return nil, err
	}
	shown := &rebuildPage{k.Name, k.Rebuild}
	p := &page{Title: "Rebuild of " + k.Name, Nav: "/projections", Data: shown, Body: rebuildBody(v, k)}
	if k.Rebuild != nil && k.Rebuild.Running {
		p.Refresh = 5
	}
	return p, nil
}

// looks is how often it is looked how far a rebuild is.
const looks = time.Second

// rebuildStream tells how a rebuild goes until it does not go on.
func (a *admin) rebuildStream(v *visit, w *longAnswer) error {
	k, err := a.keptRowsOf(v)
	if err != nil {
		return err
	}
	if k.Rebuild == nil {
		return errNoPage
	}
	if err := w.pieces(); err != nil {
		return err
	}
	tick := time.NewTicker(looks)
	defer tick.Stop()
	for last, told := (shownRebuild{}), time.Now(); ; {
		r, err := a.rebuildOf(v.Context(), k.Name)
		if err != nil {
			return err
		}
		v.now = time.Now().UTC()
		switch {
		case *r != last:
			err, told = w.piece(v.Context(), "progress", "", v.progress(*r, true)), time.Now()
		case time.Since(told) >= heartbeat:
			err, told = w.alive(), time.Now()
		}
		if err != nil {
			return err
		}
		if last = *r; !r.Running {
			return w.end()
		}
		select {
		case <-v.Context().Done():
			return v.Context().Err()
		case <-tick.C:
		}
	}
}

// rebuildOf is the last rebuild of a projection, which has one.
func (a *admin) rebuildOf(ctx context.Context, name string) (*shownRebuild, error) {
	all, err := a.shownRebuilds(ctx)
	for _, r := range all {
		if r.Projection == name {
			return &r, err
		}
	}
	if err == nil {
		err = errNoPage
	}
	return nil, err
}
