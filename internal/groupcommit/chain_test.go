//go:build !ireneo_alone

package groupcommit

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/ireneo-dev/ireneo/store"
)

// What was decided on what is on its way goes after it, all in one commit.
func TestEnter_AChainOfOneStreamSharesOneCommit(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		b := f.enter("a", 2, a)
		c := f.enter("a", 3, b)
		d := f.enter("a", 4, c)
		held.pass()
		f.next("a2 a3 a4").pass()
		a.wants(Alone, nil)
		for _, o := range []*owner{b, c, d} {
			o.wants(Committed, nil)
		}
		f.wantStream("a", 4)
	})
}

// Those that take the next version go together, too.
func TestEnter_NextVersionsOfOneStreamShareOneCommit(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 0, nil)
		held := f.next("a0")
		b, c := f.enter("a", 0, nil), f.enter("a", 0, nil)
		held.pass()
		f.next("a0 a0").pass()
		a.wants(Alone, nil)
		b.wants(Committed, nil)
		c.wants(Committed, nil)
		if b.batch.Records[0].Version != 2 || c.batch.Records[0].Version != 3 {
			t.Errorf("they have versions %d and %d", b.batch.Records[0].Version, c.batch.Records[0].Version)
		}
		f.wantStream("a", 3)
	})
}

// What was decided on something that was not committed is never sent.
func TestEnter_WhatRestsOnAFailureIsNeverSent(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		b := f.enter("a", 2, a)
		c := f.enter("a", 3, b)
		held.fail(store.ErrBusy)
		a.wants(Alone, store.ErrBusy)
		b.wants(0, ErrSuperseded)
		c.wants(0, ErrSuperseded)
		late := f.enter("a", 3, b)
		late.wants(0, ErrSuperseded)
		f.wantStream("a", 0)
	})
}

// So it is where a group fails and one of them alone.
func TestWait_WhatRestsOnAFailureOfAGroupIsNeverSent(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a := f.enter("a", 1, nil)
		b := f.enter("a", 2, a)
		held.pass()
		f.next("a1 a2").fail(store.ErrVersionTaken)
		f.next("a1").fail(store.ErrVersionTaken)
		first.wants(Alone, nil)
		a.wants(Alone, store.ErrVersionTaken)
		b.wants(0, ErrSuperseded)
	})
}

// Two that want one version meet here, and not in the database.
func TestEnter_AVersionThatIsTakenNeedsNoInsert(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		b := f.enter("a", 1, nil)
		held.pass()
		a.wants(Alone, nil)
		b.wants(0, store.ErrVersionTaken)
		if f.gate.count != 1 {
			t.Errorf("there were %d inserts", f.gate.count)
		}
	})
}

// So do two in the queue, and where one wants several.
func TestEnter_VersionsThatAreTakenNeedNoInsert(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a := f.enterBatch(batchOf(record("a", 1), record("b", 1), record("a", 2)), nil)
		b, c := f.enter("a", 2, nil), f.enter("c", 1, nil)
		held.pass()
		f.next("a1+b1+a2 c1").pass()
		first.wants(Alone, nil)
		a.wants(Committed, nil)
		b.wants(0, store.ErrVersionTaken)
		c.wants(Committed, nil)
	})
}

// Where the first fails the version is free.
func TestEnter_AVersionThatWasNotTakenIsFree(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		b := f.enter("a", 1, nil)
		held.fail(store.ErrBusy)
		f.next("a1").pass()
		a.wants(Alone, store.ErrBusy)
		b.wants(Alone, nil)
	})
}

// A batch of several streams waits for each of them, in whatever order they are named.
func TestEnter_ABatchOfSeveralStreamsWaitsForAll(t *testing.T) {
	each(t, 2, func(f *fixture) {
		a := f.enter("a", 1, nil)
		onA := f.next("a1")
		b := f.enter("b", 1, nil)
		onB := f.next("b1")
		both := f.enterBatch(batchOf(record("b", 2), record("a", 2), record("b", 3)), nil)
		onA.pass()
		a.wants(Alone, nil)
		synctest.Wait()
		after := f.enter("a", 3, both)
		onB.pass()
		f.next("b2+a2+b3 a3").pass()
		b.wants(Alone, nil)
		both.wants(Committed, nil)
		after.wants(Committed, nil)
		f.wantStream("a", 3)
		f.wantStream("b", 3)
	})
}

func TestWait_WaitingMayEndUntilItIsSent(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		b := f.enter("a", 2, a)
		c := f.enter("a", 3, b)
		other := f.enter("b", 1, nil)
		b.endWaiting()
		b.wants(0, context.Canceled)
		c.wants(0, ErrSuperseded)
		held.pass()
		f.next("b1").pass()
		a.wants(Alone, nil)
		other.wants(Alone, nil)
		f.wantStream("a", 1)
	})
}

func TestWait_WhatIsSentIsSeenToItsEnd(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a, b := f.enter("a", 1, nil), f.enter("b", 1, nil)
		held.pass()
		group := f.next("a1 b1")
		a.endWaiting() // flushes
		b.endWaiting()
		synctest.Wait()
		group.pass()
		first.wants(Alone, nil)
		a.wants(Committed, nil)
		b.wants(Committed, nil)
	})
}

// The answer about a group is lost: each owner asks about his own, in the order of the stream.
func TestWait_EachFindsOutWhatBecameOfADoubtfulGroup(t *testing.T) {
	for name, committed := range map[string]bool{"committed": true, "not committed": false} {
		t.Run(name, func(t *testing.T) {
			each(t, 1, func(f *fixture) {
				first := f.enter("x", 1, nil)
				held := f.next("x1")
				a := f.enter("a", 1, nil)
				b := f.enter("a", 2, a)
				c := f.enter("a", 3, b)
				held.pass()
				group := f.next("a1 a2 a3")
				if committed {
					group.loseAnswer()
				} else {
					group.fail(store.ErrOutcomeUnknown)
				}
				again := f.next("a1")
				b.endWaiting() // it may be in the log, so that is no end
				synctest.Wait()
				again.pass()
				f.next("a2").pass()
				f.next("a3").pass()
				first.wants(Alone, nil)
				for _, o := range []*owner{a, b, c} {
					o.wants(Doubtful, nil)
				}
				f.wantStream("a", 3)
			})
		})
	}
}

// Where it stays in doubt what became of the first, it does of all that rest on it.
func TestWait_DoubtsOfAGroupAreHandedOn(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a := f.enter("a", 1, nil)
		b := f.enter("a", 2, a)
		c := f.enter("a", 3, b)
		held.pass()
		f.next("a1 a2 a3").loseAnswer()
		again := f.next("a1")
		late := f.enter("a", 4, c) // was in no group: it is certain that it is not in the log
		again.fail(store.ErrOutcomeUnknown)
		first.wants(Alone, nil)
		a.wants(Doubtful, store.ErrOutcomeUnknown)
		b.wants(0, store.ErrOutcomeUnknown)
		c.wants(0, store.ErrOutcomeUnknown)
		late.wants(0, ErrSuperseded)
		f.wantStream("a", 3)
	})
}

// Where it turns out that a doubtful group was not committed, nothing that rests on it was.
func TestWait_AGroupThatWasNotCommittedLeavesNoDoubt(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		a := f.enter("a", 1, nil)
		b := f.enter("a", 2, a)
		held.pass()
		group := f.next("a1 a2")
		must(t, f.gate.Store.Insert(f.Context(), batchOf(record("a", 1)))) // by somebody else
		group.fail(store.ErrOutcomeUnknown)
		f.next("a1").pass()
		first.wants(Alone, nil)
		a.wants(Doubtful, store.ErrVersionTaken)
		b.wants(0, ErrSuperseded)
		f.wantStream("a", 1)
	})
}

// Who flushes may have less time than those for whom he does.
func TestWait_ALeaderWithoutTimeLeavesNobodyBehind(t *testing.T) {
	each(t, 1, func(f *fixture) {
		first := f.enter("x", 1, nil)
		held := f.next("x1")
		leader, b := f.enter("a", 1, nil), f.enter("b", 1, nil)
		c := f.enter("b", 2, b)
		held.pass()
		f.next("a1 b1 b2") // where it hangs
		leader.endCommitting()
		leader.wants(Doubtful, store.ErrOutcomeUnknown)
		f.next("b1").pass()
		f.next("b2").pass()
		first.wants(Alone, nil)
		b.wants(Doubtful, nil)
		c.wants(Doubtful, nil)
	})
}

// Who has no time to wait for his group leaves in doubt. The others go on.
func TestWait_WhoHasNoTimeLeavesInDoubt(t *testing.T) {
	for name, committed := range map[string]bool{"committed": true, "not committed": false} {
		t.Run(name, func(t *testing.T) {
			each(t, 1, func(f *fixture) {
				first := f.enter("x", 1, nil)
				held := f.next("x1")
				leader, b := f.enter("a", 1, nil), f.enter("b", 1, nil)
				c := f.enter("b", 2, b)
				held.pass()
				group := f.next("a1 b1 b2")
				b.endCommitting()
				b.wants(0, store.ErrOutcomeUnknown)
				late := f.enter("b", 3, c)
				if committed {
					group.pass()
					f.next("b3").pass()
					leader.wants(Committed, nil)
					c.wants(Committed, nil)
					late.wants(Alone, nil)
				} else {
					group.fail(store.ErrBusy)
					f.next("a1").pass()
					leader.wants(Alone, nil)
					c.wants(0, ErrSuperseded)
					late.wants(0, ErrSuperseded)
				}
				first.wants(Alone, nil)
			})
		})
	}
}

// Who has no time left and was told to flush does it all the same: others wait for it.
func TestLeave_DoesWhatItWasTold(t *testing.T) {
	each(t, 1, func(f *fixture) {
		ticket := f.c.Enter(batchOf(record("a", 1)), nil)
		now, err := ticket.leave()
		if err != nil || len(now.group) != 1 {
			t.Errorf("it was told %+v, %v", now, err)
		}
		ticket.Settle(false, nil)
	})
}

// Who finds no need for his batch has not written it, and says no more about it.
func TestSettle_WithoutNeedIsNotCommitted(t *testing.T) {
	each(t, 1, func(f *fixture) {
		ticket := f.c.Enter(batchOf(record("a", 1)), nil)
		b := f.enter("a", 2, &owner{ticket: ticket})
		ticket.Settle(false, nil)
		b.wants(0, ErrSuperseded)
		if !ticket.Failed() {
			t.Error("it has not failed")
		}
	})
}

// Who waited for others of his stream until no time was left has written nothing.
func TestWait_OthersOfTheStreamWereNotDoneInTime(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		b := f.enter("a", 2, a)
		b.endCommitting()
		b.wants(0, store.ErrBusy)
		held.pass()
		a.wants(Alone, nil)
		f.wantStream("a", 1)
	})
}

// What is settled keeps nothing of what came before it in memory.
func TestSettle_KeepsNothing(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		b := f.enter("a", 2, a)
		held.pass()
		f.next("a2").pass()
		a.wants(Alone, nil)
		b.wants(Alone, nil)
		synctest.Wait()
		if b.ticket.after != nil || b.ticket.spans[0].before != nil {
			t.Error("the ticket keeps the one before it")
		}
	})
}
