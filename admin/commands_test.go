package admin

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

var lent = ireneo.NewProjection("lent", ireneo.On(func(m *struct{ Amount int64 }, e *Issued, _ time.Time) { m.Amount += e.Amount }))

// Lend is a command of the application under test.
type Lend struct {
	ireneo.Command `name:"debt.lend"`

	ID     string
	Amount int64
	Secret string `sensitive:"true"`
}

// Handle issues the amount in two halves. It refuses what is negative, and fails at what is
// odd.
func (c *Lend) Handle(ctx context.Context, b *ireneo.Boundary) error {
	debt, err := ireneo.Load(ctx, b, debts.For(c.ID), lent)
	switch {
	case err != nil:
		return err
	case c.Amount < 0:
		return b.Reject("amount", "is less than <b>nothing</b>")
	case c.Amount%2 != 0:
		return errors.New("the halves are not even")
	case c.Amount > 0:
		debt.Append(&Issued{Amount: c.Amount / 2}, &Issued{Amount: c.Amount / 2})
	}
	return nil
}

// lend executes commands, one for each amount, and expects that all come out as said.
func (s *site) lend(ctx context.Context, id, outcome string, amounts ...int64) (last ireneo.Execution) {
	s.t.Helper()
	for _, amount := range amounts {
		_, _ = ireneo.Execute(ireneo.WithLog(ctx, s.log), &Lend{ID: id, Amount: amount, Secret: "4929"}) // what came of it is on record
	}
	found, err := s.log.Executions(s.t.Context(), ireneo.ExecutionQuery{Limit: len(amounts)})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range found {
		if e.Outcome != outcome {
			s.t.Fatalf("%s: got %+v", outcome, e)
		}
	}
	return found[0]
}

// lenders is a site where commands have come out in all the ways that a test can make.
func lenders(t *testing.T) *site {
	s := newSite(t, Config{})
	ana := ireneo.WithMeta(t.Context(), map[string]string{ireneo.ActorKey: "ana", ireneo.CorrelationKey: "spring & summer"})
	s.lend(ana, "1", ireneo.Committed, 100)
	s.lend(ana, "1", ireneo.Nothing, 0)
	s.lend(t.Context(), "1", ireneo.Rejected, -2)
	s.lend(t.Context(), "1", ireneo.Failed, 7)
	return s
}

func TestCommands_List(t *testing.T) {
	s := lenders(t)
	all := s.wants("/admin/commands", http.StatusOK, []string{
		"committed", "nothing", "rejected", "failed", "ana", "the halves are not even", "&lt;b&gt;nothing", `aria-current="true">all`, `href="/admin/commands?outcome=failed"`,
	}, "<b>nothing", "4929", "rel=\"next\"")
	if strings.Count(all, "/admin/commands/0") != 4 {
		t.Errorf("not four executions in\n%s", all)
	}
	for query, want := range map[string][]string{
		"":                            {"failed", "rejected", "nothing", "committed"},
		"outcome=rejected":            {"rejected"},
		"actor=ana":                   {"nothing", "committed"},
		"actor=ana&outcome=committed": {"committed"},
		"command=debt.lend&actor=":    {"failed", "rejected", "nothing", "committed"},
		"command=debt.borrow":         nil,
	} {
		p := twinOf[commandsPage](s, "/admin/commands.json?"+query)
		var got []string
		for _, e := range p.Executions {
			got = append(got, e.Outcome)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || p.Executions == nil {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	s.wants("/admin/commands?actor=bo", http.StatusOK, []string{"no executions of this kind", `value="bo"`, `outcome=failed`, "actor=bo&amp;outcome="})
	for query, want := range map[string]string{
		"outcome=odd": "No execution comes out as", "actor=%00": "actor is no text", "command=%ff": "command is no text", "before=gone": "not on record any more",
	} {
		s.wants("/admin/commands?"+query, http.StatusBadRequest, []string{want})
	}
}

func TestCommands_None(t *testing.T) {
	s := newSite(t, Config{})
	s.wants("/admin/commands", http.StatusOK, []string{"No command was executed yet"})
	if o := s.overviewNow(); o.Commands != nil {
		t.Errorf("got %+v", o.Commands)
	}
	s.wants("/admin", http.StatusOK, nil, "Commands in the last hour")
}

// executed puts executions on record that were begun one after the other, up to a time.
func (s *site) executed(n int, last time.Time, outcome string) {
	s.t.Helper()
	all := make([]store.Execution, n)
	for i := range all {
		began := last.Add(-time.Duration(i) * time.Microsecond)
		var id uuid.UUID // in the order of their beginnings
		binary.BigEndian.PutUint64(id[:], uint64(began.UnixMicro()))
		copy(id[8:], outcome)
		all[i] = store.Execution{ID: id.String(), Command: "debt.lend", Outcome: outcome, Attempts: 1, StartedAt: began}
	}
	if err := s.log.DB().CreateInBatches(all, 500).Error; err != nil {
		s.t.Fatal(err)
	}
}

func TestCommands_Pages(t *testing.T) {
	s := newSite(t, Config{})
	s.executed(2*executionsPerPage+1, store.Now(), ireneo.Rejected)
	seen, at := map[string]bool{}, "/admin/commands.json?outcome=rejected"
	for range 3 {
		p := twinOf[commandsPage](s, at)
		for _, e := range p.Executions {
			seen[e.ID] = true
		}
		if (p.Pager.Newest == "") != (at == "/admin/commands.json?outcome=rejected") {
			t.Errorf("%s: got %+v", at, p.Pager)
		}
		at = p.Pager.Older
	}
	if at != "" || len(seen) != 2*executionsPerPage+1 {
		t.Errorf("%d executions, and then %s", len(seen), at)
	}
	s.wants("/admin/commands", http.StatusOK, []string{`rel="next"`, "Older"}, "Newest")
}

func TestCommands_Execution(t *testing.T) {
	s := lenders(t)
	found, err := s.log.Executions(t.Context(), ireneo.ExecutionQuery{Outcome: ireneo.Committed})
	if err != nil {
		t.Fatal(err)
	}
	e := found[0]
	at := "/admin/commands/" + e.ID
	s.wants(at, http.StatusOK, []string{
		"debt.lend", e.ID, `href="/admin/graph/spring%20&amp;%20summer"`, `href="/admin/commands?actor=ana"`, "in 1 attempt",
		"2 events, in the order of the append", "debt/1", "v2", `href="/admin/events?before=`,
	}, "Command id", "notice")
	p := twinOf[executionPage](s, at+".json")
	if len(p.Appended) != 2 || p.Appended[0].Version != 1 || p.Appended[1].Version != 2 || p.ID != e.ID || p.More {
		t.Errorf("got %+v", p)
	}
	event := "/admin/events/" + p.Appended[1].ID.String()
	s.wants(event, http.StatusOK, []string{`href="` + at + `"`, "debt.lend"})
	s.wants("/admin/events/"+s.issue("2", 1).ID().String(), http.StatusOK, nil, "/admin/commands/")

	refused := twinOf[commandsPage](s, "/admin/commands.json?outcome=rejected").Executions[0]
	s.wants("/admin/commands/"+refused.ID, http.StatusOK, []string{"It was refused", "Amount is less than &lt;b&gt;nothing", `class="notice neutral"`}, "What it appended", "<b>nothing")
	failed := twinOf[commandsPage](s, "/admin/commands.json?outcome=failed").Executions[0]
	s.wants("/admin/commands/"+failed.ID, http.StatusOK, []string{"Something went wrong", "the halves are not even", `class="notice bad"`})
}

func TestCommands_ExecutionUnderAnID(t *testing.T) {
	s := newSite(t, Config{})
	ctx := ireneo.WithLog(t.Context(), s.log)
	result, err := ireneo.Execute(ctx, &Lend{ID: "1", Amount: 200}, ireneo.CommandID("form <17>"))
	if err != nil {
		t.Fatal(err)
	}
	s.wants("/admin/commands/"+result.ID, http.StatusOK, []string{"Command id", "form &lt;17&gt;", "was sent under"})
}

// What is not on record any more, or never was, is a page that says where to look.
func TestCommands_NoExecution(t *testing.T) {
	s := lenders(t)
	if _, err := s.log.ForgetExecutions(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	event := twinOf[eventsPage](s, "/admin/events.json?stream=debt/1").Events[0]
	id := metaOf(event, ireneo.ExecutionKey)
	body := s.wants("/admin/commands/"+id, http.StatusNotFound, []string{"No such execution", id, "forgotten by now"})
	if found := twinOf[eventsPage](s, "/admin/events.json?q="+url.QueryEscape("meta.execution_id:"+id)).Events; len(found) != 2 {
		t.Errorf("got %+v", found)
	}
	if want := url.QueryEscape("meta.execution_id:" + id); !strings.Contains(body, want) {
		t.Errorf("without a link to %s\n%s", want, body)
	}
	for _, odd := range []string{"x", "%00", "%ff", "..%2f", "{" + id + "}"} {
		s.wants("/admin/commands/"+odd, http.StatusNotFound, []string{"No such execution"})
	}
}

func TestCommands_OnTheOverview(t *testing.T) {
	s := newSite(t, Config{})
	now := store.Now()
	s.executed(3, now.Add(-2*time.Hour), ireneo.Failed)
	s.wants("/admin", http.StatusOK, []string{"Commands in the last hour", `href="/admin/commands">none</a>`})
	s.executed(2, now, ireneo.Rejected)
	s.executed(1, now, ireneo.Committed)
	s.wants("/admin", http.StatusOK, []string{"1 committed, 2 rejected</a>"})
	if got := s.overviewNow().Commands; got == nil || !got.Exact || got.Outcomes[ireneo.Rejected] != 2 {
		t.Errorf("got %+v", got)
	}
	s.executed(countedExecutions, now, ireneo.Conflicted)
	s.wants("/admin", http.StatusOK, []string{"The last 1\u202f000 commands, all of this hour"}, "Commands in the last hour")
}
