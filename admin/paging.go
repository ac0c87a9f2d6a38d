package admin

import (
	"context"
	"math"
	"slices"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// The parameters of a page of the log. Positions never move, so neither do pages.
const (
	afterParam  = "after"  // only what is newer than this point
	beforeParam = "before" // only what is older
	oldestParam = "oldest" // 1: from the oldest on
)

// listing is a page of the log, the newest event first, and where the other pages are.
type listing struct {
	Events  []ireneo.StoredEvent
	Pager   pager
	Stopped *ireneo.Point // where the search gave up; nil: it did not
}

// list reads the page of a search that the query asks for.
func (a *admin) list(v *visit, s ireneo.Search) (l *listing, err error) {
	query := v.URL.Query()
	if s.After, err = pointIn(query.Get(afterParam)); err != nil {
		return nil, err
	}
	if s.Before, err = pointIn(query.Get(beforeParam)); err != nil {
		return nil, err
	}
	none := ireneo.Point{}
	s.Oldest = query.Get(oldestParam) == "1" || s.After != none
	found, err := a.log.Search(v.Context(), s)
	if err != nil {
		return nil, err
	}

	l = &listing{Events: found.Events, Stopped: found.Stopped}
	if s.Oldest {
		slices.Reverse(l.Events)
	}
	l.Pager = v.pagerOf(s, found, l.Events)
	return l, nil
}

// atOnce is how many whole events a page reads at once that keeps little of each.
const atOnce = 50

// each hands out the first events that a search finds, few of them in memory at once, until
// do has enough or there were most of them. more says that there are others.
func (a *admin) each(ctx context.Context, s ireneo.Search, most int, do func(e ireneo.StoredEvent) bool) (more bool, err error) {
	for most > 0 {
		s.Limit = min(most, atOnce)
		found, err := a.log.Search(ctx, s)
		if err != nil {
			return false, err
		}
		for _, e := range found.Events {
			if !do(e) {
				return true, nil
			}
		}
		if !found.More || found.Stopped != nil {
			return found.Stopped != nil, nil
		}
		most -= len(found.Events)
		last := found.Events[len(found.Events)-1].Point()
		if s.Oldest {
			s.After = last
		} else {
			s.Before = last
		}
	}
	return true, nil
}

// pagerOf leads from a page to the others: on the side that was read from, there is more;
// on the other, the search knows.
func (v *visit) pagerOf(s ireneo.Search, found *ireneo.Found, events []ireneo.StoredEvent) pager {
	none := ireneo.Point{}
	first, last := s.Before, s.After // where the page is, if nothing is on it
	if len(events) > 0 {
		first, last = events[0].Point(), events[len(events)-1].Point()
	}
	to := func(param string, p ireneo.Point) string {
		return v.with(afterParam, "", beforeParam, "", oldestParam, "", param, p.String())
	}

	p := pager{}
	more := found.More || found.Stopped != nil
	if found.Stopped != nil && s.Oldest {
		first = *found.Stopped
	} else if found.Stopped != nil {
		last = *found.Stopped
	}
	if s.Oldest && more || s.Before != none {
		p.Newer = to(afterParam, first)
		p.Newest = v.with(afterParam, "", beforeParam, "", oldestParam, "")
	}
	if !s.Oldest && more || s.After != none {
		p.Older = to(beforeParam, last)
		p.Oldest = v.with(afterParam, "", beforeParam, "", oldestParam, "1")
	}
	return p
}

// past is the place behind an append: before it are its events, and after it later ones.
func past(position int64) ireneo.Point {
	return ireneo.Point{Position: min(position, math.MaxInt64-1) + 1}
}

// pointIn reads a point of the query; an empty one is none.
func pointIn(text string) (ireneo.Point, error) {
	if text == "" {
		return ireneo.Point{}, nil
	}
	p, err := ireneo.ParsePoint(text)
	if err != nil {
		return p, refusal.BadRequest("%s", err.Error())
	}
	return p, nil
}
