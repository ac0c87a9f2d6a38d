package ireneo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// However many events a stream has, and wherever those are that were recorded later than
// they occurred: they are folded in the order in which they occurred.
func TestF24_ReplayOfMuchIsInTheOrderOfOccurrence(t *testing.T) {
	trail := ireneo.NewProjection("trail", ireneo.On(func(p *Purse, e *Deposited, _ time.Time) { p.Trail += fmt.Sprint(" ", e.Amount) }))
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for name, tt := range map[string]struct {
			hours []int // of each append
			many  int   // events of each
		}{
			"few, in order":            {[]int{1, 2, 2}, 2},
			"few, not in order":        {[]int{2, 3, 1, 2}, 2},
			"many, in order":           {[]int{1, 2, 3}, 300},
			"many, not in order early": {[]int{2, 1, 3}, 300},
			"many, not in order late":  {[]int{2, 3, 4, 1}, 300},
		} {
			purse, n := PurseStream.For(strings.ReplaceAll(name, " ", "-")), int64(0)
			byHour := map[int]string{}
			for _, hour := range tt.hours {
				var events []ireneo.AnyEvent
				for range tt.many {
					n++
					events = append(events, &Deposited{Amount: n})
					byHour[hour] += fmt.Sprint(" ", n)
				}
				must(t, purse.AppendAll(ctx, events, ireneo.At(noon.Add(time.Duration(hour)*time.Hour))))
			}
			got, err := trail.Replay(ctx, purse)
			must(t, err)
			if want := byHour[1] + byHour[2] + byHour[3] + byHour[4]; got.Trail != want {
				t.Errorf("%s: got%s, want%s", name, got.Trail, want)
			}
		}
	})
}
