package view

import (
	"context"
	"errors"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
)

// Clash is a form that came too late: somebody else appended first.
type Clash struct {
	Entries []Entry  // what was appended since the form was opened, oldest first
	Version int64    // where the stream is now
	Closed  bool     // nothing can be appended any more
	Reasons []string // why what was typed would be refused now
	Form    string   // the form's Name, which is the id of its element
}

// Passes reports whether what was typed would be accepted now.
func (c *Clash) Passes() bool { return !c.Closed && len(c.Reasons) == 0 }

// ClashOf finds out what became of the stream meanwhile, and whether the event that was
// refused for that reason would be accepted now. What would be said of it is put beside
// the form's fields too, and the form is made ready to be sent again.
func ClashOf(ctx context.Context, h *ireneo.Handle, conflict *ireneo.ConflictError, f *form.Form, ev ireneo.AnyEvent, look Look) (*Clash, error) {
	c := &Clash{Version: conflict.Actual, Form: f.Name}
	for _, winner := range conflict.Events {
		c.Entries = append(c.Entries, look.entry(winner))
	}
	f.SetVersion(conflict.Actual)

	err := h.Check(ctx, ev)
	switch {
	case err == nil:
	case errors.Is(err, ireneo.ErrInvalid):
		f.Take(ev)
		for _, fe := range append(ev.Errors().Own(), ev.Errors().State()...) {
			c.Reasons = append(c.Reasons, fe.Message)
		}
	case errors.As(err, new(*ireneo.LifecycleError)):
		c.Closed = true
	default:
		return nil, err
	}
	return c, nil
}
