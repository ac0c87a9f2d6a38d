package events_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// longAddress is a mail address of 255 characters, one too many, but else a good one.
var longAddress = strings.Repeat("a", 60) + "@" + strings.Repeat("abcdefghi.", 19) + "abcd"

var day = civil.Date{Year: 2026, Month: 1, Day: 31}

// anything is a stream that accepts every valid event.
var anything = &ireneo.Stream{Type: "anything", Purpose: "Whatever a test appends"}

// rule is a change that breaks one rule of an otherwise valid event.
type rule[E any] struct {
	breakIt func(*E)
	want    string // the message; it begins with the field's label
}

// checkRules breaks one rule after the other and then appends the event unbroken.
func checkRules[E any, P interface {
	*E
	ireneo.AnyEvent
}](t *testing.T, valid func() P, rules map[string]rule[E],
) {
	t.Helper()
	log := ireneotest.SQLite(t, ireneo.Config{Streams: []*ireneo.Stream{anything}, Events: events.All})
	h := anything.In(log).For("1")
	for name, r := range rules {
		t.Run(name, func(t *testing.T) {
			ev := valid()
			r.breakIt((*E)(ev))
			if err := h.Append(t.Context(), ev); !errors.Is(err, ireneo.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			if got := ev.Errors().All(); len(got) != 1 || got[0].Message != r.want {
				t.Errorf("got %v, want one message %q", got, r.want)
			}
		})
	}
	t.Run("valid", func(t *testing.T) {
		if err := h.Append(t.Context(), valid()); err != nil {
			t.Error(err)
		}
	})
}

// checkRoundTrip encodes an event, compares it with how the log has it, and decodes it
// into the same event.
func checkRoundTrip(t *testing.T, ev ireneo.AnyEvent, stored string) {
	t.Helper()
	got, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(stored), string(got)); diff != "" {
		t.Errorf("wire format differs (-stored +got):\n%s%s", diff, newVersion)
	}

	back := reflect.New(reflect.TypeOf(ev).Elem()).Interface()
	if err := json.Unmarshal(got, back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ev, back, cmpopts.IgnoreTypes(ireneo.Event{})); diff != "" {
		t.Errorf("round trip differs (-want +got):\n%s", diff)
	}
}

const newVersion = `
Stored events stay as they were. If there are any, give the event a new schema version: one step more
in its method Upcasts (see ireneo.Upcaster), and a sample with the next number beside the old one.
`
