package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// Commands decide on several streams. Each event tells what its command has read, and so
// does the command itself where it writes nothing.

// Relayed is what commands write that read some streams and write to others, Taken what
// those write that ask the log a question.
type (
	Relayed struct {
		ireneo.Event `name:"relay.relayed"`
		Mark
	}
	Taken struct {
		ireneo.Event `name:"seat.taken"`
		Mark
		Show string `json:"show"`
	}
	Place struct{ Sheet }
)

var places = ireneo.NewProjection("places",
	ireneo.On(func(p *Place, e *Relayed, _ time.Time) { p.enter(e.Version(), 0, e.Mark) }),
)

var (
	relays = &ireneo.Stream{Type: "relay", Purpose: "Is decided on"}
	seats  = &ireneo.Stream{Type: "seat", Purpose: "Is found by queries"}
)

// decision is what the commands have in common: the operation they are of, and what they
// have read in their last attempt.
type decision struct {
	op   string
	read map[string]int64
}

// mark marks the events of an attempt.
func (d *decision) mark(events ...marked) {
	for i, ev := range events {
		*ev.marked() = Mark{Op: d.op, N: i, Of: len(events)}
	}
	events[0].marked().Read = d.read
}

func (d *decision) deciding() *decision { return d }

// command is one of this package.
type command interface {
	ireneo.AnyCommand
	deciding() *decision
}

// transfer moves money from one account to others.
type transfer struct {
	ireneo.Command `name:"account.transfer"`
	decision
	From   string
	To     []string
	Amount int64 // to each
}

// Handle implements [ireneo.AnyCommand].
func (c *transfer) Handle(ctx context.Context, b *ireneo.Boundary) error {
	c.read = map[string]int64{}
	from, err := ireneo.Load(ctx, b, accounts.For(c.From), balances)
	if err != nil {
		return err
	}
	c.read["account/"+c.From] = from.Version()
	total := c.Amount * int64(len(c.To))
	if from.State.Balance < total {
		return b.Reject("", "There is not enough in it")
	}
	withdrawn := &Withdrawn{Amount: total}
	all := []marked{withdrawn}
	from.Append(withdrawn)
	for _, id := range c.To {
		to, err := ireneo.Load(ctx, b, accounts.For(id), balances)
		if err != nil {
			return err
		}
		c.read["account/"+id] = to.Version()
		deposited := &Deposited{Amount: c.Amount}
		all = append(all, deposited)
		to.Append(deposited)
	}
	c.mark(all...)
	return nil
}

// relay reads some streams and writes to others; to none, and it does nothing.
type relay struct {
	ireneo.Command `name:"relay.pass"`
	decision
	From, To []string
	declares bool // it says beforehand what it loads
}

// Loads implements [ireneo.Declarer].
func (c *relay) Loads() (all []ireneo.Reading) {
	if !c.declares {
		return nil
	}
	for _, id := range slices.Concat(c.From, c.To) {
		all = append(all, places.Of(relays.For(id)))
	}
	return all
}

// Handle implements [ireneo.AnyCommand].
func (c *relay) Handle(ctx context.Context, b *ireneo.Boundary) error {
	c.read = map[string]int64{}
	var all []marked
	for i, id := range slices.Concat(c.From, c.To) {
		place, err := ireneo.Load(ctx, b, relays.For(id), places)
		if err != nil {
			return err
		}
		c.read["relay/"+id] = place.Version()
		if i >= len(c.From) {
			ev := &Relayed{}
			all = append(all, ev)
			place.Append(ev)
		}
	}
	if len(all) > 0 {
		c.mark(all...)
	}
	return nil
}

// book takes a seat of a show that has some left, of which only a query knows. It takes it
// in a stream of its own.
type book struct {
	ireneo.Command `name:"seat.book"`
	decision
	Show string
}

// capacity is how many seats a show has.
const capacity = 5

func taken(show string) ireneo.Filter {
	return ireneo.Filter{Types: []string{"seat.taken"}, Data: map[string]any{"show": show}}
}

// Handle implements [ireneo.AnyCommand].
func (c *book) Handle(ctx context.Context, b *ireneo.Boundary) error {
	events, err := b.Matching(ctx, taken(c.Show))
	if err != nil {
		return err
	}
	c.read = map[string]int64{"show/" + c.Show: int64(len(events))}
	if len(events) >= capacity {
		return nil
	}
	seat, err := ireneo.Load(ctx, b, seats.For(c.op), places)
	if err != nil {
		return err
	}
	ev := &Taken{Show: c.Show}
	seat.Append(ev)
	c.mark(ev)
	return nil
}

// commandWorks are what a writer does with commands.
var commandWorks = []work{
	{20, (*writer).transfer},
	{30, (*writer).relay},
	{3, (*writer).book},
	{3, (*writer).appendIf},
}

func (w *writer) transfer(ctx context.Context) {
	all := w.random.Perm(purses)[:2+w.random.IntN(2)]
	c := &transfer{From: fmt.Sprint("purse-", all[0]), Amount: 1 + w.random.Int64N(opening/2)}
	for _, n := range all[1:] {
		c.To = append(c.To, fmt.Sprint("purse-", n))
	}
	w.execute(ctx, "transfer", c)
}

// relay is often of very few streams, so that many want the same.
func (w *writer) relay(ctx context.Context) {
	var ids []string
	for _, n := range w.random.Perm(5)[:1+w.random.IntN(4)] {
		ids = append(ids, fmt.Sprint("hot-", clock()/(5*seconds), "-", n))
	}
	if w.random.IntN(2) == 0 {
		ids = append(ids, fmt.Sprint("cold-", w.random.IntN(300)))
	}
	read := min(w.random.IntN(3), len(ids)-1)
	c := &relay{From: ids[:read], To: ids[read:], declares: w.random.IntN(2) == 0}
	if read > 0 && w.random.IntN(6) == 0 {
		c.From, c.To = ids, nil
	} else if read > 0 {
		c.To = c.To[:1] // "read A, write B", as skew needs it
	}
	w.execute(ctx, "relay", c)
}

func (w *writer) show() string { return fmt.Sprint(clock()/(2*seconds), "-", w.random.IntN(2)) }

func (w *writer) book(ctx context.Context) { w.execute(ctx, "book", &book{Show: w.show()}) }

// execute executes a command, now and then under an id that others use, too, and writes
// down what came of it.
func (w *writer) execute(ctx context.Context, what string, c command) {
	l := line{What: what}
	opts := []ireneo.ExecuteOption{ireneo.Retry(ireneo.Backoff(w.random.IntN(6), 5*time.Millisecond))}
	switch w.random.IntN(6) {
	case 0:
		id := what + " " + strconv.FormatInt(clock()/(seconds/20), 10)
		l.Key = "command " + id
		opts = append(opts, ireneo.CommandID(id))
	case 1:
		id := fmt.Sprint(what, " ", w.name, " ", w.count)
		l.Key = "command " + id
		opts = append(opts, ireneo.CommandID(id))
	}
	c.deciding().op = w.begin(l, nil)
	result, err := ireneo.Execute(ctx, c, opts...)
	w.executed(c, result, err)
}

func (w *writer) executed(c command, result *ireneo.Result, err error) {
	l := line{At: clock(), Kind: outcome(err), Op: c.deciding().op}
	if err != nil {
		l.Error = err.Error()
		var gone *ireneo.ExhaustedError
		if errors.As(err, &gone) {
			l.Attempts = gone.Attempts
		}
	} else {
		l.answered(plainMarked(result.Events))
		l.Attempts, l.Repeated = result.Attempts, result.Repeated
	}
	if err != nil || l.Nothing && !l.Repeated {
		l.Read = c.deciding().read
	}
	w.recorder.acknowledge(l)
}

func plainMarked(events []ireneo.AnyEvent) (all []marked) {
	for _, ev := range events {
		all = append(all, ev.(marked))
	}
	return all
}

// appendIf takes a seat as book does, without a command.
func (w *writer) appendIf(ctx context.Context) {
	show := w.show()
	found, position, err := w.log.Matching(ctx, taken(show))
	if err != nil || len(found) >= capacity {
		return // it was a question
	}
	ev := &Taken{Show: show}
	op := w.begin(line{What: "AppendIf", Events: 1}, []marked{ev})
	ev.Read = map[string]int64{"show/" + show: int64(len(found))}
	err = seats.For(op).AppendIf(ctx, []ireneo.Filter{taken(show)}, position, ev)
	w.end(op, err, []marked{ev})
}
