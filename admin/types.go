package admin

import (
	"strconv"

	"github.com/ireneo-dev/ireneo"
)

// typesPage is all types of events.
type typesPage struct {
	Types []ireneo.TypeInfo `json:"types"`
}

func (a *admin) types(v *visit) (*page, error) {
	all, err := a.log.EventTypes(v.Context())
	if err != nil {
		return nil, err
	}
	p := &typesPage{Types: all}
	if p.Types == nil {
		p.Types = []ireneo.TypeInfo{}
	}
	return &page{Title: "Types", Nav: "/types", Data: p, Body: typesBody(v, p)}, nil
}

// standing is how a type of events is known to this program.
func standing(t ireneo.TypeInfo) (tone, string) {
	switch {
	case t.Now != "":
		return neutral, "old name"
	case t.Registered:
		return good, "registered"
	default:
		return warned, "orphaned"
	}
}

// orphans are the names of the types that nobody knows any more.
func (p *typesPage) orphans() []string {
	var names []string
	for _, t := range p.Types {
		if !t.Registered {
			names = append(names, t.Name)
		}
	}
	return names
}

// about is a count, with a sign where it is estimated.
func about(t ireneo.TypeInfo) string {
	if t.Exact {
		return grouped(t.Events)
	}
	return "~" + grouped(rounded(t.Events))
}

// rounded is a number with two digits that say something.
func rounded(n int64) int64 {
	unit := int64(1)
	for range max(len(strconv.FormatInt(n, 10))-2, 0) {
		unit *= 10
	}
	return n / unit * unit
}
