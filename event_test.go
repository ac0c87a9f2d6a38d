package ireneo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
)

// RequestMeta is what this application wants to know of every request.
type RequestMeta struct {
	Actor     string `json:"actor" validate:"required"`
	RequestID string `json:"request_id"`
}

func TestF34_MetaOfTheContextIsStoredWithEveryEvent(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ctx = ireneo.WithMeta(ctx, RequestMeta{Actor: "ana", RequestID: "r1"})
		ctx = ireneo.WithMeta(ctx, map[string]any{"request_id": "r2", "attempt": 3})
		a := Account.For("a")
		must(t, a.AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}, &Deposited{Amount: 1}}))
		for _, ev := range collect(t, ctx, a) {
			var meta RequestMeta
			must(t, ev.Meta().Decode(&meta))
			if meta != (RequestMeta{"ana", "r2"}) || ev.Meta().Get("attempt") != "3" || ev.Meta().Get("nothing") != "" {
				t.Errorf("version %d has meta %+v", ev.Version(), meta)
			}
		}
	})
}

func TestF34_TypedMetaIsRequired(t *testing.T) {
	c := config()
	c.Meta = RequestMeta{}
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for name, bad := range map[string]context.Context{
			"none":       ctx,
			"incomplete": ireneo.WithMeta(ctx, RequestMeta{RequestID: "r"}),
			"wrong type": ireneo.WithMeta(ctx, map[string]any{"actor": 5}),
			"no object":  ireneo.WithMeta(ctx, []int{1}),
			"bad text":   ireneo.WithMeta(ctx, RequestMeta{Actor: "a\x00"}),
		} {
			for _, h := range []*ireneo.Handle{Account.For("a"), Journal.For("a")} {
				ev := &Deposited{Amount: 1}
				err := h.Append(bad, ev)
				if !errors.Is(err, ireneo.ErrInvalidMeta) || ev.Persisted() {
					t.Errorf("%s: got %v", name, err)
				}
				wantVersion(t, ctx, h, 0)
			}
		}
		err := Account.For("a").Append(ctx, &Deposited{Amount: 1})
		if want := "meta is invalid: Actor is required"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		must(t, Account.For("a").Append(ireneo.WithMeta(ctx, RequestMeta{Actor: "ana"}), &Deposited{Amount: 1}))
	})
}

func TestCausedBy_LinksEvents(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		first, second, third := &Deposited{Amount: 1}, &Deposited{Amount: 1}, &Noted{}
		must(t, Account.For("a").Append(ctx, first))
		must(t, Account.For("b").Append(ctx, second, ireneo.CausedBy(first)))
		must(t, Journal.For("c").Append(ctx, third, ireneo.CausedBy(second)))
		got := collect(t, ctx, Journal.For("c"))[0].Meta()
		if got.Get(ireneo.CausationKey) != second.ID().String() || got.Get(ireneo.CorrelationKey) != first.ID().String() {
			t.Errorf("caused by %s in %s", got.Get(ireneo.CausationKey), got.Get(ireneo.CorrelationKey))
		}
	})
}

func TestF35_TheEventKnowsHowItWent(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ev := &Deposited{Amount: 1}
		zero := func(when string) {
			t.Helper()
			if ev.Persisted() || ev.Version() != 0 || ev.Position() != 0 || !ev.RecordedAt().IsZero() || !ev.OccurredAt().IsZero() {
				t.Errorf("%s: persisted %v version %d position %d recorded %v occurred %v", when, ev.Persisted(), ev.Version(), ev.Position(), ev.RecordedAt(), ev.OccurredAt())
			}
		}
		zero("new")
		wantError(t, Account.For("a").Append(ctx, ev, ireneo.ExpectVersion(4)), ireneo.ErrConflict)
		zero("refused")
		must(t, Account.For("a").Append(ctx, ev))
		if !ev.Persisted() || ev.Version() != 1 || ev.Position() < 1 || ev.RecordedAt().IsZero() || ev.OccurredAt().IsZero() ||
			ev.Type() != "account.deposited" || ev.StreamID() != "a" || ev.ID().Version() != 7 {
			t.Errorf("after the append: %v version %d position %d", ev.Persisted(), ev.Version(), ev.Position())
		}
		stored := collect(t, ctx, Account.For("a"))[0].(*Deposited)
		if stored.Amount != 1 || stored.ID() != ev.ID() || stored.Position() != ev.Position() || stored.Version() != 1 || !stored.Persisted() {
			t.Errorf("read back as %v, version %d", stored, stored.Version())
		}
		wantError(t, Account.For("a").Append(ctx, ev, ireneo.ExpectVersion(9)), ireneo.ErrConflict)
		zero("refused after it was stored once")
		if ev.ID() != uuid.Nil {
			t.Errorf("a refused event has id %s", ev.ID())
		}
	})
}

func TestF36_PrintingMasksWhatIsSensitive(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ev := &Opened{Owner: "Ana Secret"}
		var b bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&b, nil))
		printed := func() string {
			b.Reset()
			logger.Info("x", "event", ev, "value", *ev)
			return fmt.Sprintf("%v %+v %#v %s %q %v", ev, ev, ev, ev, ev, *ev) + b.String()
		}
		if got := printed(); strings.Contains(got, "Secret") {
			t.Errorf("before the append: %s", got)
		}
		must(t, Account.For("a").Append(ctx, ev))
		got := printed()
		if strings.Contains(got, "Secret") || strings.Contains(got, "known") || strings.Count(got, "account.opened") != 8 || strings.Count(got, "[masked]") != 8 {
			t.Errorf("after the append: %s", got)
		}
		note := &Deposited{Amount: 1, Note: strings.Repeat("long ", 1000)}
		must(t, Account.For("a").Append(ctx, note))
		if got := fmt.Sprint(note); len(got) > 300 || !strings.Contains(got, "account.deposited{amount: 1, note: long long") || !strings.Contains(got, "…") {
			t.Errorf("a long value prints as %s", got)
		}
		err := Account.For("a").Append(ctx, &Opened{Owner: strings.Repeat("Secret", 50)})
		if err == nil || strings.Contains(err.Error(), "SecretSecret") {
			t.Errorf("got error %v", err)
		}
		data, err := json.Marshal(ev)
		must(t, err)
		if string(data) != `{"owner":"Ana Secret"}` {
			t.Errorf("JSON has %s", data)
		}
	})
}

func TestF37_TwoTypesOfOneNameAreAMistake(t *testing.T) {
	type Impostor struct {
		ireneo.Event `name:"account.deposited"`
	}
	type Nameless struct{ ireneo.Event }
	type Shouting struct {
		ireneo.Event `name:"Account.Deposited"`
	}
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := ireneo.Sibling(log, with(nil, ireneo.TypeOf[Impostor](), ireneo.TypeOf[Nameless](), ireneo.TypeOf[Shouting]()))
		if err == nil {
			t.Fatal("opened")
		}
		for _, want := range []string{"event name account.deposited is used by both ireneo_test.Deposited and ireneo_test.Impostor", `Nameless: stored name ""`, `Shouting: stored name "Account.Deposited"`} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q:\n%v", want, err)
			}
		}
	})
}

func TestF37_RenamedTypesAndAliasesReadOldEvents(t *testing.T) {
	type Renamed struct {
		ireneo.Event `name:"account.deposited"`

		Amount int64 `json:"amount"`
	}
	type Moved struct {
		ireneo.Event `name:"account.note_written" aliases:"account.noted,account.scribbled"`

		Text string `json:"text"`
	}
	texts := ireneo.NewProjection("texts",
		ireneo.On(func(m *Trace, e *Renamed, _ time.Time) { m.add("%d", e.Amount) }),
		ireneo.On(func(m *Trace, e *Moved, _ time.Time) { m.add("%s %s", e.Type(), e.Text) }))
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h := Journal.For("a")
		must(t, h.Append(ctx, &Deposited{Amount: 5}))
		must(t, h.Append(ctx, &Noted{Text: "old"}))

		newer := config()
		newer.Streams = []*ireneo.Stream{Journal}
		newer.Events = []ireneo.EventType{ireneo.TypeOf[Renamed](), ireneo.TypeOf[Moved]()}
		ctx = ireneo.WithLog(ctx, sibling(t, log, newer))
		must(t, h.Append(ctx, &Moved{Text: "new"}))
		got, err := texts.Replay(ctx, h)
		must(t, err)
		if diff := cmp.Diff([]string{"5", "account.noted old", "account.note_written new"}, got.Steps); diff != "" {
			t.Errorf("steps differ (-want +got):\n%s", diff)
		}
		if _, ok := collect(t, ctx, h)[1].(*Moved); !ok {
			t.Error("an alias was not decoded to the type")
		}
	})
}

// The three versions of one schema, as three programs know them.
type PriceV1 struct {
	ireneo.Event `name:"price.set"`

	Cents int64 `json:"cents"`
}

type PriceV2 struct {
	ireneo.Event `name:"price.set"`

	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func renameCents(data map[string]any) error {
	data["amount"], data["currency"] = data["cents"], "EUR"
	delete(data, "cents")
	return nil
}

func (PriceV2) Upcasts() []ireneo.Upcast { return []ireneo.Upcast{renameCents} }

type PriceV3 struct {
	ireneo.Event `name:"price.set"`

	Price decimal.Decimal `json:"price"`
	In    string          `json:"in"`
}

func joinAmount(data map[string]any) error {
	d, err := decimal.NewFromString(fmt.Sprint(data["amount"]))
	data["price"], data["in"] = d.Shift(-2), data["currency"]
	return err
}

func (PriceV3) Upcasts() []ireneo.Upcast { return []ireneo.Upcast{renameCents, joinAmount} }

func TestF38_UpcastsLeadEveryVersionToTheNewest(t *testing.T) {
	stream := &ireneo.Stream{Type: "price", Purpose: "What a thing costs"}
	program := func(typ ireneo.EventType, consistency ireneo.AnyProjection) ireneo.Config {
		s := *stream
		s.Consistency = consistency
		return ireneo.Config{Streams: []*ireneo.Stream{&s}, Events: []ireneo.EventType{typ}}
	}
	prices := ireneo.NewProjection("prices", ireneo.On(func(m *Trace, e *PriceV3, _ time.Time) { m.add("%s %s", e.Price, e.In) }))
	each(t, program(ireneo.TypeOf[PriceV1](), nil), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h := stream.For("a")
		must(t, h.Append(ctx, &PriceV1{Cents: 9007199254740993})) // over 2^53: no float may touch it
		second := ireneo.WithLog(ctx, sibling(t, log, program(ireneo.TypeOf[PriceV2](), nil)))
		must(t, h.Append(second, &PriceV2{Amount: 250, Currency: "USD"}))
		third := ireneo.WithLog(ctx, sibling(t, log, program(ireneo.TypeOf[PriceV3](), prices)))
		must(t, h.Append(third, &PriceV3{Price: decimal.RequireFromString("1.5"), In: "CHF"}))

		want := []string{"90071992547409.93 EUR", "2.5 USD", "1.5 CHF"}
		got, err := prices.Replay(third, h)
		must(t, err)
		if diff := cmp.Diff(want, got.Steps); diff != "" {
			t.Errorf("replayed steps differ (-want +got):\n%s", diff)
		}
		for i, ev := range collect(t, third, h) {
			p, ok := ev.(*PriceV3)
			if !ok || p.Price.String()+" "+p.In != want[i] {
				t.Errorf("event %d is read as %v", i+1, ev)
			}
		}

		for _, err := range h.Events(ctx) { // the oldest program meets a newer schema
			if err != nil {
				if !strings.Contains(err.Error(), "schema version 2 is newer than this program's 1") {
					t.Errorf("got %v", err)
				}
				return
			}
		}
		t.Error("the oldest program read a newer schema without an error")
	})
}

func TestEvents_OfUnknownTypesComeRaw(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "x"}))
		ctx = ireneo.WithLog(ctx, sibling(t, log, ireneo.Config{Streams: []*ireneo.Stream{Journal}}))
		got, ok := collect(t, ctx, Journal.For("a"))[0].(*ireneo.RawEvent)
		if !ok || got.Type() != "account.noted" || string(got.Data) != `{"text":"x"}` || got.Version() != 1 {
			t.Errorf("got %#v", got)
		}
	})
}

// Anything holds what a program might be given from outside.
type Anything struct {
	ireneo.Event `name:"any.thing"`

	Text  string          `json:"text"`
	List  []string        `json:"list"`
	Raw   json.RawMessage `json:"raw,omitempty"`
	Float float64         `json:"float"`
}

func TestAppend_RefusesWhatWouldNotComeBackTheSame(t *testing.T) {
	each(t, with(nil, ireneo.TypeOf[Anything]()), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for name, tt := range map[string]struct {
			ev    *Anything
			field string
		}{
			"NUL":               {&Anything{Text: "a\x00b"}, "text"},
			"invalid UTF-8":     {&Anything{Text: "a\xffb"}, "text"},
			"in a list":         {&Anything{List: []string{"ok", "\xc3\x28"}}, "list[1]"},
			"NUL in raw JSON":   {&Anything{Raw: json.RawMessage(`"\u0000"`)}, ""},
			"lone surrogate":    {&Anything{Raw: json.RawMessage(`"\ud800"`)}, ""},
			"malformed JSON":    {&Anything{Raw: json.RawMessage(`{`)}, ""},
			"not a number":      {&Anything{Float: math.NaN()}, ""},
			"infinite":          {&Anything{Float: math.Inf(1)}, ""},
			"invalid UTF-8 raw": {&Anything{Raw: json.RawMessage("\"\xff\"")}, ""},
		} {
			err := Journal.For("a").Append(ctx, tt.ev)
			if !errors.Is(err, ireneo.ErrInvalid) || len(tt.ev.Errors().On(tt.field)) != 1 {
				t.Errorf("%s: got %v, errors %v", name, err, tt.ev.Errors().All())
			}
		}
		wantVersion(t, ctx, Journal.For("a"), 0)

		for _, text := range []string{`\u0000`, "\ufffd", "é", "e\u0301", "😀", "<script>&", "\u2028", "\x7f\x01"} {
			ev := &Anything{Text: text, Raw: json.RawMessage(`"\ud83d\ude00"`)}
			must(t, Journal.For("b").Append(ctx, ev))
			all := collect(t, ctx, Journal.For("b"))
			if got := all[len(all)-1].(*Anything).Text; got != text {
				t.Errorf("%q came back as %q", text, got)
			}
		}
	})
}

func TestAppend_BoundsSizeAndCount(t *testing.T) {
	c := config()
	c.MaxEvents = 3
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		frame := len(`{"text":""}`)
		must(t, Journal.For("a").Append(ctx, &Noted{Text: strings.Repeat("x", 1<<20-frame)}))
		ev := &Noted{Text: strings.Repeat("x", 1<<20-frame+1)}
		wantError(t, Journal.For("a").Append(ctx, ev), ireneo.ErrTooLarge)
		wantError(t, Journal.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Noted{}, &Noted{}, &Noted{}, &Noted{}}), ireneo.ErrTooLarge)
		wide := ireneo.WithMeta(ctx, map[string]string{"note": strings.Repeat("x", 1<<20)})
		wantError(t, Journal.For("a").Append(wide, &Noted{}), ireneo.ErrTooLarge)
		wantVersion(t, ctx, Journal.For("a"), 1)
	})
}

func TestAppend_RefusesWhatIsNotDeclared(t *testing.T) {
	type Stranger struct {
		ireneo.Event `name:"stranger.came"`
	}
	undeclared := &ireneo.Stream{Type: "undeclared", Purpose: "Nobody knows it"}
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		wantError(t, Journal.For("a").Append(ctx, &Stranger{}), ireneo.ErrUnknownEvent)
		wantError(t, undeclared.For("a").Append(ctx, &Noted{}), ireneo.ErrUnknownStream)
		wantError(t, Journal.For("a").Append(context.Background(), &Noted{}), ireneo.ErrNoLog)
		must(t, Journal.In(log).For("a").Append(context.Background(), &Noted{}))
		if err := Journal.For("a").Append(ctx, nil); err == nil {
			t.Error("a nil event was appended")
		}
		if err := Journal.For("a").Append(ctx, (*Noted)(nil)); err == nil {
			t.Error("a nil *Noted was appended")
		}
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		wantError(t, Journal.For("b").Append(canceled, &Noted{}), context.Canceled)
		wantVersion(t, ctx, Journal.For("b"), 0)
	})
}

func TestOpen_ReportsEveryMistakeAtOnce(t *testing.T) {
	type Hidden struct {
		ID    string `gorm:"primaryKey"`
		cache map[string]bool
	}
	type Keyless struct{ Name string }
	type Secret struct {
		Email string `gorm:"primaryKey" sensitive:"true"`
	}
	secret := ireneo.NewProjection("secret", ireneo.On(func(*Secret, *Deposited, time.Time) {}))
	hidden := ireneo.NewProjection("hidden", ireneo.On(func(h *Hidden, _ *Deposited, _ time.Time) { h.cache = nil }))
	keyless := ireneo.NewProjection("keyless", ireneo.On(func(*Keyless, *Deposited, time.Time) {}))
	namesake := ireneo.NewProjection("keyless", ireneo.On(func(*Position, *Deposited, time.Time) {}))
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := ireneo.Sibling(log, ireneo.Config{Streams: []*ireneo.Stream{
			{Type: "Bad Type", Purpose: "x"},
			{Type: "purposeless"},
			{Type: "same", Purpose: "x"},
			{Type: "same", Purpose: "x"},
			{Type: "lifeless", Purpose: "x", CreatedBy: "no.such"},
			{Type: "hidden", Purpose: "x", Consistency: hidden},
			{Type: "keyless", Purpose: "x", Transactional: ireneo.Materialize(keyless)},
			{Type: "namesake", Purpose: "x", Consistency: namesake},
			{Type: "secret", Purpose: "x", Transactional: ireneo.Materialize(secret)},
		}})
		if err == nil {
			t.Fatal("opened")
		}
		for _, want := range []string{
			`stream type "Bad Type"`, "stream purposeless: say its Purpose", "stream type same is declared twice",
			"CreatedBy names no.such", "give Hidden a method Clone() Hidden", "projection name keyless is used for both", "projection keyless: materialized models have one string primary key",
			"projection secret: rows are found and named by the key",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q:\n%v", want, err)
			}
		}
	})
}

func TestEntryOf_MasksWhatIsSensitive(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ctx = ireneo.WithMeta(ctx, map[string]string{"user": "7"})
		must(t, Account.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Opened{Owner: "me"}, &Deposited{Amount: 5}}))
		var got []string
		for _, ev := range collect(t, ctx, Account.For("a")) {
			e, err := ireneo.EntryOf(ev)
			must(t, err)
			if e.ID != ev.ID() || e.Position != ev.Position() || !e.RecordedAt.Equal(ev.RecordedAt()) || e.OccurredAt != ev.OccurredAt() {
				t.Errorf("%+v describes %v", e, ev)
			}
			got = append(got, fmt.Sprintf("%s %d %s %s %s", e.Stream, e.Version, e.Type, e.Data, e.Meta))
		}
		want := []string{
			`account/a 1 account.opened {"owner":"[masked]"} {"user":"7"}`,
			`account/a 2 account.deposited {"amount":5} {"user":"7"}`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}
