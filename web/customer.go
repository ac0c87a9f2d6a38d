package web

import (
	"context"
	"errors"
	"slices"

	"github.com/a-h/templ"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/view"
)

// CustomerURL is the page of a customer.
func CustomerURL(id string) templ.SafeURL { return templ.SafeURL(view.Path("/customers", id)) }

// CustomerOf is the customer whom something belongs to. One that was never registered is
// called by the id.
func CustomerOf(ctx context.Context, id string) (*projections.Customer, error) {
	c, err := projections.Customers.Find(ctx, id)
	if errors.Is(err, ireneo.ErrNotFound) {
		return &projections.Customer{ID: id, Name: id}, nil
	}
	return c, err
}

// CheckCustomer adds a message to the form's field customer_id where nobody is registered
// under the id.
func CheckCustomer(ctx context.Context, f *form.Form, id string) error {
	if id == "" { // the event says that itself
		return nil
	}
	_, err := projections.Customers.Find(ctx, id)
	if errors.Is(err, ireneo.ErrNotFound) || errors.Is(err, ireneo.ErrInvalidID) {
		f.Add("customer_id", "is not registered")
		return nil
	}
	return err
}

// CustomerField is the form's field customer_id: a choice of the customers there are, the
// first ones by their names where there are many, and the one who is in the form already.
func CustomerField(ctx context.Context, f *form.Form) (templ.Component, error) {
	found, err := projections.CustomerList.Find(ctx, list.Query{Limit: 200})
	if err != nil {
		return nil, err
	}
	var choices []form.Choice
	for _, c := range found.Rows {
		choices = append(choices, form.Choice{Value: c.ID, Word: c.Name})
	}
	hint := ""
	if found.Next != "" {
		hint = "Not in the list? Begin on the customer’s own page."
		if choices, err = withChosen(ctx, choices, f.Value("customer_id")); err != nil {
			return nil, err
		}
	}
	return f.Field("customer_id", form.Choices(choices...), form.Hint(hint)), nil
}

// withChosen adds the customer that is chosen to the choices, where it is another.
func withChosen(ctx context.Context, choices []form.Choice, id string) ([]form.Choice, error) {
	if slices.ContainsFunc(choices, func(c form.Choice) bool { return c.Value == id }) {
		return choices, nil
	}
	chosen, err := projections.Customers.Find(ctx, id)
	switch {
	case err == nil:
		return append(choices, form.Choice{Value: id, Word: chosen.Name}), nil
	case errors.Is(err, ireneo.ErrNotFound), errors.Is(err, ireneo.ErrInvalidID):
		return choices, nil
	default:
		return nil, err
	}
}
