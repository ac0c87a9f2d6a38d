package ireneo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

func TestLog_StreamTypes(t *testing.T) {
	loan := &ireneo.Stream{
		Type: "loan", Purpose: "Money lent", Pattern: "{year}-{number}", Retention: ireneo.AfterClosing{Years: 10}, CreatedBy: "account.opened", ClosedBy: "account.closed", Related: []string{"account"},
		Consistency: AccountPosition, Transactional: ireneo.Materialize(Balances), Async: ireneo.Materialize(Purses),
	}
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "a", "one")
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		c := config()
		c.Streams, c.Migrations = []*ireneo.Stream{loan, Journal}, asyncTables
		log = sibling(t, log, c)
		got, err := log.StreamTypes(ctx)
		must(t, err)
		none := []string{}
		want := []ireneo.StreamInfo{
			{Type: "account", Related: none, Transactional: none, Async: none},
			{
				Type: "ireneo.removal", Declared: true, Purpose: "What retention has removed of the streams of one type", Pattern: "{stream type}",
				Retention: "forever", Related: none, Transactional: none, Async: none,
			},
			{Type: "journal", Declared: true, Purpose: "Notes nobody decides on", Retention: "forever", Related: none, Transactional: none, Async: none},
			{
				Type: "loan", Declared: true, Purpose: "Money lent", Pattern: "{year}-{number}", CreatedBy: "account.opened", ClosedBy: "account.closed", Retention: "10 years after closing",
				Related: []string{"account"}, Consistency: "account_position", Transactional: []string{"balances"}, Async: []string{"purses"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}

		found, err := log.Stream("journal")
		must(t, err)
		must(t, found.For("b").Append(context.Background(), &Noted{})) // it is bound to the log
		_, err = log.Stream("account")
		wantError(t, err, ireneo.ErrUnknownStream)
	})
}

func TestLog_ProjectionsOf(t *testing.T) {
	c := asyncConfig(PurseStream, &ireneo.Stream{Type: "both", Purpose: "All", Consistency: AccountPosition, Transactional: ireneo.Materialize(Balances), Async: ireneo.Materialize(Purses)})
	log := databases[0].log(t, c)
	for typ, want := range map[string]string{"both": "account_position balances purses", "account": "account_position balances", "purse": "purses", "journal": "", "nothing": ""} {
		names := []string{}
		for _, p := range log.ProjectionsOf(typ) {
			names = append(names, p.Name())
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %s, want %s", typ, got, want)
		}
	}
	for _, tt := range []struct{ stream, event, want string }{
		{"both", "account.deposited", "account_position balances purses payers"},
		{"account", "account.withdrawn", "account_position balances"},
		{"journal", "account.deposited", "payers"},
		{"nothing", "account.closed", "payers"},
		{"account", "account.noted", ""},
		{"account", "nothing", ""},
	} {
		got := log.Interpreters(tt.stream, tt.event)
		if strings.Join(got, " ") != tt.want || got == nil {
			t.Errorf("%s in %s: got %v, want %s", tt.event, tt.stream, got, tt.want)
		}
	}
}

func TestLog_StreamHeads(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for i, id := range []string{"b", "a%", "a_1", "B", "ä", "a"} {
			deposit(t, ctx, Account.For(id), i+1)
		}
		closing := &Closed{}
		must(t, Account.For("a").Append(ctx, closing))
		heads := func(log *ireneo.Log, q ireneo.HeadQuery) string {
			all, err := log.StreamHeads(ctx, "account", q)
			must(t, err)
			text := ""
			for _, h := range all {
				text += fmt.Sprintf(" %s:%d", h.ID, h.Version)
				if h.Closed != (h.ID == "a") {
					t.Errorf("%+v", h)
				}
			}
			return text
		}
		for _, tt := range []struct {
			q    ireneo.HeadQuery
			want string
		}{
			{ireneo.HeadQuery{}, " B:4 a:7 a%:2 a_1:3 b:1 ä:5"},
			{ireneo.HeadQuery{Limit: 2}, " B:4 a:7"},
			{ireneo.HeadQuery{After: "a", Limit: 2}, " a%:2 a_1:3"},
			{ireneo.HeadQuery{Backwards: true, Limit: 2}, " ä:5 b:1"},
			{ireneo.HeadQuery{Backwards: true, After: "b", Limit: 3}, " a_1:3 a%:2 a:7"},
			{ireneo.HeadQuery{Prefix: "a"}, " a:7 a%:2 a_1:3"},
			{ireneo.HeadQuery{Prefix: "a_"}, " a_1:3"},
			{ireneo.HeadQuery{Prefix: "c"}, ""},
		} {
			if got := heads(log, tt.q); got != tt.want {
				t.Errorf("%+v: got%s, want%s", tt.q, got, tt.want)
			}
		}
		all, err := log.StreamHeads(ctx, "account", ireneo.HeadQuery{Prefix: "a", Limit: 1})
		must(t, err)
		if want := (ireneo.StreamHead{ID: "a", Version: 7, Type: "account.closed", RecordedAt: closing.RecordedAt(), Closed: true}); all[0] != want {
			t.Errorf("got %+v, want %+v", all[0], want)
		}

		other := sibling(t, log, ireneo.Config{Streams: []*ireneo.Stream{Journal}}) // which does not know what closes it
		all, err = other.StreamHeads(ctx, "account", ireneo.HeadQuery{Prefix: "a", Limit: 1})
		must(t, err)
		if all[0].Closed || all[0].Type != "account.closed" {
			t.Errorf("got %+v", all[0])
		}
	})
}

func TestLog_StreamHeads_Limits(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for i := range 55 {
			noteEach(t, ctx, fmt.Sprint(i), "x")
		}
		for limit, want := range map[int]int{0: 50, -1: 50, 52: 52, 9999: 55} {
			all, err := log.StreamHeads(ctx, "journal", ireneo.HeadQuery{Limit: limit})
			must(t, err)
			if len(all) != want {
				t.Errorf("limit %d: got %d", limit, len(all))
			}
		}
		if all, err := log.StreamHeads(ctx, "nothing", ireneo.HeadQuery{}); len(all) > 0 || all == nil || err != nil {
			t.Errorf("got %v, %v", all, err)
		}
	})
}

func TestLog_EventTypes(t *testing.T) {
	type Moved struct {
		ireneo.Event `name:"account.note_written" aliases:"account.noted"`

		Text string `json:"text"`
	}
	projections := ireneo.NewProjection("notes", ireneo.On(func(*Position, *Moved, time.Time) {}))
	each(t, with(nil, ireneo.TypeOf[PriceV1]()), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Opened{Owner: "Ana"}))
		noteEach(t, ctx, "a", "one", "two", "three")
		deposit(t, ctx, Account.For("a"), 2)
		must(t, Journal.For("a").Append(ctx, &PriceV1{Cents: 1}))

		log = sibling(t, log, ireneo.Config{
			Streams: []*ireneo.Stream{{Type: "account", Purpose: "Money", Consistency: AccountPosition}, {Type: "journal", Purpose: "Notes", Consistency: projections}},
			Events:  []ireneo.EventType{ireneo.TypeOf[Opened](), ireneo.TypeOf[Moved](), ireneo.TypeOf[PriceV3]()},
		})
		got, err := log.EventTypes(ctx)
		must(t, err)
		ends := map[string]string{}
		for _, info := range got {
			if info.First != nil {
				ends[info.Name] = fmt.Sprint(info.First.Position, " ", info.Last.Position)
			}
		}
		if diff := cmp.Diff(map[string]string{"account.opened": "1 1", "account.noted": "2 4", "account.deposited": "5 6", "price.set": "7 7"}, ends); diff != "" {
			t.Errorf("first and last (-want +got):\n%s", diff)
		}
		want := []ireneo.TypeInfo{
			{Name: "account.deposited", Registered: true, SchemaVersion: 1, Projections: []string{"account_position"}, Events: 2, Exact: true},
			{Name: "account.note_written", Registered: true, SchemaVersion: 1, Projections: []string{"notes"}, Exact: true},
			{Name: "account.noted", Registered: true, Now: "account.note_written", SchemaVersion: 1, Projections: []string{"notes"}, Events: 3, Exact: true},
			{Name: "account.opened", Registered: true, SchemaVersion: 1, Sensitive: true, Projections: []string{}, Events: 1, Exact: true},
			{Name: "account.withdrawn", Registered: true, SchemaVersion: 1, Projections: []string{"account_position"}, Exact: true},
			{Name: "price.set", Registered: true, SchemaVersion: 3, Projections: []string{}, Events: 1, Exact: true},
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(ireneo.TypeInfo{}, "First", "Last")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if orphaned, err := sibling(t, log, ireneo.Config{}).EventTypes(ctx); err != nil || len(orphaned) != 4 || orphaned[1].Registered || orphaned[1].Events != 3 || orphaned[1].SchemaVersion != 0 {
			t.Errorf("got %+v, %v", orphaned, err)
		}
	})
}

// What is many is counted up to a point, and estimated from there on.
func TestLog_EventTypes_Many(t *testing.T) {
	if testing.Short() {
		t.Skip("appends more than 10 000 events")
	}
	c := config()
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		counts := func() string {
			all, err := log.EventTypes(ctx)
			must(t, err)
			text := ""
			for _, info := range all {
				if info.Events > 0 {
					text += fmt.Sprintf(" %s %d %t", info.Name, info.Events, info.Exact)
				}
			}
			return text
		}
		many := func(n int) []ireneo.AnyEvent {
			events := make([]ireneo.AnyEvent, n)
			for i := range events {
				events[i] = &Noted{}
			}
			return events
		}
		deposit(t, ctx, Account.For("a"), 3)
		for range 10 {
			must(t, Journal.For("a").AppendAll(ctx, many(1000)))
		}
		if got, want := counts(), " account.deposited 3 true account.noted 10000 true"; got != want {
			t.Errorf("got%s, want%s", got, want)
		}
		must(t, Journal.For("a").AppendAll(ctx, many(1)))
		if got, want := counts(), " account.deposited 3 true account.noted 10001 false"; got != want {
			t.Errorf("got%s, want%s", got, want)
		}
		must(t, Journal.For("a").AppendAll(ctx, many(99))) // the sample is everything, as long as appends are few
		if got, want := counts(), " account.deposited 3 true account.noted 10100 false"; got != want {
			t.Errorf("got%s, want%s", got, want)
		}
		gap(t, log, 3990) // every other position is looked at, and most of 4000 have nothing
		must(t, Journal.For("a").AppendAll(ctx, many(2)))
		all, err := log.EventTypes(ctx)
		must(t, err)
		if n := all[2].Events; all[2].Name != "account.noted" || all[2].Exact || n < 10_001 || n > 20_204 {
			t.Errorf("got %+v", all[2])
		}
	})
}

func TestLog_Activity(t *testing.T) {
	now := &clock{}
	c := config()
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		activity := func(length time.Duration, parts int, want ...int64) {
			t.Helper()
			got, err := log.Activity(ctx, length, parts)
			must(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("the last %s: got %v, want %v", length, got, want)
			}
		}
		now.Set(noon)
		activity(time.Hour, 3, 0, 0, 0)
		for i, minutes := range []int{0, 10, 59, 60, 61, 119, 150, 180} {
			now.Set(noon.Add(time.Duration(minutes) * time.Minute))
			must(t, Journal.For(fmt.Sprint(i)).AppendAll(ctx, note("x", "y")))
		}
		activity(3*time.Hour, 3, 6, 4, 4) // an hour begins after its first moment, and ends with its last
		activity(3*time.Hour+time.Minute, 1, 16)
		activity(time.Hour, 4, 0, 2, 0, 2)
		activity(time.Minute, 2, 0, 2)
		activity(365*24*time.Hour, 365, append(make([]int64, 364), 16)...)
		now.Set(noon.AddDate(0, 0, 1))
		activity(time.Hour, 2, 0, 0)
	})
}

// Of a long time a sample is looked at.
func TestLog_Activity_OfMany(t *testing.T) {
	now := &clock{now: noon}
	c := config()
	c.Clock = now.Now
	log := databases[0].log(t, c)
	ctx := ireneo.WithLog(t.Context(), log)
	must(t, log.DB().Transaction(func(tx *gorm.DB) error { // which is faster
		for i := range 3000 {
			if i == 1000 {
				now.Set(noon.Add(time.Hour))
			}
			must(t, Journal.For("a").AppendTx(ctx, tx, &Noted{}))
		}
		return nil
	}))
	got, err := log.Activity(ctx, 2*time.Hour, 2)
	must(t, err)
	if len(got) != 2 || got[0] < 990 || got[0] > 1010 || got[1] < 1990 || got[1] > 2010 {
		t.Errorf("got %v", got)
	}
}

func TestLog_Database(t *testing.T) {
	kinds := []string{}
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		info, err := log.Database(ctx)
		must(t, err)
		if info.Version == "" || info.Name == "" || info.Bytes == 0 || info.Connections.Max == 0 {
			t.Errorf("got %+v", info)
		}
		kinds = append(kinds, info.Kind)
	})
	if !slices.Equal(kinds, []string{"SQLite", "PostgreSQL"}[:len(kinds)]) {
		t.Errorf("got %v", kinds)
	}
}
