package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

func TestParseQuery(t *testing.T) {
	where := func(field, op, value string) query {
		return query{where: []ireneo.Condition{{Field: field, Op: op, Value: value}}}
	}
	for text, want := range map[string]query{
		``:                             {},
		`type:debt.issued type:debt.*`: {types: []string{"debt.issued", "debt.*"}},
		`type:a type:a`:                {types: []string{"a"}},
		`stream:debt/42`:               {streams: []string{"debt/42"}},
		`stream:"debt/a b"`:            {streams: []string{"debt/a b"}},
		`stream:web/http://x`:          {streams: []string{"web/http://x"}},
		`from:2026-01-01 to:-7d`:       {from: "2026-01-01", to: "-7d"},
		`actor:ana`:                    where("meta.actor", "=", "ana"),
		`correlation:c causation:d`:    {where: []ireneo.Condition{{Field: "meta.correlation_id", Op: "=", Value: "c"}, {Field: "meta.causation_id", Op: "=", Value: "d"}}},
		`meta.user:7`:                  where("meta.user", "=", "7"),
		`amount:>1000`:                 where("amount", ">", "1000"),
		`amount:>=1000`:                where("amount", ">=", "1000"),
		`amount:<1`:                    where("amount", "<", "1"),
		`amount:<=1`:                   where("amount", "<=", "1"),
		`amount:!=1`:                   where("amount", "!=", "1"),
		`-amount:1`:                    where("amount", "!=", "1"),
		`amount:=1`:                    where("amount", "=", "1"),
		`name:~ärg`:                    where("name", "~", "ärg"),
		`amount:-5`:                    where("amount", "=", "-5"),
		`note:">1"`:                    where("note", "=", ">1"),
		`note:""`:                      where("note", "=", ""),
		`note:"a \"b\" \\c"`:           where("note", "=", `a "b" \c`),
		`note:a\b`:                     where("note", "=", `a\b`),
		`"type":x`:                     where("type", "=", "x"),
		`"actor":x`:                    where("actor", "=", "x"),
		`"a b":x`:                      where("a b", "=", "x"),
		`lines.0.amount:5`:             where("lines.0.amount", "=", "5"),
		`late  fee`:                    {text: "late fee"},
		`"late  fee"`:                  {text: "late  fee"},
		`late type:a fee`:              {types: []string{"a"}, text: "late fee"},
		`"-5"`:                         {text: "-5"},
		`"a:b"`:                        {text: "a:b"},
	} {
		got, err := parseQuery(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(query{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseQuery_Refuses(t *testing.T) {
	for text, want := range map[string]string{
		`type:a "open`:                   "Character 8: these quotes are not closed.",
		`ünä:"open`:                      "Character 5: these quotes",
		`amount:`:                        "Character 1: amount has no value. Write amount:x",
		`late amount:> type:a`:           "Character 6: amount has no value.",
		`:x`:                             "there is no field before the colon",
		`late -fee`:                      "Character 6: only fields can be left out",
		`-amount:>5`:                     "Write -amount:x or amount:>x.",
		`-type:a`:                        "type is not compared",
		`stream:~a`:                      "stream is not compared",
		`a..b:1`:                         `"a..b" is no path`,
		`meta.:1`:                        `is no path`,
		`from:yesterday`:                 "Character 1: this is no time: write a day (2026-01-31)",
		`from:2026-01-01 from:-7d`:       "Character 17: from is there twice, as 2026-01-01 and as -7d: keep",
		`to:-7x`:                         "this is no time",
		`to:-`:                           "this is no time",
		`to:-9999999d`:                   "this is no time",
		`to:9999-12-31T23:59:59-12:00`:   "this is no time",
		`from:0000-06-01T00:00:00+00:00`: "this is no time",
	} {
		if _, err := parseQuery(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestQuery_String(t *testing.T) {
	for text, want := range map[string]string{
		` late type:a  amount:>5 from:-1h stream:s/1 fee `: `type:a stream:s/1 from:-1h amount:>5 late fee`,
		`meta.actor:ana meta.correlation_id:"a b"`:         `actor:ana correlation:"a b"`,
		`amount:!=5`:                             `-amount:5`,
		`"42"`:                                   `"42"`, // or it would be a position to go to
		`type:a 42`:                              `type:a "42"`,
		`"late fee"`:                             `late fee`,
		`"type":a`:                               `"type":a`,
		`"-x":a`:                                 `"-x":a`,
		`-"-x":a`:                                `-"-x":a`,
		`"a:b":c`:                                `"a:b":c`,
		`note:"<b>"`:                             `note:"<b>"`,
		`x:"a \" \\"`:                            `x:"a \" \\"`,
		`"c1b1a1d0-0000-4000-8000-000000000000"`: `"c1b1a1d0-0000-4000-8000-000000000000"`,
	} {
		q, err := parseQuery(text)
		if got := q.String(); got != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
}

// FuzzParseQuery holds the round trip: what a query writes is the same query.
func FuzzParseQuery(f *testing.F) {
	for _, text := range []string{
		`type:debt.issued stream:debt/42 meta.user:7 amount:>1000 from:2026-01-01 to:2026-02-01T12:00 correlation:x actor:ana "free text" -note:x`,
		`"a\"b":c`, `-"-":"="`, `a:~"~"`, "a:\u00a0", `" "`, `:`, `"\`, "\xff:\xff", `42`, `"42"`, `a "b:c"`, "x\u2028y",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseQuery(text)
		if err != nil {
			return
		}
		again, err := parseQuery(q.String())
		if err != nil || !reflect.DeepEqual(q, again) || again.String() != q.String() {
			t.Fatalf("%q is %q: %v\ngot  %#v\nwant %#v", text, q, err, again, q)
		}
		for _, p := range q.parts() {
			if one, err := parseQuery(p.text); err != nil || len(one.parts()) != 1 {
				t.Fatalf("%q of %q is %#v, %v", p.text, text, one, err)
			}
		}
	})
}

func TestQueryIn(t *testing.T) {
	values, err := url.ParseQuery("q=amount:%3E5+type:a&type=b&type=a&type=&stream=debt/1&from=-1h&to=2026-01-31&actor=ana&correlation=c&page=x")
	if err != nil {
		t.Fatal(err)
	}
	q, err := queryIn(values)
	if got, want := q.String(), "type:a type:b stream:debt/1 from:-1h to:2026-01-31 amount:>5 actor:ana correlation:c"; got != want || err != nil {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	if _, err := queryIn(url.Values{"q": {"from:-1h"}, "from": {"-2h"}}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v", err)
	}
	if _, err := queryIn(url.Values{"q": {strings.Repeat("x", maxQuery+1)}}); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
	many := ""
	for i := range maxWhere + 1 {
		many += " a:" + strings.Repeat("x", i+1)
	}
	if _, err := queryIn(url.Values{"q": {many}}); err == nil || !strings.Contains(err.Error(), "21 conditions") {
		t.Errorf("got %v", err)
	}
}

// Whoever asks for too much is told so before anything is made of it.
func TestQueryIn_TooManyNames(t *testing.T) {
	s := newSite(t, Config{})
	var all []string
	for i := range maxNamed {
		all = append(all, fmt.Sprintf("type=debt.n%d", i))
	}
	most := strings.Join(all, "&")
	body := s.wants("/admin/events?"+most, http.StatusOK, []string{`class="chip"`})
	if got := strings.Count(body, `class="chip"`); got != maxNamed {
		t.Errorf("got %d chips, want %d", got, maxNamed)
	}
	words := strings.NewReplacer("&", "+", "=", ":").Replace(most)
	for _, query := range []string{most + "&stream=debt/1", most + "&q=stream:debt/1", "q=stream:debt/1+" + words} {
		s.wants("/admin/events?"+query, http.StatusBadRequest, []string{"more than 20 types and streams", "end a name in *"}, `class="chip"`)
		s.wants("/admin/events.csv?"+query, http.StatusBadRequest, []string{"more than 20 types and streams"})
	}
	s.wants("/admin/events?"+strings.Repeat("type=a&stream=b&", 4000), http.StatusBadRequest, []string{"too long", "at most 4000"})

	q, err := queryIn(url.Values{"type": strings.Split(strings.ReplaceAll(most, "type=", ""), "&")})
	if err != nil || q.toggled("stream", "debt/1").String() != q.String() || q.toggled("type", "debt.n0").has("type", "debt.n0") {
		t.Errorf("a link leads to more than can be asked for: %v, %v", q, err)
	}
}

func TestMomentOf(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		text string
		end  bool
		want string
	}{
		{"2026-01-31", false, "2026-01-31T00:00:00Z"},
		{"2026-01-31", true, "2026-01-31T23:59:59.999999Z"},
		{"2026-01-31T12:30", true, "2026-01-31T12:30:00Z"},
		{"2026-01-31 12:30", false, "2026-01-31T12:30:00Z"},
		{"2026-01-31T12:30:15", false, "2026-01-31T12:30:15Z"},
		{"2026-01-31T12:30:15.25Z", false, "2026-01-31T12:30:15.25Z"},
		{"2026-01-31T12:30:15+02:00", false, "2026-01-31T10:30:15Z"},
		{"-15m", false, "2026-03-01T11:45:00Z"},
		{"-2h", true, "2026-03-01T10:00:00Z"},
		{"-7d", false, "2026-02-22T12:00:00Z"},
		{"-30s", false, "2026-03-01T11:59:30Z"},
	} {
		got, err := momentOf(tt.text, now, tt.end)
		if err != nil || got.Format(time.RFC3339Nano) != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.text, got.Format(time.RFC3339Nano), err, tt.want)
		}
	}
}

func TestQuery_Toggled(t *testing.T) {
	q, err := parseQuery("type:a actor:ana 7")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range [][3]string{
		{"type", "a", `actor:ana "7"`},
		{"type", "b", `type:a type:b actor:ana "7"`},
		{"stream", "debt/x y", `type:a stream:"debt/x y" actor:ana "7"`},
		{"actor", "ana", `type:a "7"`},
		{"correlation", `"><`, `type:a actor:ana correlation:"\"><" "7"`},
	} {
		if got := q.toggled(tt[0], tt[1]).String(); got != tt[2] {
			t.Errorf("%s %s: got %s, want %s", tt[0], tt[1], got, tt[2])
		}
	}
	if got := q.String(); got != `type:a actor:ana "7"` {
		t.Errorf("the query itself has become %s", got)
	}
}
