package admin

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// keptRows is a projection whose rows are kept up to date, as pages show it.
type keptRows struct {
	ireneo.ProjectionInfo
	Declared bool          `json:"declared"`           // by this program; else all that is known is the delivery
	Delivery *delivery     `json:"delivery,omitempty"` // nil: its rows are written with each append
	Rebuild  *shownRebuild `json:"rebuild,omitempty"`  // the last one; nil: there was none
}

// projectionsPage is the projections, those first that somebody should look at.
type projectionsPage struct {
	Projections []keptRows `json:"projections"`
}

func (a *admin) projections(v *visit) (*page, error) {
	all, err := a.keptRows(v.Context(), v.now)
	if err != nil {
		return nil, err
	}
	shown := &projectionsPage{all}
	return &page{Title: "Projections", Nav: "/projections", Data: shown, Body: projectionsBody(v, shown)}, nil
}

// keptRows are all projections with rows: those that are declared, and those on record.
func (a *admin) keptRows(ctx context.Context, now time.Time) ([]keptRows, error) {
	deliveries, err := a.deliveriesOf(ctx, projectionKind, now)
	if err != nil {
		return nil, err
	}
	rebuilds, err := a.shownRebuilds(ctx)
	if err != nil {
		return nil, err
	}

	all := []keptRows{}
	for _, info := range a.log.Projections() {
		all = append(all, keptRows{ProjectionInfo: info, Declared: true})
	}
	at := func(name string) int {
		i := slices.IndexFunc(all, func(k keptRows) bool { return k.Name == name })
		if i < 0 {
			i, all = len(all), append(all, keptRows{ProjectionInfo: ireneo.ProjectionInfo{Name: name, Streams: []string{}}})
		}
		return i
	}
	for i := range deliveries {
		all[at(deliveries[i].Name)].Delivery = &deliveries[i]
	}
	for i := range rebuilds {
		all[at(rebuilds[i].Projection)].Rebuild = &rebuilds[i]
	}
	slices.SortStableFunc(all, func(a, b keptRows) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// rank is the place of a projection in lists.
func (k keptRows) rank() int {
	switch {
	case k.Delivery != nil:
		return k.Delivery.rank()
	case k.Declared:
		return len(conditions) - 1
	default:
		return len(conditions)
	}
}

// kept says when its rows are written.
func (k keptRows) kept() string {
	switch k.Kind {
	case "":
		return "not by this program"
	case "transactional":
		return "with each append"
	default:
		return k.Kind
	}
}

// why says why it is not as it should be, empty where it is.
func (k keptRows) why() string {
	why := ""
	if k.Delivery != nil {
		why = k.Delivery.why()
	}
	if k.Rebuild != nil && k.Rebuild.Condition == "failed" {
		why = strings.TrimSpace(why + " Its last rebuild failed: " + k.Rebuild.Error)
	}
	return why
}
