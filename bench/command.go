package main

import (
	"context"
	"math/rand/v2"

	"github.com/ireneo-dev/ireneo"
)

// decidedOn is of how many streams each command takes two.
const decidedOn = 1000

// move is a command over two accounts: it deposits into both, or into the second only if that
// was decided on the first.
type move struct {
	ireneo.Command `name:"bench.move"`

	from, to string
	both     bool
}

func (m *move) Loads() []ireneo.Reading {
	return []ireneo.Reading{accountPosition.Of(account.For(m.from)), accountPosition.Of(account.For(m.to))}
}

func (m *move) Handle(ctx context.Context, b *ireneo.Boundary) error {
	from, err := ireneo.Load(ctx, b, account.For(m.from), accountPosition)
	if err != nil {
		return err
	}
	to, err := ireneo.Load(ctx, b, account.For(m.to), accountPosition)
	if err != nil {
		return err
	}
	if m.both {
		from.Append(deposited())
	}
	to.Append(deposited())
	return nil
}

// startCommands has each client execute commands over two random streams, to one or both of
// which they append.
func startCommands(both bool) start {
	return func(ctx context.Context, s *site) (load, error) {
		carrier, err := s.log(ctx, config(account))
		if err != nil {
			return nil, err
		}
		all := make(clients, s.clients)
		for i := range all {
			all[i].op = func(context.Context) error {
				from := rand.IntN(decidedOn)
				to := (from + 1 + rand.IntN(decidedOn-1)) % decidedOn
				_, err := ireneo.Execute(carrier, &move{from: streamID(from), to: streamID(to), both: both})
				return err
			}
		}
		return all, nil
	}
}
