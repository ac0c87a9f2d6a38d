package ireneo_test

import (
	"context"
	"testing"

	"github.com/ireneo-dev/ireneo"
)

// Against each other: two appends, two events in one append, and a command over two streams
// that writes both, or one.
func BenchmarkExecute(b *testing.B) {
	a, z := Account.For("a"), Account.For("z")
	execute := func(write func(a, z *ireneo.Loaded[Position])) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				from, err := ireneo.Load(ctx, b, a, AccountPosition)
				if err != nil {
					return err
				}
				to, err := ireneo.Load(ctx, b, z, AccountPosition)
				if err == nil {
					write(from, to)
				}
				return err
			}})
			return err
		}
	}
	for _, database := range databases {
		for _, bb := range []struct {
			name string
			work func(context.Context) error
		}{
			{"one append", func(ctx context.Context) error { return a.Append(ctx, &Deposited{Amount: 1}) }},
			{"two events", func(ctx context.Context) error {
				return a.AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}, &Deposited{Amount: 1}})
			}},
			{"two streams", execute(func(a, z *ireneo.Loaded[Position]) {
				a.Append(&Deposited{Amount: 1})
				z.Append(&Deposited{Amount: 1})
			})},
			{"one of two streams", execute(func(a, _ *ireneo.Loaded[Position]) { a.Append(&Deposited{Amount: 1}) })},
		} {
			b.Run(database.name+"/"+bb.name, func(b *testing.B) {
				ctx := ireneo.WithLog(b.Context(), database.log(b, config()))
				b.ReportAllocs()
				for b.Loop() {
					must(b, bb.work(ctx))
				}
			})
		}
	}
}
