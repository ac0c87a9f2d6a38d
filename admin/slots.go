package admin

// How many answers of a kind may be under way at once.
const (
	maxCostly  = 4  // exports, explanations of rows, and states that somebody waits for
	maxStreams = 50 // streams of events: each is a browser that looks on
)

// slots are what answers of a kind need while they are under way: there are so many. They
// are safe for concurrent use.
type slots chan struct{}

func newSlots(most int) slots { return make(slots, most) }

// take takes a slot until free is called. Nobody waits for one: whoever finds none is told
// to come again.
func (s slots) take() (free func(), err error) {
	select {
	case s <- struct{}{}:
		return func() { <-s }, nil
	default:
		return nil, errNoSlot
	}
}

// screen is a screen that needs a slot where it costs much.
func (s slots) screen(of screen, costs func(v *visit) bool) screen {
	return func(v *visit) (*page, error) {
		if !costs(v) {
			return of(v)
		}
		free, err := s.take()
		if err != nil {
			return nil, err
		}
		defer free()
		return of(v)
	}
}

// long is a long answer that needs one.
func (s slots) long(of longScreen) longScreen {
	return func(v *visit, w *longAnswer) error {
		free, err := s.take()
		if err != nil {
			return err
		}
		defer free()
		return of(v, w)
	}
}
