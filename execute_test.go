package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ireneo-dev/ireneo"
)

// Transfer moves money from one account to another.
type Transfer struct {
	ireneo.Command `name:"account.transfer"`

	From   string `json:"from"   validate:"required"`
	To     string `json:"to"     validate:"required,nefield=From"`
	Amount int64  `json:"amount" validate:"gt=0"`
}

func (c *Transfer) Loads() []ireneo.Reading {
	return []ireneo.Reading{AccountPosition.Of(Account.For(c.From)), AccountPosition.Of(Account.For(c.To))}
}

func (c *Transfer) Handle(ctx context.Context, b *ireneo.Boundary) error {
	from, err := ireneo.Load(ctx, b, Account.For(c.From), AccountPosition)
	if err != nil {
		return err
	}
	to, err := ireneo.Load(ctx, b, Account.For(c.To), AccountPosition)
	if err != nil {
		return err
	}
	if from.State.Balance < c.Amount {
		return b.Reject("amount", "exceeds the balance")
	}
	from.Append(&Withdrawn{Amount: c.Amount})
	to.Append(&Deposited{Amount: c.Amount})
	return nil
}

func TestC02_ACommandWritesToManyStreamsInOneCommit(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 100}))

		result, err := ireneo.Execute(ctx, &Transfer{From: "a", To: "b", Amount: 30})
		must(t, err)
		if result.Attempts != 1 || len(result.Events) != 2 || result.Events[0].Position() != result.Events[1].Position() || result.Position != result.Events[0].Position() {
			t.Errorf("result is %+v", result)
		}
		wantBalance(t, ctx, "a", 70)
		wantBalance(t, ctx, "b", 30)

		var rejected *ireneo.RejectedError
		cmd := &Transfer{From: "a", To: "b", Amount: 71}
		if _, err = ireneo.Execute(ctx, cmd); !errors.As(err, &rejected) || !errors.Is(err, ireneo.ErrInvalid) {
			t.Fatalf("error is %v", err)
		}
		if got, want := fmt.Sprint(cmd.Errors().On("amount")), "[Amount exceeds the balance]"; got != want {
			t.Errorf("messages are %s, not %s", got, want)
		}
		wantBalance(t, ctx, "a", 70)
		wantBalance(t, ctx, "b", 30)
	})
}
