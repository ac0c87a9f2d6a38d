package ireneo

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ireneo-dev/ireneo/store"
)

// Stream declares a kind of stream: what it is, and which projections watch it. It
// is written once as a package variable, given to Open in Config.Streams, and never
// changed afterwards:
//
//	var Debt = &ireneo.Stream{
//		Type:        "debt",
//		Purpose:     "One loan from issue to settlement",
//		Pattern:     "{year}-{number}",
//		CreatedBy:   "debt.issued",
//		ClosedBy:    "debt.settled",
//		Retention:   ireneo.AfterClosing{Years: 10},
//		Consistency: projections.DebtPosition,
//	}
type Stream struct {
	// Type is stored with every event and must never change: lower case letters,
	// digits, underscores and dots.
	Type string

	// Purpose says in a sentence what one such stream is. Required.
	Purpose string

	// Pattern shows people what ids look like, with what varies in braces: {year}-{number}.
	// No id is compared with it.
	Pattern string

	// CreatedBy is the stored name of the event every stream begins with, and which
	// comes only there. Empty: any event may be the first.
	CreatedBy string

	// ClosedBy is the stored name of the event after which nothing may follow.
	// Empty: the stream stays open.
	ClosedBy string

	// Retention is how long a stream is kept after its closing event. Zero keeps it for
	// ever. See Log.Retain.
	Retention AfterClosing

	// Related names the types of streams this one refers to.
	Related []string

	// ActualTime is the JSON key of the event field that says when the event really
	// happened: a time.Time, a civil.Date (the beginning of that day, UTC) or a
	// pointer to one. It becomes occurred_at. Empty: occurred_at is recorded_at
	// unless At says otherwise.
	ActualTime string

	// Consistency is folded over the whole stream and the new event before every
	// append; the event is refused where the resulting state breaks its validation
	// tags, or where an interpretation adds errors to the event.
	Consistency AnyProjection

	// Transactional projections are written in the transaction of the append, in
	// this order. See Materialize.
	Transactional Materialized

	// Async projections are written after the commit, by whoever runs Log.Run. They cost
	// the append nothing. See Materialize and Projection.Wait.
	Async Materialized

	log *Log // bound with In; nil takes the context's
}

// AfterClosing is how long streams are kept after their closing event was recorded, by the
// calendar. Zero is for ever.
type AfterClosing struct{ Years, Months, Days int }

// String says it in words: 10 years after closing.
func (a AfterClosing) String() string {
	var parts []string
	for _, part := range []struct {
		n    int
		unit string
	}{{a.Years, "year"}, {a.Months, "month"}, {a.Days, "day"}} {
		switch part.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.unit)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", part.n, part.unit))
		}
	}
	if len(parts) == 0 {
		return "forever"
	}
	return strings.Join(parts, " ") + " after closing"
}

// over reports whether a stream that was closed then need not be kept any more.
func (a AfterClosing) over(closed, now time.Time) bool {
	return !closed.AddDate(a.Years, a.Months, a.Days).After(now)
}

// Materialized is a list of projections whose rows are kept up to date, for a stream's
// Transactional or Async.
type Materialized []AnyProjection

// Materialize lists projections whose rows are kept up to date. Their models are
// GORM models with one text primary key, which holds the stream id.
func Materialize(projections ...AnyProjection) Materialized { return projections }

// In returns the stream bound to a log, so that its handles need none in the context.
func (s *Stream) In(log *Log) *Stream {
	bound := *s
	bound.log = log
	return &bound
}

// For returns a handle on the stream with this id. Nothing is created and nothing is
// read; an id that breaks the rules (empty, over 255 bytes, surrounding space, control
// characters, any of * ? [ ]) is reported when the handle is used.
func (s *Stream) For(id string) *Handle {
	return &Handle{stream: s, id: id}
}

// Handle is one stream. It holds no state: every use sees the stream as it is then.
// It is safe for concurrent use.
type Handle struct {
	stream *Stream
	id     string
}

// ID is the id the handle was made with.
func (h *Handle) ID() string { return h.id }

// Type is the type of the stream.
func (h *Handle) Type() string { return h.stream.Type }

// Version is the number of the stream's last event, zero for a stream without events.
func (h *Handle) Version(ctx context.Context) (int64, error) {
	log, _, err := h.open(ctx)
	if err != nil {
		return 0, err
	}
	last, err := log.last(ctx, h.key(), nil)
	return last.Version, err
}

// Events yields the stream's events in the order of replay, (occurred_at, version),
// decoded to their Go types; what this program does not know comes as *RawEvent. AsOf,
// At and AtVersion narrow it. Events are read in pages, and no connection is held while
// the loop body runs. An error is yielded once, as the last pair.
func (h *Handle) Events(ctx context.Context, opts ...ReplayOption) iter.Seq2[AnyEvent, error] {
	return func(yield func(AnyEvent, error) bool) {
		log, _, err := h.open(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for r, err := range log.pages(ctx, replayOf(opts).query(h.key())) {
			var ev AnyEvent
			if err == nil {
				ev, err = log.decode(r)
			}
			if !yield(ev, err) || err != nil {
				return
			}
		}
	}
}

func (h *Handle) key() store.Stream { return store.Stream{Type: h.stream.Type, ID: h.id} }

// open finds the log and what it made of the stream's declaration.
func (h *Handle) open(ctx context.Context) (*Log, *plan, error) {
	if err := checkID(h.id); err != nil {
		return nil, nil, fmt.Errorf("stream %s: %w", h.stream.Type, err)
	}
	log, err := logFor(ctx, h.stream.log)
	if err != nil {
		return nil, nil, err
	}
	p := log.plans[h.stream.Type]
	if p == nil {
		return nil, nil, fmt.Errorf("%w: %s is not in Config.Streams", ErrUnknownStream, h.stream.Type)
	}
	return log, p, nil
}

// MaxIDBytes is the greatest length of a stream id, and of a CommandID.
const MaxIDBytes = 255

func checkID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%w: it is empty", ErrInvalidID)
	case len(id) > MaxIDBytes:
		return fmt.Errorf("%w: it has %d bytes, at most %d are allowed", ErrInvalidID, len(id), MaxIDBytes)
	case !utf8.ValidString(id):
		return fmt.Errorf("%w: it is not UTF-8", ErrInvalidID)
	case strings.TrimSpace(id) != id:
		return fmt.Errorf("%w: %q begins or ends with a space", ErrInvalidID, id)
	case strings.ContainsFunc(id, unicode.IsControl):
		return fmt.Errorf("%w: %q has control characters", ErrInvalidID, id)
	case strings.ContainsAny(id, "*?[]"):
		return fmt.Errorf("%w: %q has one of * ? [ ], which are kept for patterns", ErrInvalidID, id)
	default:
		return nil
	}
}
