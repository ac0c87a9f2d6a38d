package admin

import (
	"strings"

	"github.com/ireneo-dev/ireneo"
)

// projectionPage is all about one projection.
type projectionPage struct {
	keptRows
	Failure  *failure        `json:"failure,omitempty"` // nil: nothing stopped it
	HeldBack []ireneo.Holder `json:"held_back"`
	Remedies []remedy        `json:"remedies"`
}

func (a *admin) projection(v *visit) (*page, error) {
	k, err := a.keptRowsOf(v)
	if err != nil {
		return nil, err
	}
	shown := &projectionPage{keptRows: *k, Remedies: k.remedies()}
	if shown.Failure, err = a.failureOf(v.Context(), k.Delivery); err != nil {
		return nil, err
	}
	if shown.HeldBack, err = a.holders(v.Context(), k.Delivery); err != nil {
		return nil, err
	}
	return &page{Title: k.Name, Nav: "/projections", Data: shown, Body: projectionBody(v, shown)}, nil
}

// keptRowsOf is the projection that the path names.
func (a *admin) keptRowsOf(v *visit) (*keptRows, error) {
	all, err := a.keptRows(v.Context(), v.now)
	if err != nil {
		return nil, err
	}
	name := v.segment("name")
	for _, k := range all {
		if k.Name == name {
			return &k, nil
		}
	}
	return nil, ireneo.ErrNotMaterialized
}

// remedies are what to do on the command line where it is not as it should be.
func (k keptRows) remedies() []remedy {
	list := []remedy{}
	if k.Delivery != nil {
		list = append(list, k.Delivery.remedies()...)
	}
	if k.Rebuild != nil && k.Rebuild.Condition == interrupted {
		list = append(list,
			remedy{"Go on with the rebuild", "projections rebuild " + k.Name + k.Rebuild.flag()},
			remedy{"Give the rebuild up", "projections rebuild " + k.Name + " --cancel"})
	}
	return list
}

// fields are what is known of a projection.
func (v *visit) projectionFields(k keptRows) []field {
	list := []field{{Label: "Written", Text: k.kept()}}
	if k.Declared {
		streams := "events of any stream, by a key"
		if len(k.Streams) > 0 {
			streams = strings.Join(k.Streams, ", ")
		}
		list = append(list, field{Label: "Table", Text: k.Table}, field{Label: "Streams", Text: streams})
	}
	if k.Delivery != nil {
		list = append(list, v.deliveryFields(*k.Delivery)...)
	}
	if k.Rebuild != nil {
		list = append(list, field{Label: "Last rebuild", Body: v.rebuildInShort(*k.Rebuild)})
	}
	return list
}

// deliveryFields are what is known of how far something has come.
func (v *visit) deliveryFields(d delivery) []field {
	list := []field{
		{Label: "Position", Body: v.positionOf(d)},
		{Label: "Behind", Text: d.behind(v.now)},
		{Label: "Led", Text: map[bool]string{true: "a process runs it", false: "no process runs it"}[d.Led]},
		{Label: "Last change", Body: v.when(d.ChangedAt)},
	}
	if d.Attempts > 0 {
		list = append(list, field{Label: "Tried", Text: plural(int64(d.Attempts), "time")})
	}
	if d.Parked > 0 {
		list = append(list, field{Label: "Put aside", Text: plural(int64(d.Parked), "append")})
	}
	return list
}

// offer is an action, and whether things are such that it makes sense.
type offer struct {
	action
	now bool
}

// offered are the actions that make sense, and the one whose form was just refused: things
// may have changed since the form was opened.
func (v *visit) offered(offers ...offer) []action {
	var list []action
	for _, o := range offers {
		if o.now || v.refusal(o.action) != nil {
			list = append(list, o.action)
		}
	}
	return list
}

// projectionActions are what may be done to a projection as it is.
func (v *visit) projectionActions(k keptRows) []action {
	var list []action
	if d := k.Delivery; d != nil {
		list = v.offered(offer{v.pauseAction(d.Kind, d.Name), d.State == "running"}, offer{v.resumeAction(*d), d.State != "running"})
	}
	if k.Declared {
		list = append(list, v.rebuildActions(k)...)
	}
	return list
}

// rebuildActions are those of them that are about its rebuild.
func (v *visit) rebuildActions(k keptRows) []action {
	var r shownRebuild
	if k.Rebuild != nil {
		r = *k.Rebuild
	}
	goesOn := r.Condition == interrupted
	return v.offered(
		offer{v.rebuildAction(k), !r.Running && (!goesOn || !r.Undo)},
		offer{v.cancelAction(k), r.Running || goesOn},
		offer{v.undoAction(k), r.Phase == "done" || goesOn && r.Undo},
	)
}
