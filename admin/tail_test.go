package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// Reissued is Issued in a newer program.
type Reissued struct {
	ireneo.Event `name:"debt.issued"`

	Amount int64 `json:"amount"`
}

// Upcasts makes the schema newer.
func (Reissued) Upcasts() []ireneo.Upcast {
	return []ireneo.Upcast{func(map[string]any) error { return nil }}
}

// piece is one of a stream.
type piece struct{ id, name, html string }

// listen reads a stream from a server until the test has what it wants.
func (s *site) listen(target, last string, enough func(piece) bool) {
	s.t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+target, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %s", target, resp.Status)
	}
	defer cancel() // before the server waits for the answer to end
	p := piece{}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			p.id = value
		case "event":
			p.name = value
		case "data":
			p.html += value + "\n"
		case "":
			if p.name != "" && enough(p) {
				return
			}
			p = piece{}
		}
	}
	s.t.Fatalf("GET %s ended", target)
}

func TestTail_Page(t *testing.T) {
	s := siteOf(t, ireneotest.SQLite(t, quietLog()))
	s.contains("/admin/tail", http.StatusOK, "Nothing is recorded yet", `data-live="/admin/tail/stream?after=0"`)
	for i := range tailFirst + 1 {
		s.issue(fmt.Sprintf("n%03d", i), int64(i))
	}
	body := s.contains("/admin/tail", http.StatusOK, `data-keep="500"`, "debt/n001", "[masked]", "Pause", ">Refresh<",
		fmt.Sprintf(`data-live="/admin/tail/stream?after=%d"`, tailFirst+1))
	if strings.Contains(body, "debt/n000") || strings.Index(body, "debt/n050") > strings.Index(body, "debt/n049") {
		t.Errorf("they are not the last %d, the newest first:\n%s", tailFirst, body)
	}

	body = s.contains("/admin/tail?type=debt.*&stream=debt/n007&stream=debt/n008&type=", http.StatusOK, "debt/n007", "debt/n008",
		`value="debt.*"`, `value="debt/n008"`, "stream?after=51&amp;stream=debt%2Fn007&amp;stream=debt%2Fn008&amp;type=debt.%2A")
	if strings.Contains(body, "debt/n009") {
		t.Errorf("another stream is there:\n%s", body)
	}
	s.contains("/admin/tail?stream=debt/none", http.StatusOK, "No event of these types and streams")

	var twin tailPage
	w := s.get("/admin/tail.json?stream=debt/n007")
	if err := json.Unmarshal(w.Body.Bytes(), &twin); err != nil || len(twin.Events) != 1 || twin.After != 51 {
		t.Errorf("got %v:\n%s", err, w.Body)
	}
}

func TestTail_WrongFilter(t *testing.T) {
	s := newSite(t, Config{})
	for query, want := range map[string]string{
		"type=dept.issued":                      "no registered event is called",
		"type=a*b":                              "a pattern is a name",
		"stream=person":                         "person",
		"stream=%3Cscript%3Ealert%3C/script%3E": "&lt;script&gt;",
	} {
		body := s.contains("/admin/tail?"+query, http.StatusBadRequest, want, `id="tail-wrong"`)
		if strings.Contains(body, "data-live=") || strings.Contains(body, "<script>alert") {
			t.Errorf("%s: got\n%s", query, body)
		}
		if w := s.get("/admin/tail/stream?" + query); w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound {
			t.Errorf("%s: got a stream, %d", query, w.Code)
		}
	}
	s.contains("/admin/tail/stream?after=soon", http.StatusBadRequest, "no position of the log")
	s.contains("/admin/tail/stream?after=-1", http.StatusBadRequest, "no position of the log")
}

func TestTail_Live(t *testing.T) {
	ireneotest.Each(t, quietLog(), func(t *testing.T, log *ireneo.Log) {
		s := siteOf(t, log)
		s.issue("before", 1)
		after, err := log.Position(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		missed, both := s.issue("<script>", 2), []*Issued{{Amount: 3}, {Amount: 4}}
		n := 0
		s.listen(fmt.Sprintf("/admin/tail/stream?after=%d", after), "", func(p piece) bool {
			switch n++; n {
			case 1:
				if !strings.Contains(p.html, missed.ID().String()) || !strings.Contains(p.html, "&lt;script&gt;") || strings.Contains(p.html, "<script>") {
					t.Errorf("got %s", p.html)
				}
				if err := debts.In(log).For("pair").AppendAll(t.Context(), []ireneo.AnyEvent{both[0], both[1]}); err != nil {
					t.Error(err)
				}
			case 2:
				first, second := strings.Index(p.html, both[0].ID().String()), strings.Index(p.html, both[1].ID().String())
				if first < 0 || second < 0 || first < second || p.id != fmt.Sprint(both[0].Position()) {
					t.Errorf("an append is not one piece, the newest first: %+v", p)
				}
			}
			return n == 2
		})

		s.issue("away", 5)
		s.listen("/admin/tail/stream?after=0&stream=debt/away", fmt.Sprint(both[0].Position()), func(p piece) bool {
			if !strings.Contains(p.html, "debt/away") || strings.Contains(p.html, "debt/pair") {
				t.Errorf("after the connection was lost: %+v", p)
			}
			return true
		})
	})
}

func TestTail_OnlyNew(t *testing.T) {
	s := siteOf(t, ireneotest.SQLite(t, quietLog()))
	s.issue("old", 1)
	asked := &tailPage{}
	if err := asked.read(t.Context(), s.log); err != nil || asked.After != 1 || len(asked.Events) != 1 {
		t.Errorf("got %+v, %v", asked, err)
	}

	stopping := make(chan struct{})
	s.config.Stopping = stopping
	server := httptest.NewServer(s)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/admin/tail/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r) // comes when the stream has begun
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	s.issue("new", 2)
	body := make([]byte, 0, 1<<20)
	for !strings.Contains(string(body), "debt/new") {
		n, err := resp.Body.Read(body[len(body):cap(body)])
		if body = body[:len(body)+n]; err != nil {
			t.Fatalf("got %v: %s", err, body)
		}
	}
	close(stopping)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || strings.Contains(string(body)+string(rest), "debt/old") || strings.Contains(string(rest), "event: end") {
		t.Errorf("it should end so that browsers connect again: %v, %s%s", err, body, rest)
	}
}

func TestTail_Burst(t *testing.T) {
	s := siteOf(t, ireneotest.SQLite(t, quietLog()))
	var many []ireneo.AnyEvent
	for i := range 1000 {
		many = append(many, &Issued{Amount: int64(i + 1)})
	}
	if err := debts.In(s.log).For("42").AppendAll(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		s.issue(fmt.Sprint("next", i), 1)
	}
	n, left := 0, false
	s.listen("/admin/tail/stream?after=0&type=debt.*", "", func(p piece) bool {
		switch n++; n {
		case 1:
			if got := strings.Count(p.html, "<tr>"); got != tailRate || p.id != "1" || !strings.Contains(p.html, "… 800 more: see the list") ||
				!strings.Contains(p.html, `href="/admin/events?after=1.0&amp;before=2.0&amp;type=debt.%2A"`) {
				t.Errorf("got %d rows of the burst: %+v", got, p)
			}
		case 2: // when a second is over
			left = p.id == "31" && strings.Contains(p.html, "… 30 more") && strings.Contains(p.html, "after=2.0&amp;before=32.0")
			if !left {
				t.Errorf("what was left out: %+v", p)
			}
			s.issue("last", 1)
		case 3:
			if !strings.Contains(p.html, "debt/last") {
				t.Errorf("after the burst: %+v", p)
			}
		}
		return n == 3
	})
}

// written makes a tailing that writes to memory.
func (s *site) written() (*tailing, *httptest.ResponseRecorder) {
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/admin/tail/stream", nil)
	w := httptest.NewRecorder()
	v := &visit{Request: r, admin: s.admin}
	return &tailing{v: v, w: &longAnswer{ResponseWriter: w, control: http.NewResponseController(w)}, asked: &tailPage{}, budget: tailRate}, w
}

func TestTailing_Ticks(t *testing.T) {
	s := newSite(t, Config{})
	tail, w := s.written()
	if err := tail.batch(followed{position: 1, events: make([]ireneo.StoredEvent, 3), all: 3}); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		if err := tail.tick(); err != nil {
			t.Fatal(err)
		}
	}
	body := w.Body.String()
	if strings.Count(body, "event: count") != 1 || !strings.Contains(body, "3 events since") || !strings.Contains(body, "\n:\n") {
		t.Errorf("got %s", body)
	}
	if err := tail.batch(followed{err: errNoPage}); !errors.Is(err, errNoPage) {
		t.Errorf("got %v", err)
	}
}

func TestTailing_Leap(t *testing.T) {
	s := siteOf(t, ireneotest.SQLite(t, quietLog()))
	s.issue("42", 1)
	tail, w := s.written()
	if after, err := tail.leap(s.log, -tailBehind); err != nil || after != 1-tailRate {
		t.Errorf("got %d, %v", after, err)
	}
	if err := tail.flush(); err != nil || !strings.Contains(w.Body.String(), "too much has happened") {
		t.Errorf("got %v, %s", err, w.Body)
	}
	if after, err := tail.leap(s.log, 0); err != nil || after != 0 {
		t.Errorf("got %d, %v", after, err)
	}
}

func TestTail_Unreadable(t *testing.T) {
	st := open(t)
	t.Cleanup(func() { _ = st.Close() })
	older, err := ireneo.Open(st, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	stream := &ireneo.Stream{Type: "debt", Purpose: "One loan"}
	newer, err := ireneo.Open(st, ireneo.Config{Streams: []*ireneo.Stream{stream}, Events: []ireneo.EventType{ireneo.TypeOf[Reissued]()}})
	if err == nil {
		err = newer.Migrate(t.Context())
	}
	if err == nil {
		err = stream.In(newer).For("42").Append(t.Context(), &Reissued{Amount: 1})
	}
	if err != nil {
		t.Fatal(err)
	}
	s := siteOf(t, older)
	s.issue("43", 1)
	n := 0
	s.listen("/admin/tail/stream?after=0", "", func(p piece) bool {
		n++
		if n == 1 && (!strings.Contains(p.html, "cannot be read") || !strings.Contains(p.html, "debt/42")) || n == 2 && !strings.Contains(p.html, "debt/43") {
			t.Errorf("piece %d: %+v", n, p)
		}
		return n == 2
	})
}

// Brittle is Fragile in an older program.
type Brittle struct {
	ireneo.Event `name:"debt.brittle"`

	Breaks string `json:"breaks"`
}

// Fragile is an event whose upcast fails or panics.
type Fragile struct {
	ireneo.Event `name:"debt.brittle"`

	Breaks string `json:"breaks"`
}

// Upcasts makes the schema newer.
func (Fragile) Upcasts() []ireneo.Upcast {
	return []ireneo.Upcast{func(data map[string]any) error {
		switch data["breaks"] {
		case "panics":
			panic("it is broken")
		case "fails":
			return errors.New("it is broken")
		}
		return nil
	}}
}

// brittleSite is the pages of a program to which an event of a large append is unreadable,
// and that an append comes after.
func brittleSite(t *testing.T, bad int, breaks string) *site {
	st := open(t)
	t.Cleanup(func() { _ = st.Close() })
	stream := &ireneo.Stream{Type: "debt", Purpose: "One loan"}
	older, err := ireneo.Open(st, ireneo.Config{
		Streams: []*ireneo.Stream{stream}, Events: []ireneo.EventType{ireneo.TypeOf[Brittle](), ireneo.TypeOf[Issued]()},
	})
	if err != nil {
		t.Fatal(err)
	}
	many := make([]ireneo.AnyEvent, 300)
	for i := range many {
		many[i] = &Brittle{}
	}
	many[bad] = &Brittle{Breaks: breaks}
	err = errors.Join(older.Migrate(t.Context()), stream.In(older).For("fine").Append(t.Context(), &Issued{Amount: 1}))
	err = errors.Join(err, stream.In(older).For("many").AppendAll(t.Context(), many), stream.In(older).For("next").Append(t.Context(), &Issued{Amount: 2}))
	if err != nil {
		t.Fatal(err)
	}
	newer, err := ireneo.Open(st, ireneo.Config{
		Streams: []*ireneo.Stream{{Type: "debt", Purpose: "One loan"}, Actions}, Events: []ireneo.EventType{ireneo.TypeOf[Fragile](), ireneo.TypeOf[Issued]()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return siteOf(t, newer)
}

// An event that cannot be read keeps nobody from what comes after it, wherever in its append
// it is and whatever its code does.
func TestTail_UnreadableInALargeAppend(t *testing.T) {
	const beyond = "an event up to position 2 cannot be read"
	for _, tt := range []struct {
		bad    int
		breaks string
		says   string
		logs   bool
	}{
		{0, "panics", "its type panics when it is read: it is broken", false},
		{60, "panics", "its type panics when it is read: it is broken", false},
		{60, "fails", "it is broken", false},
		{250, "panics", beyond, true},
		{250, "fails", beyond, true},
	} {
		s := brittleSite(t, tt.bad, tt.breaks)
		lines := s.listened()
		n := 0
		s.listen("/admin/tail/stream?after=0", "", func(p piece) bool {
			if n++; n == 2 {
				rows := strings.Count(p.html, ">debt/many<")
				if rows != tailRate-1 || p.id != "2" || !strings.Contains(p.html, tt.says) {
					t.Errorf("%+v: got %d rows: %.600s", tt, rows, p.html)
				}
			}
			return p.id == "3" // the next append, or that it is left out
		})
		logged := strings.Contains(lines.String(), "it is broken") && strings.Contains(lines.String(), "position=2")
		if n != 3 || logged != tt.logs {
			t.Errorf("%+v: %d pieces, logged %s", tt, n, lines)
		}
	}
}
