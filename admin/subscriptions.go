package admin

import (
	"slices"
	"strings"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// subscriptionsPage is the subscriptions, those first that somebody should look at.
type subscriptionsPage struct {
	Subscriptions []delivery `json:"subscriptions"`
}

func (a *admin) subscriptions(v *visit) (*page, error) {
	all, err := a.deliveriesOf(v.Context(), subscriptionKind, v.now)
	if err != nil {
		return nil, err
	}
	shown := &subscriptionsPage{all}
	return &page{Title: "Subscriptions", Nav: "/subscriptions", Data: shown, Body: subscriptionsBody(v, shown)}, nil
}

// subscriptionPage is all about one subscription.
type subscriptionPage struct {
	delivery
	Failure  *failure        `json:"failure,omitempty"` // nil: nothing stopped it
	HeldBack []ireneo.Holder `json:"held_back"`
	Remedies []remedy        `json:"remedies"`
	Letters  []letter        `json:"dead_letters"`
	Total    int             `json:"dead_letters_total"`
	Pages    pager           `json:"pages"`
}

// letter is an append that was put aside or skipped.
type letter struct {
	ireneo.DeadLetter
	MoreStreams int    `json:"more_streams,omitempty"` // than are listed
	Reason      string `json:"reason,omitempty"`       // why it was skipped
}

const (
	lettersPerPage   = 50
	streamsPerLetter = 5
)

func (a *admin) subscription(v *visit) (*page, error) {
	d, err := a.subscriptionOf(v)
	if err != nil {
		return nil, err
	}
	shown := &subscriptionPage{delivery: *d, Remedies: d.remedies(), Letters: []letter{}}
	if shown.Failure, err = a.failureOf(v.Context(), d); err != nil {
		return nil, err
	}
	if shown.HeldBack, err = a.holders(v.Context(), d); err != nil {
		return nil, err
	}
	letters, err := a.log.DeadLetters(v.Context(), d.Name)
	if err != nil {
		return nil, err
	}
	if err := shown.fill(v, letters); err != nil {
		return nil, err
	}
	return &page{Title: d.Name, Nav: "/subscriptions", Data: shown, Body: subscriptionBody(v, shown)}, nil
}

// subscriptionOf is the subscription that the path names.
func (a *admin) subscriptionOf(v *visit) (*delivery, error) {
	all, err := a.deliveriesOf(v.Context(), subscriptionKind, v.now)
	if err != nil {
		return nil, err
	}
	name := v.segment("name")
	for _, d := range all {
		if d.Name == name {
			return &d, nil
		}
	}
	return nil, ireneo.ErrUnknownSubscription
}

// fill shows the page of letters that the query asks for, the newest first.
func (p *subscriptionPage) fill(v *visit, all []ireneo.DeadLetter) error {
	slices.Reverse(all)
	p.Total = len(all)
	after, err := pointIn(v.URL.Query().Get(afterParam))
	if err != nil {
		return err
	}
	before, err := pointIn(v.URL.Query().Get(beforeParam))
	switch {
	case err != nil:
		return err
	case after.Position > 0 && before.Position > 0:
		return refusal.BadRequest("Give either after or before.")
	}

	from := 0
	switch { // newest first: what is before a position comes behind it
	case before.Position > 0:
		from = firstAt(all, before.Position-1)
	case after.Position > 0:
		from = max(0, firstAt(all, after.Position)-lettersPerPage)
	case v.URL.Query().Get(oldestParam) == "1":
		from = max(0, len(all)-lettersPerPage)
	}
	to := min(len(all), from+lettersPerPage)
	for _, l := range all[from:to] {
		p.Letters = append(p.Letters, letterOf(l))
	}
	p.pages(v, all, from, to)
	return nil
}

// skippedBecause is before the reason, at the end of the error of what was skipped.
const skippedBecause = "\nskipped: "

func letterOf(l ireneo.DeadLetter) letter {
	shown := letter{DeadLetter: l, MoreStreams: max(0, len(l.Streams)-streamsPerLetter)}
	shown.Streams = l.Streams[:min(len(l.Streams), streamsPerLetter)]
	if at := strings.LastIndex(l.Error, skippedBecause); l.Skipped && at >= 0 {
		shown.Error, shown.Reason = l.Error[:at], l.Error[at+len(skippedBecause):]
	}
	return shown
}

// firstAt is the place of the first letter, newest first, that is at a position or before.
func firstAt(all []ireneo.DeadLetter, position int64) int {
	if i := slices.IndexFunc(all, func(l ireneo.DeadLetter) bool { return l.Position <= position }); i >= 0 {
		return i
	}
	return len(all)
}

func (p *subscriptionPage) pages(v *visit, all []ireneo.DeadLetter, from, to int) {
	at := func(param, value string) string {
		return v.with(afterParam, "", beforeParam, "", oldestParam, "", param, value)
	}
	point := func(i int) string { return ireneo.Point{Position: all[i].Position}.String() }
	if from > 0 {
		p.Pages.Newest = at(oldestParam, "")
		p.Pages.Newer = p.Pages.Newest
		if from < len(all) && from > lettersPerPage {
			p.Pages.Newer = at(afterParam, point(from))
		}
	}
	if to < len(all) {
		p.Pages.Older, p.Pages.Oldest = at(beforeParam, point(to-1)), at(oldestParam, "1")
	}
}

// subscriptionActions are what may be done to a subscription as it is.
func (v *visit) subscriptionActions(d delivery) []action {
	return v.offered(
		offer{v.pauseAction(d.Kind, d.Name), d.State == "running"},
		offer{v.resumeAction(d), d.State != "running"},
		offer{v.skipAction(d), d.State == "stopped" && d.FailedAt > 0},
		offer{v.retryAction(d), d.Parked > 0},
	)
}

// how says how a letter came to be, and what becomes of it.
func (l letter) how() string {
	switch {
	case l.Skipped:
		return "skipped"
	case l.Attempts == 0:
		return "is tried again"
	default:
		return "put aside"
	}
}

// tone is how that looks.
func (l letter) tone() tone {
	switch {
	case l.Skipped:
		return neutral
	case l.Attempts == 0:
		return busy
	default:
		return warned
	}
}
