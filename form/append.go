package form

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/ireneo-dev/ireneo"
)

// Append appends the event of the form to a stream, at the version its page showed, and
// once however often the form is sent. What the stream refuses is among the form's
// messages when it returns. The form of a new stream has version 0, and its Key makes a
// good id.
//
// A form that was used, changed and sent again, as browsers allow on the way back, is
// another form: its version decides, and it has a new key afterwards.
//
// Errors are those of Handle.Append, and ErrMalformed where the form has no version.
func (f *Form) Append(ctx context.Context, h *ireneo.Handle, ev ireneo.AnyEvent) error {
	version, err := f.Version()
	if err != nil {
		return err
	}

	given := reflect.ValueOf(ev).Elem()
	sent := reflect.New(given.Type()).Elem()
	sent.Set(given)
	err = h.Append(ctx, ev, ireneo.ExpectVersion(version), ireneo.IdempotencyKey(f.Key()))
	if err == nil && !f.same(given, sent) { // the key was used before, for other facts
		given.Set(sent)
		f.Renew()
		err = h.Append(ctx, ev, ireneo.ExpectVersion(version))
	}
	if errors.Is(err, ireneo.ErrInvalid) {
		f.Take(ev)
	}
	return err
}

// same reports whether two events have the same in all fields of the form.
func (f *Form) same(a, b reflect.Value) bool {
	return !slices.ContainsFunc(f.table.fields, func(fl *field) bool {
		x, y := a.FieldByIndex(fl.index), b.FieldByIndex(fl.index)
		untouched := x.Comparable() && x.Equal(y) // pointers inside included
		return !untouched && fl.show(a.Addr()) != fl.show(b.Addr())
	})
}
