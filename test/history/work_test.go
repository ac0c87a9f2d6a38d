package history

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

const (
	purses  = 16  // accounts
	opening = 100 // what each is opened with
	seconds = int64(time.Second)
)

// writer does one operation after the other and writes each down.
type writer struct {
	log      *ireneo.Log
	recorder *recorder
	process  string
	name     string // its own, which begins with that of its process
	random   *rand.Rand
	count    int
	works    []work
}

type work struct {
	share int // how often, against the others
	do    func(w *writer, ctx context.Context)
}

// works are what a writer does without commands.
var works = []work{
	{50, (*writer).append},
	{15, (*writer).hostNotes},
	{15, (*writer).hostTransfer},
	{20, (*writer).look},
}

// next does one operation.
func (w *writer) next(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	total := 0
	for _, work := range w.works {
		total += work.share
	}
	at := w.random.IntN(total)
	for _, work := range w.works {
		if at -= work.share; at < 0 {
			work.do(w, ctx)
			return
		}
	}
}

// noteID is often one of a few streams that everybody appends to. They are others every
// five seconds, so that none of them gets too long to be read all the time.
func (w *writer) noteID() string {
	if w.random.IntN(2) == 0 {
		return fmt.Sprint("hot-", clock()/(5*seconds), "-", w.random.IntN(3))
	}
	return fmt.Sprint("cold-", w.random.IntN(1000))
}

func (w *writer) purse() string { return fmt.Sprint("purse-", w.random.IntN(purses)) }

func (w *writer) written(n int) (events []marked) {
	for range n {
		events = append(events, &Written{Text: strings.Repeat("word ", w.random.IntN(20))})
	}
	return events
}

// append appends one event or several to a note, now and then at a version, under a key
// that others use, too, or with a context that may end in the middle.
func (w *writer) append(ctx context.Context) {
	id, n := w.noteID(), 1
	if w.random.IntN(3) == 0 {
		n += w.random.IntN(4)
	}
	l := line{What: "Append"}
	var opts []ireneo.AppendOption
	switch w.random.IntN(12) {
	case 0, 1:
		version, err := notes.For(id).Version(ctx)
		if err != nil {
			return // it was a question
		}
		l.What, l.Expect = "ExpectVersion", &version
		opts = append(opts, ireneo.ExpectVersion(version))
	case 2: // several at once, or one after the other
		key := strconv.FormatInt(clock()/(seconds/20), 10)
		id, n = fmt.Sprint("keyed-", w.random.IntN(3)), 2
		l.What, l.Key = "IdempotencyKey", id+" "+key
		opts = append(opts, ireneo.IdempotencyKey(key))
	case 3:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, rand.N(5*time.Millisecond))
		defer cancel()
	}
	events := w.written(n)
	l.Streams, l.Events = []string{"note/" + id}, n
	op := w.begin(l, events)
	w.end(op, notes.For(id).AppendAll(ctx, plain(events), opts...), events)
	w.lookAgain(id)
}

func plain(events []marked) (all []ireneo.AnyEvent) {
	for _, ev := range events {
		all = append(all, ev)
	}
	return all
}

// begin marks the events of an operation and writes down that it is about to begin.
func (w *writer) begin(l line, events []marked) (op string) {
	w.count++
	op = fmt.Sprint(w.name, "-", w.count)
	for i, ev := range events {
		m := ev.marked()
		m.Op, m.N, m.Of = op, i, len(events)
	}
	l.Kind, l.Op = invoked, op
	w.recorder.write(l)
	return op
}

// end writes down what an operation was told.
func (w *writer) end(op string, err error, events []marked) {
	l := line{At: clock(), Kind: outcome(err), Op: op}
	if err != nil {
		l.Error = err.Error()
	} else {
		l.answered(events)
	}
	w.recorder.acknowledge(l)
}

// answered fills in what the events say of themselves.
func (l *line) answered(events []marked) {
	if l.Nothing = len(events) == 0; l.Nothing {
		return
	}
	l.Position, l.Wrote = events[0].Position(), map[string]int64{}
	if l.As = events[0].marked().Op; l.As == l.Op {
		l.As = ""
	}
	for _, ev := range slices.Backward(events) {
		l.Wrote[streamOf(ev)] = ev.Version()
	}
}

func outcome(err error) string {
	switch {
	case err == nil:
		return accepted
	case errors.Is(err, ireneo.ErrOutcomeUnknown):
		return unknown
	case errors.Is(err, ireneo.ErrConflict):
		return conflict
	case errors.Is(err, ireneo.ErrInvalid), errors.Is(err, errUndone):
		return rejected
	}
	return failed
}

var errUndone = errors.New("undone")

// hostNotes appends to notes, one of them maybe twice, in a transaction of the host.
func (w *writer) hostNotes(ctx context.Context) {
	ids := []string{w.noteID(), w.noteID()}
	if w.random.IntN(3) == 0 {
		ids = append(ids, ids[0])
	}
	slices.Sort(ids) // everybody in one order
	var handles []*ireneo.Handle
	for _, id := range ids {
		handles = append(handles, notes.For(id))
	}
	w.host(ctx, handles, w.written(len(ids)))
	w.lookAgain(ids[0])
}

// hostTransfer moves money between two accounts in a transaction of the host.
func (w *writer) hostTransfer(ctx context.Context) {
	ids := []string{w.purse(), w.purse()}
	if ids[0] == ids[1] {
		return
	}
	slices.Sort(ids)
	amount := w.random.Int64N(opening / 2)
	events := []marked{&Withdrawn{Amount: amount}, &Deposited{Amount: amount}}
	if w.random.IntN(2) == 0 {
		slices.Reverse(events)
	}
	w.host(ctx, []*ireneo.Handle{accounts.For(ids[0]), accounts.For(ids[1])}, events)
}

// host appends each event to the handle beside it, and a row of its own, in a transaction
// that is rolled back now and then.
func (w *writer) host(ctx context.Context, handles []*ireneo.Handle, events []marked) {
	l := line{What: hosted, Events: len(events), Undo: w.random.IntN(5) == 0}
	for _, h := range handles {
		l.Streams = append(l.Streams, h.Type()+"/"+h.ID())
	}
	op := w.begin(l, events)
	committing := false
	err := w.log.DB().WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		err := tx.Create(&jot{op}).Error
		for i := 0; i < len(events) && err == nil; i++ {
			err = handles[i].AppendTx(ctx, tx, events[i])
		}
		if l.Undo && err == nil {
			err = errUndone
		}
		committing = err == nil
		return err
	})
	if committing && err != nil { // this commit is the host's: nobody else can find out
		err = fmt.Errorf("%w: %w", ireneo.ErrOutcomeUnknown, err)
	}
	w.end(op, err, events)
}

// look reads any stream.
func (w *writer) look(ctx context.Context) {
	if w.random.IntN(2) == 0 {
		w.read(ctx, notes.For(w.noteID()))
	} else {
		w.read(ctx, accounts.For(w.purse()))
	}
}

// lookAgain reads now and then what was just written.
func (w *writer) lookAgain(id string) {
	if w.random.IntN(4) == 0 {
		w.read(ireneo.WithLog(context.Background(), w.log), notes.For(id))
	}
}

// read replays a stream and writes down what came of it.
func (w *writer) read(ctx context.Context, h *ireneo.Handle) {
	stream := h.Type() + "/" + h.ID()
	op := w.begin(line{What: "read", Streams: []string{stream}}, nil)
	sheet, err := replay(ctx, h)
	l := line{At: clock(), Kind: outcome(err), Op: op}
	if err != nil {
		l.Error = err.Error()
	} else {
		l.Read, l.Saw = map[string]int64{stream: sheet.Version}, map[string]string{stream: sheet.seen()}
	}
	w.recorder.acknowledge(l)
}

func replay(ctx context.Context, h *ireneo.Handle) (*Sheet, error) {
	var sheet *Sheet
	var err error
	if h.Type() == accounts.Type {
		var b *Balance
		if b, err = balances.Replay(ctx, h); err == nil {
			sheet = &b.Sheet
		}
	} else {
		var p *Page
		if p, err = pages.Replay(ctx, h); err == nil {
			sheet = &p.Sheet
		}
	}
	if errors.Is(err, ireneo.ErrNotFound) {
		return &Sheet{}, nil
	}
	return sheet, err
}
