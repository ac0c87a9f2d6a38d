package accounts

import (
	"cmp"
	"context"
	"strings"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/view"
)

// ends are the accounts at the other end of transfers, by the id of the event.
type ends map[string]end

type end struct{ word, id string } // such as "to" an account

// look is the look at a page, which notes the ends of the transfers that are shown.
func (e ends) look() view.Look {
	noting := look
	noting.Phrase = func(ev ireneo.AnyEvent) view.Phrase {
		switch ev := ev.(type) {
		case *account.Deposited:
			e.note(ev, end{"from", ev.FromID})
		case *account.Withdrawn:
			e.note(ev, end{"to", ev.ToID})
		}
		return phrase(ev)
	}
	return noting
}

func (e ends) note(ev ireneo.AnyEvent, other end) {
	if other.id != "" {
		e[ev.ID().String()] = other
	}
}

// name says in the entries what the accounts are called.
func (e ends) name(ctx context.Context, entries []view.Entry) error {
	var ids []string
	for _, other := range e {
		ids = append(ids, other.id)
	}
	names, err := projections.AccountNames(ctx, ids)
	if err != nil {
		return err
	}
	for i := range entries {
		if other, ok := e[entries[i].ID]; ok {
			words := other.word + " " + cmp.Or(names[other.id], other.id)
			entries[i].Note = strings.TrimSuffix(words+": "+entries[i].Note, ": ")
		}
	}
	return nil
}
