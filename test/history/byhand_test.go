package history

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// script is a small history made by hand.
type script struct {
	evidence
	now, position int64
	versions      map[string]int64
}

func newScript() *script {
	return &script{evidence: evidence{histories: map[string][]line{}}, versions: map[string]int64{}}
}

func (s *script) say(l line) {
	s.now++
	l.At = s.now
	s.histories["hand.0"] = append(s.histories["hand.0"], l)
}

// begin invokes an operation.
func (s *script) begin(op string, l line) {
	l.Kind, l.Op = invoked, op
	if l.What == "" {
		l.What = "Append"
	}
	s.say(l)
}

// commit puts events of an operation into the log, at one position, as the next of these
// streams.
func (s *script) commit(op string, read map[string]int64, streams ...string) {
	s.position++
	for i, stream := range streams {
		kind, id, _ := strings.Cut(stream, "/")
		s.versions[stream]++
		n := entry{Position: s.position, Ordinal: i + 1, StreamType: kind, StreamID: id, Version: s.versions[stream], Type: kind + ".happened"}
		n.Fields = fields{Op: op, N: i, Of: len(streams)}
		if i == 0 {
			n.Fields.Read = read
		}
		s.entries = append(s.entries, n)
	}
}

// answer ends an operation. Of those that wrote it says where each stream begins.
func (s *script) answer(op, kind string, l line) {
	l.Kind, l.Op = kind, op
	s.say(l)
}

// write is an operation without a flaw.
func (s *script) write(op string, read map[string]int64, streams ...string) {
	s.begin(op, line{Streams: streams, Events: len(streams)})
	s.commit(op, read, streams...)
	s.answer(op, accepted, line{Position: s.position})
}

func (s *script) look(op, stream string, version int64, saw string) {
	s.begin(op, line{What: "read", Streams: []string{stream}})
	s.answer(op, accepted, line{Read: map[string]int64{stream: version}, Saw: map[string]string{stream: saw}})
}

// seen is what a reader should see of a stream now.
func (s *script) seen(stream string) string {
	sheets := fold(s.streams()[stream])
	return sheets[len(sheets)-1].seen()
}

// deliver makes everything that comes after the commit as it should be.
func (s *script) deliver() {
	s.say(line{Kind: following, Op: "f"})
	for stream, entries := range s.streams() {
		if sheets := fold(entries); strings.HasPrefix(stream, "note/") {
			s.pages = append(s.pages, sheets[len(sheets)-1])
		}
	}
	for i := range s.entries {
		n := &s.entries[i]
		s.say(line{Kind: delivered, Position: n.Position, Entries: []string{n.at()}})
		s.effects = append(s.effects, effect{"all", int64(i) + 1, n.Position, n.stream(), n.Version})
	}
	s.cursors = []cursor{{Name: "all", State: "running", Position: s.position}}
}

var at0, at1 = int64(0), int64(1)

// Each of these has one flaw, but for the first, which has none.
var scripts = []struct {
	name string
	want []anomaly
	make func(s *script)
}{
	{"nothing wrong", nil, func(s *script) {
		s.write("a", nil, "note/x", "note/y")
		s.write("b", map[string]int64{"note/y": 1}, "note/x")
		s.begin("c", line{Streams: []string{"note/x"}, Events: 1, Expect: &at0})
		s.answer("c", conflict, line{})
		s.begin("killed", line{Streams: []string{"note/x"}, Events: 1})
		s.begin("told so", line{Streams: []string{"note/x"}, Events: 1})
		s.answer("told so", unknown, line{})
		s.commit("told so", nil, "note/x")
		s.look("look", "note/x", 3, s.seen("note/x"))
	}},
	{"lost append", []anomaly{lostAppend}, func(s *script) {
		s.begin("a", line{Events: 1})
		s.answer("a", accepted, line{Position: 1})
	}},
	{"the first of a repetition is lost", []anomaly{lostAppend}, func(s *script) {
		s.begin("a", line{Events: 1})
		s.begin("b", line{Events: 1})
		s.answer("b", accepted, line{As: "a"})
	}},
	{"conflict is there", []anomaly{abortedWrite}, func(s *script) {
		s.begin("a", line{Events: 1})
		s.commit("a", nil, "note/x")
		s.answer("a", conflict, line{})
	}},
	{"failure is there", []anomaly{abortedWrite}, func(s *script) {
		s.begin("a", line{Events: 1})
		s.answer("a", failed, line{})
		s.commit("a", nil, "note/x")
	}},
	{"what was rolled back is there", []anomaly{abortedWrite}, func(s *script) {
		s.begin("a", line{Events: 1, Undo: true})
		s.commit("a", nil, "note/x")
	}},
	{"nobody's event", []anomaly{strayEvent}, func(s *script) { s.commit("a", nil, "note/x") }},
	{"written twice", []anomaly{duplicateCommand}, func(s *script) {
		s.write("a", nil, "note/x")
		s.commit("a", nil, "note/x")
	}},
	{"two under one key", []anomaly{duplicateCommand}, func(s *script) {
		for _, op := range []string{"a", "b"} {
			s.begin(op, line{Events: 1, Key: "k"})
			s.commit(op, nil, "note/x")
			s.answer(op, accepted, line{})
		}
	}},
	{"half of it", []anomaly{tornBatch}, func(s *script) {
		s.begin("a", line{Events: 2})
		s.commit("a", nil, "note/x", "note/y")
		s.entries = s.entries[:1]
	}},
	{"at two positions", []anomaly{tornBatch}, func(s *script) {
		s.write("a", nil, "note/x", "note/y")
		s.position++
		s.entries[1].Position, s.entries[1].Ordinal = s.position, 1
	}},
	{"events without the row of the host", []anomaly{tornBatch}, func(s *script) {
		s.begin("a", line{What: hosted, Events: 1})
		s.commit("a", nil, "note/x")
	}},
	{"gap", []anomaly{nonlinear, versionGap}, func(s *script) {
		s.versions["note/x"] = 1
		s.write("a", nil, "note/x")
	}},
	{"version twice", []anomaly{nonlinear, versionGap}, func(s *script) {
		s.write("a", nil, "note/x")
		s.versions["note/x"] = 0
		s.begin("b", line{Events: 1})
		s.commit("b", nil, "note/x")
	}},
	{"expected elsewhere", []anomaly{cycle, wrongVersion}, func(s *script) {
		s.write("a", nil, "note/x")
		s.begin("b", line{Streams: []string{"note/x"}, Events: 1, Expect: &at1})
		s.write("c", nil, "note/x")
		s.commit("b", nil, "note/x")
	}},
	{"told elsewhere", []anomaly{wrongVersion}, func(s *script) {
		s.begin("a", line{Events: 1})
		s.commit("a", nil, "note/x")
		s.answer("a", accepted, line{Wrote: map[string]int64{"note/x": 2}})
	}},
	{"own write not read", []anomaly{nonlinear, staleRead}, func(s *script) {
		s.write("a", nil, "note/x")
		s.look("b", "note/x", 0, "")
	}},
	{"read before it was begun", []anomaly{nonlinear, wrongRead}, func(s *script) {
		s.look("a", "note/x", 1, "0 f")
		s.write("b", nil, "note/x")
	}},
	{"read otherwise", []anomaly{wrongRead}, func(s *script) {
		s.write("a", nil, "note/x")
		s.look("b", "note/x", 1, "1 f")
	}},
	{"two reads that go backwards", []anomaly{nonlinear}, func(s *script) {
		s.begin("slow", line{Streams: []string{"note/x"}, Events: 1})
		s.commit("slow", nil, "note/x")
		s.look("a", "note/x", 1, s.seen("note/x"))
		s.look("b", "note/x", 0, "")
	}},
	{"a conflict with nobody", []anomaly{nonlinear}, func(s *script) {
		s.begin("a", line{Streams: []string{"note/x"}, Events: 1, Expect: &at0})
		s.answer("a", conflict, line{})
	}},
	{"half of a transfer read", []anomaly{partialRead}, func(s *script) {
		s.write("a", nil, "note/x", "note/y")
		s.begin("b", line{What: "relay"})
		s.answer("b", accepted, line{Nothing: true, Read: map[string]int64{"note/x": 1, "note/y": 0}})
	}},
	{"write skew", []anomaly{cycle}, func(s *script) {
		s.write("a", map[string]int64{"note/x": 0, "note/y": 0}, "note/x")
		s.write("b", map[string]int64{"note/x": 0, "note/y": 0}, "note/y")
	}},
	{"lost update", []anomaly{cycle}, func(s *script) {
		s.write("a", map[string]int64{"note/x": 0}, "note/x")
		s.write("b", map[string]int64{"note/x": 0}, "note/x")
	}},
	{"each has read what the other wrote", []anomaly{cycle}, func(s *script) {
		s.write("a", map[string]int64{"note/y": 1}, "note/x")
		s.write("b", map[string]int64{"note/x": 1}, "note/y")
	}},
	{"skew of three", []anomaly{cycle}, func(s *script) {
		s.write("a", map[string]int64{"note/x": 0}, "note/y")
		s.write("b", map[string]int64{"note/y": 0}, "note/z")
		s.write("c", map[string]int64{"note/z": 0}, "note/x")
	}},
}

func TestChecker_FindsTheFlawOfEachHistoryMadeByHand(t *testing.T) {
	for _, tt := range scripts {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript()
			tt.make(s)
			s.deliver()
			r := s.check()
			if diff := cmp.Diff(tt.want, r.kinds()); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, r.String())
			}
		})
	}
}

// What comes after the commit, with one flaw each.
var deliveries = []struct {
	name string
	want anomaly
	harm func(s *script)
}{
	{"effect skipped", skippedDelivery, func(s *script) { s.effects = s.effects[1:] }},
	{"effect repeated", repeatedDelivery, func(s *script) { s.effects = append(s.effects, s.effects[0]) }},
	{"effects reordered", disorder, func(s *script) { s.effects[0], s.effects[1] = s.effects[1], s.effects[0] }},
	{"effect of nothing", strayEvent, func(s *script) { s.effects = append(s.effects, effect{"all", 9, 9, "note/q", 1}) }},
	{"follower skips", skippedDelivery, func(s *script) { s.harmLines(func(all []line) []line { return all[1:] }) }},
	{"follower repeats", repeatedDelivery, func(s *script) { s.harmLines(func(all []line) []line { return append(all, all[2]) }) }},
	{"follower reorders", disorder, func(s *script) {
		s.harmLines(func(all []line) []line { all[0], all[1] = all[1], all[0]; return all })
	}},
	{"cursor behind", wrongCursor, func(s *script) { s.cursors[0].Position-- }},
	{"subscription stopped", wrongCursor, func(s *script) { s.cursors[0].State = "stopped" }},
	{"checkpoint ahead", wrongCursor, func(s *script) { s.say(line{Kind: reached, Position: s.position + 1}) }},
	{"row differs", wrongRow, func(s *script) { s.pages[0].Version++ }},
	{"row missing", wrongRow, func(s *script) { s.pages = nil }},
	{"row of nothing", wrongRow, func(s *script) { s.pages = append(s.pages, Sheet{ID: "q"}) }},
	{"money made", wrongSum, func(s *script) {
		s.entries = append(s.entries, s.account(1, 100), s.account(2, 1))
		s.balances = []Sheet{fold(s.streams()["account/p"])[1]}
		s.position += 2
		s.effects, s.pages = nil, nil
		s.histories["hand.0"] = s.histories["hand.0"][:0]
		for _, op := range []string{"a", "b", "c", "m1", "m2"} {
			s.begin(op, line{Events: 1})
		}
		s.deliver()
		s.effects = append(s.effects, effect{"money", 1, 4, "account/p", 1}, effect{"money", 2, 5, "account/p", 2})
	}},
}

// account is an event of an account.
func (s *script) account(version, amount int64) entry {
	return entry{
		Position: s.position + version, Ordinal: 1, StreamType: "account", StreamID: "p", Version: version, Type: "account.opened",
		Fields: fields{Op: fmt.Sprint("m", version), Of: 1, Amount: amount},
	}
}

// harmLines changes what the follower was yielded.
func (s *script) harmLines(change func([]line) []line) {
	var others, handed []line
	for _, l := range s.histories["hand.0"] {
		if l.Kind == delivered {
			handed = append(handed, l)
		} else {
			others = append(others, l)
		}
	}
	s.histories["hand.0"] = append(others, change(handed)...)
}

func TestChecker_FindsWhatWentWrongAfterTheCommit(t *testing.T) {
	for _, tt := range deliveries {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript()
			s.write("a", nil, "note/x")
			s.write("b", nil, "note/x")
			s.write("c", nil, "note/x")
			s.deliver()
			tt.harm(s)
			r := s.check()
			if diff := cmp.Diff([]anomaly{tt.want}, r.kinds()); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, r.String())
			}
		})
	}
}
