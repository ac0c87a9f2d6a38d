//go:build !ireneo_alone

package groupcommit

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

func TestEnter_AloneGoesAtOnce(t *testing.T) {
	each(t, 1, func(f *fixture) {
		began := time.Now()
		a := f.enter("a", 1, nil)
		f.next("a1").pass()
		a.wants(Alone, nil)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("it waited %v for nobody", waited)
		}
	})
}

func TestEnter_WhatComesMeanwhileSharesOneCommit(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("a", 1, nil)
		held := f.next("a1")
		b, c, d := f.enter("b", 1, nil), f.enter("c", 1, nil), f.enter("d", 0, nil)
		held.pass()
		f.next("b1 c1 d0").pass()
		first.wants(Alone, nil)
		for _, o := range []*owner{b, c, d} {
			o.wants(Committed, nil)
		}
		positions := []int64{b.batch.Records[0].Position, c.batch.Records[0].Position, d.batch.Records[0].Position}
		if positions[0]+1 != positions[1] || positions[1]+1 != positions[2] {
			t.Errorf("the batches have positions %v", positions)
		}
	})
}

func TestEnter_AsManyFlushersAsWritersAreWorthwhile(t *testing.T) {
	each(t, 2, func(f *fixture) {
		a, b := f.enter("a", 1, nil), f.enter("b", 1, nil)
		calls := map[string]*call{}
		for range 2 {
			c := <-f.gate.arrived
			calls[c.wrote()] = c
		}
		c, d := f.enter("c", 1, nil), f.enter("d", 1, nil)
		calls["b1"].pass()
		f.next("c1 d1").pass()
		calls["a1"].pass()
		a.wants(Alone, nil)
		b.wants(Alone, nil)
		c.wants(Committed, nil)
		d.wants(Committed, nil)
	})
}

func TestEnter_WithoutWritersEachGoesAlone(t *testing.T) {
	each(t, 0, func(f *fixture) {
		var owners []*owner
		for _, stream := range []string{"a", "b", "c"} {
			owners = append(owners, f.enter(stream, 1, nil))
		}
		for range owners {
			(<-f.gate.arrived).pass()
		}
		for _, o := range owners {
			o.wants(Alone, nil)
		}
	})
}

// The conflict of one is not that of the others.
func TestWait_AConflictInAGroupFailsNobodyElse(t *testing.T) {
	each(t, 1, func(f *fixture) {
		must(t, f.gate.Store.Insert(f.Context(), batchOf(record("b", 1)))) // by somebody else
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a, b, c := f.enter("a", 1, nil), f.enter("b", 1, nil), f.enter("c", 1, nil)
		held.pass()
		f.next("a1 b1 c1").pass()
		for range 3 {
			if c := <-f.gate.arrived; len(c.batches) != 1 {
				t.Errorf("%s goes together again", c.wrote())
			} else {
				c.pass()
			}
		}
		first.wants(Alone, nil)
		a.wants(Alone, nil)
		c.wants(Alone, nil)
		b.asked = true
		if err := <-b.done; !errors.Is(err, store.ErrVersionTaken) || f.gate.has(b.batch) {
			t.Errorf("the one in conflict is told %v", err)
		}
	})
}

// A row of one is not that of the others, even where the reason sounds like the database's.
func TestWait_ARefusedRowInAGroupFailsNobodyElse(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a, b := f.enter("a", 1, nil), batchOf(record("b", 1))
		b.Rows = []store.Row{{Of: "p", Table: "missing", Key: "id", Columns: []string{"id"}, Values: []any{1}}}
		refused := f.enterBatch(b, nil)
		held.pass()
		f.next("a1 b1").pass()
		for range 2 {
			(<-f.gate.arrived).pass()
		}
		first.wants(Alone, nil)
		a.wants(Alone, nil)
		refused.asked = true
		if err := <-refused.done; !errors.As(err, new(*store.RowError)) || f.gate.has(b) {
			t.Errorf("whose row is refused is told %v", err)
		}
	})
}

// What all of a group would be told, all are told, without asking for each.
func TestWait_AnErrorOfTheDatabaseIsThatOfAll(t *testing.T) {
	for _, down := range []error{store.ErrUnavailable, store.ErrFull, store.ErrReadOnly, store.ErrNotMigrated, store.ErrNoDatabase} {
		each(t, 1, func(f *fixture) {
			first := f.enter("x", 1, nil)
			held := f.next("x1")
			a, b := f.enter("a", 1, nil), f.enter("b", 1, nil)
			c := f.enter("b", 2, b)
			held.pass()
			f.next("a1 b1 b2").fail(down)
			if errors.Is(down, store.ErrUnavailable) { // a dead connection of a pool is not the database
				f.next("a1 b1 b2").fail(down)
			}
			first.wants(Alone, nil)
			for _, o := range []*owner{a, b, c} {
				o.wants(0, down)
			}
		})
	}
}

func TestWait_ADeadConnectionIsNobodysFailure(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a, b := f.enter("a", 1, nil), f.enter("b", 1, nil)
		held.pass()
		f.next("a1 b1").fail(store.ErrUnavailable)
		f.next("a1 b1").pass()
		first.wants(Alone, nil)
		a.wants(Committed, nil)
		b.wants(Committed, nil)
	})
}

// A group goes again one by one where others kept it waiting.
func TestWait_AGroupThatIsBusyGoesOneByOne(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a := f.enter("a", 1, nil)
		b := f.enter("a", 2, a)
		held.pass()
		f.next("a1 a2").fail(store.ErrBusy)
		f.next("a1").pass()
		f.next("a2").pass()
		first.wants(Alone, nil)
		a.wants(Alone, nil)
		b.wants(Alone, nil)
		f.wantStream("a", 2)
	})
}

// Those who flush may wait for a lock themselves. Nobody else waits for that longer than the
// patience, twice.
func TestWait_AStuckFlusherHoldsUpNobodyForLong(t *testing.T) {
	each(t, 1, func(f *fixture) {
		stuck := f.enter("a", 1, nil)
		held := f.next("a1")
		behind := f.enter("a", 2, stuck)
		for range 3 {
			began := time.Now()
			b, c := f.enter("b", 0, nil), f.enter("c", 0, nil)
			f.next("b0 c0").pass()
			b.wants(Committed, nil)
			c.wants(Committed, nil)
			if waited := time.Since(began); waited > 2*patience {
				t.Errorf("they waited %v", waited)
			}
		}
		held.pass()
		f.next("a2").pass()
		stuck.wants(Alone, nil)
		behind.wants(Alone, nil)
	})
}

// Nor is it forgotten when there was nobody for a while.
func TestWait_PatienceBeginsAnew(t *testing.T) {
	each(t, 1, func(f *fixture) {
		stuck := f.enter("a", 1, nil)
		held := f.next("a1")
		for range 2 {
			o := f.enter("b", 0, nil)
			f.next("b0").pass()
			o.wants(Alone, nil)
			<-time.After(time.Second)
		}
		held.pass()
		stuck.wants(Alone, nil)
	})
}

// A flusher is free as soon as its group has an answer, whatever becomes of its batches.
func TestWait_AFailedGroupHoldsNoFlusher(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a := f.enter("a", 1, nil)
		b := f.enter("a", 2, a)
		held.pass()
		f.next("a1 a2").fail(store.ErrBusy)
		stuck, began := f.next("a1"), time.Now()
		c := f.enter("c", 1, nil)
		f.next("c1").pass()
		c.wants(Alone, nil)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("it waited %v for a flusher", waited)
		}
		stuck.pass()
		f.next("a2").pass()
		first.wants(Alone, nil)
		a.wants(Alone, nil)
		b.wants(Alone, nil)
	})
}

func TestEnter_AGroupIsNoLargerThanItMayBe(t *testing.T) {
	for name, tt := range map[string]struct{ records, bytes, together int }{
		"records": {records: 100, bytes: 2, together: maxRecords / 100},
		"bytes":   {records: 1, bytes: maxBytes/4 - len(`{}{"":""}`), together: 4},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, 1, func(f *fixture) {
				first := f.enter("x", 1, nil)
				held := f.next("x1")
				var owners []*owner
				for range tt.together + 1 {
					owners = append(owners, f.enterBatch(large(tt.records, tt.bytes), nil))
				}
				held.pass()
				for i, want := range []int{tt.together, 1} {
					c := <-f.gate.arrived
					if len(c.batches) != want {
						t.Errorf("group %d has %d batches, want %d", i, len(c.batches), want)
					}
					c.fail(store.ErrFull) // is quicker
				}
				first.wants(Alone, nil)
				for _, o := range owners {
					o.wants(0, store.ErrFull)
				}
			})
		})
	}
}

// For whose size others would wait goes alone from the start, and so does whose rows call back.
func TestEnter_WhatIsLargeOrCallsBackGoesAlone(t *testing.T) {
	calling := batchOf(record("calling", 1))
	calling.Rows = []store.Row{{Of: "p", Table: "t", Write: func(context.Context, *gorm.DB) error { return nil }}}
	for name, batch := range map[string]*store.Batch{
		"many": large(maxRecords/4+1, 2), "heavy": large(1, maxBytes/4), "calling": calling,
	} {
		t.Run(name, func(t *testing.T) {
			each(t, 1, func(f *fixture) {
				first := f.enter("x", 1, nil)
				held := f.next("x1")
				began := time.Now()
				alone := f.enterBatch(batch, nil)
				if c := <-f.gate.arrived; len(c.batches) != 1 || c.batches[0] != batch {
					t.Errorf("first goes %s", c.wrote())
				} else {
					c.pass()
				}
				if waited := time.Since(began); waited != 0 {
					t.Errorf("it waited %v", waited)
				}
				alone.asked = true
				synctest.Wait() // SQLite has one writer: it may be the other that goes first
				held.pass()
				must(t, <-alone.done)
				first.wants(Alone, nil)
			})
		})
	}
}

// large is a batch of a stream of its own, with so many bytes in each payload.
func large(records, bytes int) *store.Batch {
	stream := record("", 1).EventID.String()
	b := &store.Batch{}
	for i := range records {
		r := record(stream, int64(i+1))
		r.Data = append(append([]byte(`{"":"`), make([]byte, bytes)...), `"}`...)
		for j := range bytes {
			r.Data[5+j] = 'x'
		}
		b.Records = append(b.Records, r)
	}
	return b
}
