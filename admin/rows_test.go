package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func TestRows_ByPage(t *testing.T) {
	ireneotest.Each(t, purseConfig(func(context.Context, ireneo.Batch) error { return nil }), func(t *testing.T, log *ireneo.Log) {
		p := pursesOn(t, Config{}, func(testing.TB, ireneo.Config) *ireneo.Log { return log })
		for i := range 120 {
			p.move(fmt.Sprintf("k%03d", i), 1, "ann")
		}
		p.move("other", 1, hostile)
		pages := func(path string) (keys []string, n keyPager) {
			got := twinOf[rowsPage](p.site, path)
			for _, r := range got.Rows {
				keys = append(keys, r.Key)
			}
			return keys, got.Pages
		}
		first, n := pages("/admin/projections/totals/rows.json?prefix=k")
		if len(first) != 50 || first[0] != "k000" || n.Previous != "" || n.First != "" {
			t.Fatalf("the first page: %v, %+v", first, n)
		}
		second, n := pages(n.Next)
		if second[0] != "k050" || second[49] != "k099" || n.Previous == "" {
			t.Errorf("the second page: %v, %+v", second, n)
		}
		third, m := pages(n.Next)
		if len(third) != 20 || m.Next != "" || m.Last != "" {
			t.Errorf("the third page: %v, %+v", third, m)
		}
		if back, _ := pages(m.Previous); back[0] != "k050" || len(back) != 50 {
			t.Errorf("back: %v", back)
		}
		if last, l := pages(n.Last); last[len(last)-1] != "k119" || len(last) != 50 || l.Next != "" || l.Previous == "" {
			t.Errorf("the last page: %v, %+v", last, l)
		}
		for _, wrong := range []string{"prefix=%00", "after=%ff", "before=%00"} {
			p.wants("/admin/projections/totals/rows?"+wrong, http.StatusBadRequest, nil)
		}
		if none, _ := pages("/admin/projections/totals/rows.json?prefix=K"); len(none) != 0 {
			t.Errorf("capitals: %v", none)
		}
	})
}

func TestRows_ShowsAndMasks(t *testing.T) {
	p := newPurses(t, Config{})
	p.wants("/admin/projections/purses/rows", http.StatusOK, []string{"no process runs the projection", "ireneo work"})
	p.move(hostile, 5, strings.Repeat("long ", 2000)+hostile)
	p.until("purses", current)
	p.until("payers", current)
	p.wants("/admin/projections/purses/rows", http.StatusOK, []string{
		`<th scope="col">Amount</th>`, "[masked]", "&lt;script&gt;", "/admin/projections/purses/rows/" + escape(hostile), "long …",
	}, "4111", "<script>alert", strings.Repeat("long ", 100), `<th scope="col">ID</th>`)
	p.wants("/admin/projections/purses/rows.json", http.StatusOK, []string{"[masked]"}, "4111")
	p.wants("/admin/projections/purses/rows?prefix=zz", http.StatusOK, []string{"No row has a key"})
	p.wants("/admin/projections/purses/rows/"+escape(hostile), http.StatusOK, []string{"as the log says", "[masked]", "&lt;script&gt;"}, "4111", "<script>alert", "never stored")
	p.wants("/admin/projections/purses/rows/"+escape(hostile)+".json", http.StatusOK, []string{"[masked]"}, "4111")
}

func TestRow_WhichEventSetEachField(t *testing.T) {
	p := newPurses(t, Config{})
	first := p.move("a/b", 5, "ann")
	second := p.move("a/b", 7, "ann")
	p.until("purses", current)
	got := twinOf[rowPage](p.site, "/admin/projections/purses/rows/a%2Fb.json")
	set := map[string]string{}
	for _, f := range got.Fields {
		if f.Set != nil {
			set[f.Label] = f.Set.ID + " " + f.Set.Before + " " + f.Set.After
		}
	}
	if set["Amount"] != second.ID().String()+" 5 12" || set["Note"] != first.ID().String()+"  ann" || !got.Verdict.Same || got.Count != 2 {
		t.Errorf("got %v, %+v", set, got)
	}
	p.wants("/admin/projections/purses/rows/a%2Fb", http.StatusOK, []string{
		"as the log says", "grace", "/admin/events/" + first.ID().String(), "/admin/streams/purse/a%2Fb", "2 events", "[masked]",
	}, "4111")

	p.move("a/b", 1, "bob") // which is not in the row yet
	p.wants("/admin/projections/purses/rows/a%2Fb", http.StatusOK, []string{"as the log says", "is not in the row yet"})
	p.until("payers", current)
	p.wants("/admin/projections/payers/rows/ann", http.StatusOK, []string{"as the log says", "2 events"})
	p.wants("/admin/projections/totals/rows/a%2Fb", http.StatusOK, []string{"as the log says", "3 events"})
}

func TestRow_DiffersFromTheLog(t *testing.T) {
	p := newPurses(t, Config{})
	p.move("a", 5, "ann")
	p.until("purses", current)
	p.exec("UPDATE purses SET amount = 77 WHERE id = 'a'")
	p.exec("INSERT INTO purses VALUES ('extra', 1, '', '')")
	p.wants("/admin/projections/purses/rows/a", http.StatusOK, []string{"differs", "77", "ireneo projections verify purses", "at position 1"})
	p.wants("/admin/projections/purses/rows/extra", http.StatusOK, []string{"nothing asks for it", "no event: it is as every row begins"})
	p.exec("DELETE FROM purses")
	p.wants("/admin/projections/purses/rows/a", http.StatusOK, []string{"missing", "The table has no such row"})
}

func (p *purseSite) exec(sql string) {
	p.t.Helper()
	if err := p.log.DB().Exec(sql).Error; err != nil {
		p.t.Fatal(err)
	}
}

func TestRow_Patience(t *testing.T) {
	p := newPurses(t, Config{})
	for range 3 {
		p.move("a", 5, "ann")
	}
	p.until("purses", current)
	p.wants("/admin/projections/purses/rows/a?patience=1ns", http.StatusOK, []string{"not read to its end", "patience=30s", "not compared", "not known yet"})
	p.wants("/admin/projections/purses/rows/a?patience=60s", http.StatusOK, []string{"as the log says"})
	for _, wrong := range []string{"61s", "-1s", "soon", "0s"} {
		p.wants("/admin/projections/purses/rows/a?patience="+url.QueryEscape(wrong), http.StatusBadRequest, []string{"up to 60s"})
	}
}

func TestRow_LongHistory(t *testing.T) {
	shown := &rowPage{lastSet: map[string]*setBy{}}
	before := any(nil)
	for i := range 1050 {
		after := &Purse{ID: "a", Amount: int64(i + 1)}
		shown.add(ireneo.State{Event: ireneo.StoredEvent{Entry: ireneo.Entry{Version: int64(i + 1)}}, Before: before, After: after})
		before = after
	}
	shown.conclude(&ireneo.Row{Key: "a", Model: before})
	if shown.Count != 1050 || len(shown.Events) != 200 || shown.Events[0].Version != 1050 || shown.Events[199].Version != 851 || !shown.Verdict.Same {
		t.Errorf("got %d of %d events, from %d to %d", len(shown.Events), shown.Count, shown.Events[0].Version, shown.Events[199].Version)
	}
}

// An event of a long history must cost little beside folding it.
func BenchmarkRow_Add(b *testing.B) {
	id := uuid.New()
	issued := ireneo.StoredEvent{Entry: ireneo.Entry{ID: id, Stream: "purse/a", Version: 1, Type: "purse.moved"}}
	models := []*Position{
		{ID: "a", Interest: 7, Lines: make([]Line, 20), Level: 1},
		{ID: "a", Interest: 8, Lines: make([]Line, 20), Level: 1},
	}
	shown := &rowPage{lastSet: map[string]*setBy{}}
	for i := 0; b.Loop(); i++ {
		shown.add(ireneo.State{Event: issued, Before: models[i%2], After: models[(i+1)%2]})
	}
}
