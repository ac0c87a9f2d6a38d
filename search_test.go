package ireneo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// texts are the notes that were found.
func texts(found *ireneo.Found) []string {
	all := []string{}
	for _, e := range found.Events {
		if n, ok := e.Event.(*Noted); ok {
			all = append(all, n.Text)
		} else {
			all = append(all, e.Type)
		}
	}
	return all
}

func wantFound(t *testing.T, ctx context.Context, log *ireneo.Log, s ireneo.Search, want ...string) *ireneo.Found {
	t.Helper()
	found, err := log.Search(ctx, s)
	must(t, err)
	if diff := cmp.Diff(append([]string{}, want...), texts(found)); diff != "" {
		t.Errorf("%+v (-want +got):\n%s", s, diff)
	}
	return found
}

// where searches by one condition.
func where(field, op, value string) ireneo.Search {
	return ireneo.Search{Where: []ireneo.Condition{{Field: field, Op: op, Value: value}}}
}

func TestLog_Search(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		if found := wantFound(t, ctx, log, ireneo.Search{}); found.More || found.Stopped != nil || found.Events == nil {
			t.Errorf("an empty log: %+v", found)
		}
		noteEach(t, ctx, "a", "one", "two")
		must(t, Account.For("acc").Append(ctx, &Deposited{Amount: 1500}))
		must(t, Journal.For("b").AppendAll(ctx, note("three", "four", "five")))

		wantFound(t, ctx, log, ireneo.Search{}, "five", "four", "three", "account.deposited", "two", "one")
		wantFound(t, ctx, log, ireneo.Search{Oldest: true, Limit: 2}, "one", "two")
		wantFound(t, ctx, log, ireneo.Search{Types: []string{"account.noted"}, Limit: 4}, "five", "four", "three", "two")
		wantFound(t, ctx, log, ireneo.Search{Types: []string{"account.d*"}}, "account.deposited")
		wantFound(t, ctx, log, ireneo.Search{Streams: []string{"journal/a"}}, "two", "one")
		wantFound(t, ctx, log, ireneo.Search{Streams: []string{"journal/a", "account"}}, "account.deposited", "two", "one")
		wantFound(t, ctx, log, ireneo.Search{Streams: []string{"journal/a", "journal", "jour*", "journal/*"}, Limit: 4}, "five", "four", "three", "two")
		wantFound(t, ctx, log, where("amount", ">", "1000"), "account.deposited")
		wantFound(t, ctx, log, ireneo.Search{Text: "FIVE"}, "five")
		wantFound(t, ctx, log, ireneo.Search{Text: "ACC"}, "account.deposited") // the stream's id
		wantFound(t, ctx, log, ireneo.Search{Text: "o", Streams: []string{"journal/b"}, Types: []string{"account.*"}, Oldest: true}, "four")
		page := wantFound(t, ctx, log, ireneo.Search{Limit: 2}, "five", "four")
		if !page.More {
			t.Error("nothing more is said to come")
		}
		wantFound(t, ctx, log, ireneo.Search{Limit: 2, Before: page.Events[1].Point()}, "three", "account.deposited")
		page = wantFound(t, ctx, log, ireneo.Search{After: page.Events[1].Point(), Limit: 1}, "five")
		if page.More {
			t.Error("more is said to come behind the last one")
		}
	})
}

func TestLog_Search_Names(t *testing.T) {
	type Moved struct {
		ireneo.Event `name:"account.note_written" aliases:"account.noted,account.scribbled"`

		Text string `json:"text"`
	}
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "a", "old")
		must(t, Account.For("a1").Append(ctx, &Deposited{Amount: 1}))
		newer := config()
		newer.Streams, newer.Events = []*ireneo.Stream{Journal}, []ireneo.EventType{ireneo.TypeOf[Moved]()}
		log = sibling(t, log, newer)
		must(t, Journal.In(log).For("b").Append(ctx, &Moved{Text: "new"}))

		moved, noted, deposited := "account.note_written", "account.noted", "account.deposited"
		for name, want := range map[string][]string{
			moved: {moved, noted}, noted: {noted}, "account.scribbled": {}, "account.note_*": {moved, noted},
			deposited: {deposited}, "account.d*": {deposited}, "*": {moved, deposited, noted}, "nobody.knows": {}, "nobody*": {},
		} {
			wantFound(t, ctx, log, ireneo.Search{Types: []string{name}}, want...)
		}
		for name, want := range map[string][]string{
			"journal": {moved, noted}, "journal/b": {moved}, "account": {deposited}, "acc*": {deposited}, "account/a*": {deposited},
			"*": {moved, deposited, noted}, "journal/a*": {noted}, "nothing": {}, "journal/A": {}, "nothing/*": {}, "journa": {}, "journal/": {moved, noted},
		} {
			wantFound(t, ctx, log, ireneo.Search{Streams: []string{name}}, want...)
		}
		wantFound(t, ctx, log, ireneo.Search{Types: []string{}})
		wantFound(t, ctx, log, ireneo.Search{Streams: []string{}})
		wantFound(t, ctx, log, ireneo.Search{Types: []string{"nope", deposited, noted}}, deposited, noted)
	})
}

func TestLog_Search_TellsNoSecrets(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Opened{Owner: "Ana"}))
		must(t, Account.For("b").Append(ctx, &Opened{Owner: "Bob"}))
		opened := "account.opened"
		for _, s := range []ireneo.Search{
			{Text: "ana"}, where("owner", "=", "Ana"), where("owner", "~", "ana"), where("owner", "<", "Z"), where("owner", "!=", "[masked]"),
		} {
			wantFound(t, ctx, log, s)
		}
		for _, s := range []ireneo.Search{where("owner", "!=", "Ana"), where("owner", "!=", "Bob"), where("owner", "=", "[masked]"), {Text: "MASKED"}} {
			wantFound(t, ctx, log, s, opened, opened)
		}
		found := wantFound(t, ctx, log, ireneo.Search{Limit: 1}, opened)
		if text, err := json.Marshal(found); err != nil || strings.Contains(string(text), "Bob") {
			t.Errorf("its JSON is %s, %v", text, err)
		}
	})
}

func TestLog_Search_ComparesWhatIsUpcast(t *testing.T) {
	stream := &ireneo.Stream{Type: "price", Purpose: "What a thing costs"}
	program := func(typ ireneo.EventType) ireneo.Config {
		return ireneo.Config{Streams: []*ireneo.Stream{stream}, Events: []ireneo.EventType{typ}}
	}
	each(t, program(ireneo.TypeOf[PriceV1]()), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, stream.For("a").Append(ctx, &PriceV1{Cents: 250}))
		newer := sibling(t, log, program(ireneo.TypeOf[PriceV3]()))
		for _, s := range []ireneo.Search{where("price", "=", "2.50"), where("in", "=", "EUR"), {Text: "eur"}, where("cents", "!=", "250")} {
			wantFound(t, ctx, newer, s, "price.set")
		}
		wantFound(t, ctx, newer, where("cents", "=", "250"))
		wantFound(t, ctx, newer, ireneo.Search{Text: "250"})

		found := wantFound(t, ctx, newer, ireneo.Search{}, "price.set").Events[0]
		if found.SchemaVersion != 1 || string(found.Data) != `{"price":"2.5","in":"EUR"}` || string(found.Stored) != `{"cents":"[masked]"}` {
			t.Errorf("schema version %d, %s of %s", found.SchemaVersion, found.Data, found.Stored)
		}
		must(t, stream.In(newer).For("a").Append(ctx, &PriceV3{In: "secret"}))
		wantFound(t, ctx, log, ireneo.Search{Text: "secret"})
		wantFound(t, ctx, log, where("in", "!=", "x"), "price.set") // the first one
		found = wantFound(t, ctx, log, ireneo.Search{Limit: 1}, "price.set").Events[0]
		if !strings.Contains(found.Problem, "newer") || string(found.Data) != "null" || found.Event != nil || found.Version != 2 || found.Stored != nil {
			t.Errorf("an event of a newer program is %+v", found)
		}
	})
}

func TestLog_Search_UnknownTypes(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "stream-1", "one")
		noteEach(t, ireneo.WithMeta(ctx, RequestMeta{Actor: "ana"}), "stream-2", "two")
		log = sibling(t, log, ireneo.Config{Streams: []*ireneo.Stream{Journal}})
		noted := "account.noted"
		for _, s := range []ireneo.Search{{Text: "one"}, where("text", "=", "one"), where("text", "!=", "x"), where("text", "~", "")} {
			wantFound(t, ctx, log, s)
		}
		wantFound(t, ctx, log, ireneo.Search{Text: "stream-"}, noted, noted)
		wantFound(t, ctx, log, ireneo.Search{Text: "ana"}, noted)
		wantFound(t, ctx, log, where("meta.actor", "!=", "ana"), noted)
		found := wantFound(t, ctx, log, ireneo.Search{Types: []string{noted}, Limit: 1}, noted).Events[0]
		if _, raw := found.Event.(*ireneo.RawEvent); !raw || found.Problem == "" || string(found.Data) != "null" || found.Stored != nil {
			t.Errorf("an event nobody knows is %+v", found)
		}
	})
}

func TestLog_Search_Meta(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		first := &Noted{Text: "first"}
		must(t, Journal.For("a").Append(ireneo.WithMeta(ctx, map[string]any{"actor": "Ana", "device": map[string]any{"os": "x1"}, "attempt": 12}), first))
		must(t, Journal.For("b").Append(ctx, &Noted{Text: "second"}, ireneo.CausedBy(first)))
		second := collect(t, ctx, Journal.For("b"))[0]
		must(t, Journal.For("c").Append(ctx, &Noted{Text: "third"}, ireneo.CausedBy(second)))
		noteEach(t, ctx, "d", "other")

		id, other := first.ID().String(), second.ID().String()
		wantFound(t, ctx, log, where("meta.correlation_id", "=", id), "third", "second")
		wantFound(t, ctx, log, where("meta.correlation_id", "~", id[1:]), "third", "second")
		wantFound(t, ctx, log, where("meta.causation_id", "=", id), "second")
		wantFound(t, ctx, log, where("meta.causation_id", "!=", id), "other", "third", "first")
		wantFound(t, ctx, log, where("meta.actor", "=", "Ana"), "first")
		wantFound(t, ctx, log, where("meta.actor", "=", "ana"))
		wantFound(t, ctx, log, where("meta.device.os", "=", "x1"), "first")
		wantFound(t, ctx, log, where("meta.attempt", ">", "9"), "first")
		wantFound(t, ctx, log, where("actor", "=", "Ana"))
		wantFound(t, ctx, log, where("meta.text", "=", "first"))
		wantFound(t, ctx, log, ireneo.Search{Text: "ANA"}, "first")
		both := where("meta.correlation_id", "=", id)
		both.Where = append(both.Where, ireneo.Condition{Field: "meta.causation_id", Op: "=", Value: other})
		wantFound(t, ctx, log, both, "third")
		both.Where[1] = ireneo.Condition{Field: "meta.correlation_id", Op: "=", Value: other}
		wantFound(t, ctx, log, both)
		both.Where = append(both.Where[:1], ireneo.Condition{Field: "text", Op: "=", Value: "second"})
		both.Streams, both.Types = []string{"journal/b", "journal/c"}, []string{"account.noted"}
		wantFound(t, ctx, log, both, "second")
	})
}

func TestLog_Search_Times(t *testing.T) {
	now := &clock{}
	c := config()
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		const hours = 40
		for i := range hours {
			now.Set(noon.Add(time.Duration(i) * time.Hour))
			noteEach(t, ctx, fmt.Sprint(i%3), fmt.Sprint(i))
		}
		for from := -2; from < hours+2; from += 3 {
			for to := from; to < hours+2; to += 5 {
				want := []string{}
				for i := max(from, 0); i <= min(to, hours-1); i++ {
					want = append(want, fmt.Sprint(i))
				}
				s := ireneo.Search{Oldest: true, From: noon.Add(time.Duration(from) * time.Hour), To: noon.Add(time.Duration(to) * time.Hour)}
				wantFound(t, ctx, log, s, want...)
				s.Oldest, s.Streams = false, []string{"journal"}
				slices.Reverse(want)
				wantFound(t, ctx, log, s, want...)
			}
		}
		hour := ireneo.Search{From: noon.Add(time.Hour), To: noon.Add(2*time.Hour - time.Microsecond)}
		wantFound(t, ctx, log, hour, "1")
		hour.Text = "2"
		wantFound(t, ctx, log, hour)
		wantFound(t, ctx, log, ireneo.Search{From: noon.Add(38 * time.Hour)}, "39", "38")
		wantFound(t, ctx, log, ireneo.Search{To: noon.Add(time.Hour)}, "1", "0")
		page := wantFound(t, ctx, log, ireneo.Search{To: noon.Add(9 * time.Hour), Limit: 2}, "9", "8")
		wantFound(t, ctx, log, ireneo.Search{To: noon.Add(9 * time.Hour), Limit: 2, Before: page.Events[1].Point()}, "7", "6")
		wantFound(t, ctx, log, ireneo.Search{From: noon, After: page.Events[1].Point(), Oldest: true, Limit: 1}, "9")
	})
}

// Clocks that go backwards by days are noticed, and nothing is missed.
func TestLog_Search_ClocksThatGoBackwards(t *testing.T) {
	now := &clock{}
	c := config()
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for i := range 60 { // the days 0 to 29, and then those from 15 on
			day := i
			if i >= 30 {
				day -= 15
			}
			now.Set(noon.AddDate(0, 0, day))
			noteEach(t, ctx, fmt.Sprint(i), fmt.Sprint(day))
		}
		for day := range 45 {
			at, want := noon.AddDate(0, 0, day), []string{fmt.Sprint(day)}
			if 15 <= day && day < 30 {
				want = append(want, want[0])
			}
			wantFound(t, ctx, log, ireneo.Search{From: at, To: at}, want...)
		}
	})
}

func TestLog_Search_Limits(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Journal.For("a").AppendAll(ctx, note("x")))
		must(t, Journal.For("b").AppendAll(ctx, note(strings.Split(strings.Repeat("x,", 1100), ",")...)))
		for limit, want := range map[int]int{0: 50, -3: 50, 1: 1, 7: 7, 1000: 1000, 5000: 1000} {
			for _, s := range []ireneo.Search{{}, {Text: "x"}, {Streams: []string{"journal"}}} {
				s.Limit = limit
				found, err := log.Search(ctx, s)
				must(t, err)
				if len(found.Events) != want || !found.More || found.Stopped != nil {
					t.Errorf("limit %d: found %d, more %t, stopped at %v", limit, len(found.Events), found.More, found.Stopped)
				}
			}
		}
	})
}

func TestLog_Search_ErrInvalidFilter(t *testing.T) {
	log := databases[0].log(t, config())
	for _, s := range []ireneo.Search{
		{Types: []string{""}},
		{Types: []string{"a*b"}},
		{Types: []string{"[a]"}},
		{Streams: []string{""}},
		{Streams: []string{"a?"}},
		{Streams: []string{"journal/**"}},
		where("", "=", "1"), where("meta.", "=", "1"), where("a..b", "=", "1"), where("a", "==", "1"), where("a", "", "1"),
		{Streams: slices.Repeat([]string{"journal"}, 51)},
	} {
		_, err := log.Search(t.Context(), s)
		wantError(t, err, ireneo.ErrInvalidFilter)
	}
	for _, s := range []ireneo.Search{{Streams: []string{"\xff"}}, {Types: []string{"a\x00"}}, where("meta.correlation_id", "=", strings.Repeat("x", 201))} {
		wantFound(t, t.Context(), log, s)
	}
}

func TestLog_Search_ContextEnds(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "a", "one")
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		for _, s := range []ireneo.Search{{}, {Streams: []string{"journal"}}, {From: noon}, {Types: []string{"*"}}} {
			_, err := log.Search(ctx, s)
			wantError(t, err, context.Canceled)
		}
	})
}

// Born is read by one program as text and by the next as a moment.
type Born struct {
	ireneo.Event `name:"person.born"`

	On string `json:"on" sensitive:"true"`
}

type bornAt struct {
	ireneo.Event `name:"person.born"`

	On time.Time `json:"on" sensitive:"true"`
}

// Why an event cannot be read is no way to what it hides.
func TestLog_Search_ProblemsTellNoSecrets(t *testing.T) {
	each(t, with(nil, ireneo.TypeOf[Born]()), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Journal.For("a").Append(ctx, &Born{On: "the 1st of May"}))
		log = sibling(t, log, ireneo.Config{Events: []ireneo.EventType{ireneo.TypeOf[bornAt]()}})
		wantFound(t, ctx, log, ireneo.Search{Text: "May"})
		wantFound(t, ctx, log, where("on", "!=", "x"))
		found := wantFound(t, ctx, log, ireneo.Search{}, "person.born").Events[0]
		if found.Problem == "" || strings.Contains(found.Problem, "May") || !strings.Contains(found.Problem, "journal/a version 1") {
			t.Errorf("it says %s", found.Problem)
		}
	})
}

func TestLog_Event(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ev := &Deposited{Amount: 7}
		must(t, Account.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Opened{Owner: "Ana"}, ev}, ireneo.IdempotencyKey("k")))
		got, err := log.Event(ctx, ev.ID())
		must(t, err)
		if got.Version != 2 || got.Ordinal != 2 || got.Stream != "account/a" || got.Problem != "" || got.Stored != nil || got.SchemaVersion != 1 ||
			string(got.Data) != `{"amount":7}` || got.Event.(*Deposited).Amount != 7 || got.Point() != (ireneo.Point{Position: ev.Position(), Ordinal: 2}) {
			t.Errorf("got %+v", got)
		}
		opened := wantFound(t, ctx, log, ireneo.Search{Oldest: true, Limit: 1}, "account.opened").Events[0]
		if opened.IdempotencyKey != "k" || string(opened.Data) != `{"owner":"[masked]"}` {
			t.Errorf("got %+v", opened)
		}
		_, err = log.Event(ctx, [16]byte{1})
		wantError(t, err, ireneo.ErrNotFound)
	})
}

func TestParsePoint(t *testing.T) {
	for text, want := range map[string]ireneo.Point{
		"42.1": {Position: 42, Ordinal: 1}, "42": {Position: 42}, "0": {}, "9223372036854775807.2147483647": {Position: 1<<63 - 1, Ordinal: 1<<31 - 1},
	} {
		if got, err := ireneo.ParsePoint(text); got != want || err != nil {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ".", "1.", ".1", "-1", "1.-1", "a", "1.b", "1.2.3", " 1", "9223372036854775808", "1.2147483648", "1e3"} {
		if got, err := ireneo.ParsePoint(text); err == nil || got != (ireneo.Point{}) {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
}

func FuzzParsePoint(f *testing.F) {
	for _, text := range []string{"42.1", "42", "0.0", "1.", "x", "+1.+1", "007.01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ireneo.ParsePoint(text)
		if err != nil {
			return
		}
		if again, err := ireneo.ParsePoint(p.String()); again != p || err != nil {
			t.Errorf("%q is %v, and that %v, %v", text, p, again, err)
		}
	})
}

func ExampleLog_Search() {
	ctx, l, done := library()
	defer done()
	_ = Book.For("moby-dick").AppendAll(ctx, []ireneo.AnyEvent{&Received{Copies: 12}, &Lent{Copies: 1}})
	_ = Book.For("emma").Append(ctx, &Received{Copies: 2})

	found, err := l.Search(ctx, ireneo.Search{
		Types: []string{"copies.*"},
		Where: []ireneo.Condition{{Field: "copies", Op: ">=", Value: "2"}},
	})
	for _, e := range found.Events {
		fmt.Println(e.Point(), e.Stream, e.Type, string(e.Data))
	}
	fmt.Println(found.More, err)
	// Output:
	// 2.1 book/emma copies.received {"copies":2}
	// 1.1 book/moby-dick copies.received {"copies":12}
	// false <nil>
}

// Whoever searches large payloads is answered when their patience ends, not when all that
// was read at once has been compared.
func TestLog_Search_LargePayloads(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		large := strings.Repeat("x", 300<<10)
		noteEach(t, ctx, "a", large, large, large)
		newest, err := log.Search(ctx, ireneo.Search{Limit: 1})
		must(t, err)
		found := wantFound(t, ctx, log, ireneo.Search{Text: "nothing", Patience: 1})
		if found.Stopped == nil || *found.Stopped != newest.Events[0].Point() {
			t.Errorf("it stopped at %v, want %v", found.Stopped, newest.Events[0].Point())
		}
	})
}
