package history

import (
	"slices"
	"sort"
	"strings"
)

// checkOutcomes compares what each operation was told with what the log holds of it.
func checkOutcomes(r *report, all []*operation) {
	byID := map[string]*operation{}
	for _, op := range all {
		byID[op.id] = op
	}
	for _, op := range all {
		switch there := len(op.entries); {
		case op.outcome.Kind == accepted:
			checkAccepted(r, op, byID)
		case op.outcome.Kind != unknown && there > 0:
			r.add(abortedWrite, "%s was told %s (%s), and %s is there", op, op.outcome.Kind, op.outcome.Error, op.entries[0].at())
		}
		if len(op.entries) > 0 {
			checkWhole(r, op)
		}
	}
}

func (op *operation) String() string { return op.id + " " + op.invoke.What }

// checkAccepted looks for what was acknowledged.
func checkAccepted(r *report, op *operation, byID map[string]*operation) {
	if as := op.outcome.As; as != "" && as != op.id {
		if len(op.entries) > 0 {
			r.add(duplicateCommand, "%s was told it had been done as %s, and is there itself", op, as)
		}
		if first := byID[as]; first == nil || len(first.entries) == 0 {
			r.add(lostAppend, "%s was told it had been done as %s, which is not there", op, as)
		}
		return
	}
	switch wanted := !op.outcome.Nothing && op.invoke.What != "read"; {
	case !wanted && len(op.entries) > 0:
		r.add(abortedWrite, "%s was told that it has done nothing, and %s is there", op, op.entries[0].at())
	case wanted && len(op.entries) == 0:
		r.add(lostAppend, "%s was acknowledged at position %d", op, op.outcome.Position)
	}
	first := map[string]int64{}
	for _, n := range op.entries {
		if before, ok := first[n.stream()]; !ok || n.Version < before {
			first[n.stream()] = n.Version
		}
	}
	for stream, version := range op.outcome.Wrote {
		if len(op.entries) > 0 && first[stream] != version {
			r.add(wrongVersion, "%s was told that it begins at %s@%d, it is at %d", op, stream, version, first[stream])
		}
	}
}

// checkWhole looks for operations of which a part is there, or is there twice. What a host
// appends one by one has more than one position.
func checkWhole(r *report, op *operation) {
	seen, of := map[int]*entry{}, op.entries[0].Fields.Of
	for _, n := range op.entries {
		if other := seen[n.Fields.N]; other != nil {
			r.add(duplicateCommand, "%s is there as %s and as %s", op, other.at(), n.at())
			return
		}
		seen[n.Fields.N] = n
	}
	if len(seen) != of || op.invoke.Events > 0 && of != op.invoke.Events {
		r.add(tornBatch, "%s has %d events, %d of them are there", op, max(of, op.invoke.Events), len(seen))
	}
	for i, n := range op.entries {
		if op.invoke.What != hosted && (n.Position != op.entries[0].Position || n.Ordinal != i+1 || n.Fields.N != i) {
			r.add(tornBatch, "%s: its event %d is at position %d, place %d, the first one at position %d",
				op, n.Fields.N, n.Position, n.Ordinal, op.entries[0].Position)
		}
	}
	if op.invoke.Undo {
		r.add(abortedWrite, "%s was rolled back by its host, and %s is there", op, op.entries[0].at())
	}
	if e := op.invoke.Expect; e != nil && op.entries[0].Version != *e+1 {
		r.add(wrongVersion, "%s expected version %d and is %s", op, *e, op.entries[0].at())
	}
}

// checkOnce looks for what was to happen once and happened more often.
func checkOnce(r *report, all []*operation) {
	done := map[string]*operation{}
	for _, op := range all {
		if op.invoke.Key == "" || len(op.entries) == 0 {
			continue
		}
		if other := done[op.invoke.Key]; other != nil {
			r.add(duplicateCommand, "%s and %s have both been done under %q", other, op, op.invoke.Key)
		}
		done[op.invoke.Key] = op
	}
}

// checkJots compares what hosts wrote with the events they appended in the same transaction.
func (e *evidence) checkJots(r *report, all []*operation) {
	there := map[string]bool{}
	for _, j := range e.jots {
		there[j.Op] = true
	}
	for _, op := range all {
		if op.invoke.What == hosted && there[op.id] != (len(op.entries) > 0) {
			r.add(tornBatch, "%s: its host's row is there: %t; of its events there are %d", op, there[op.id], len(op.entries))
		}
	}
}

// checkVersions wants 1, 2, 3 … in every stream, in the order of the log.
func checkVersions(r *report, streams map[string][]*entry) {
	for _, entries := range streams {
		for i, n := range entries {
			if n.Version != int64(i)+1 {
				r.add(versionGap, "%s is event %d of its stream, at position %d", n.at(), i+1, n.Position)
				break
			}
		}
	}
}

// moment is when a version was reached: some write of it began, or was acknowledged.
type moment struct{ at, version int64 }

// checkReads wants every read to see what was acknowledged before it began, nothing that
// nobody had begun when it ended, and what the log folds to.
func checkReads(r *report, all []*operation, streams map[string][]*entry) {
	begun, acknowledged := moments(all)
	folds := map[string][]Sheet{}
	for stream, entries := range streams {
		folds[stream] = fold(entries)
	}
	for _, op := range all {
		if op.outcome.Kind != accepted || op.invoke.What != "read" {
			continue
		}
		for stream, version := range op.outcome.Read {
			if least := versionAt(acknowledged[stream], op.invoke.At-1); version < least {
				r.add(staleRead, "%s saw %s at version %d, %d was acknowledged before", op, stream, version, least)
			}
			if most := versionAt(begun[stream], op.outcome.At); version > most || version > int64(len(folds[stream])) {
				r.add(wrongRead, "%s saw %s at version %d, nobody had begun more than %d, and there are %d", op, stream, version, most, len(folds[stream]))
				continue
			}
			if version > 0 {
				if want := folds[stream][version-1]; op.outcome.Saw[stream] != want.seen() {
					r.add(wrongRead, "%s saw %s@%d as %q, the log folds to %q", op, stream, version, op.outcome.Saw[stream], want.seen())
				}
			}
		}
	}
}

// moments are those of all writes, by stream and in the order of time.
func moments(all []*operation) (begun, acknowledged map[string][]moment) {
	begun, acknowledged = map[string][]moment{}, map[string][]moment{}
	for _, op := range all {
		last := map[string]int64{}
		for _, n := range op.entries {
			last[n.stream()] = max(last[n.stream()], n.Version)
		}
		for stream, version := range last {
			begun[stream] = append(begun[stream], moment{op.invoke.At, version})
			if op.outcome.Kind == accepted {
				acknowledged[stream] = append(acknowledged[stream], moment{op.outcome.At, version})
			}
		}
	}
	for _, all := range []map[string][]moment{begun, acknowledged} {
		for _, of := range all {
			slices.SortFunc(of, func(a, b moment) int { return int(a.at - b.at) })
			for i := 1; i < len(of); i++ {
				of[i].version = max(of[i].version, of[i-1].version)
			}
		}
	}
	return begun, acknowledged
}

// versionAt is the greatest version up to a time.
func versionAt(of []moment, at int64) int64 {
	i := sort.Search(len(of), func(i int) bool { return of[i].at > at })
	if i == 0 {
		return 0
	}
	return of[i-1].version
}

// checkRows compares the rows with what the checker folds.
func (e *evidence) checkRows(r *report, streams map[string][]*entry) {
	folded := map[string]map[string]Sheet{"account": {}, "note": {}}
	tallied := map[string]Tally{}
	var given, held int64
	for stream, entries := range streams {
		sheets := fold(entries)
		last := sheets[len(sheets)-1]
		if kind, id, _ := strings.Cut(stream, "/"); folded[kind] != nil {
			folded[kind][id] = last
		}
		if strings.HasPrefix(stream, "account/") {
			given, held = given+sheets[0].Balance, held+last.Balance
		}
		for _, n := range entries {
			tally(tallied, n)
		}
	}
	if given != held {
		r.add(wrongSum, "the accounts were opened with %d, they hold %d", given, held)
	}
	compareRows(r, "balances", e.balances, folded["account"], func(s Sheet) string { return s.ID })
	compareRows(r, "pages", e.pages, folded["note"], func(s Sheet) string { return s.ID })
	compareRows(r, "tallies", e.tallies, tallied, func(t Tally) string { return t.ID })
}

// tally folds what the projection over many streams should.
func tally(rows map[string]Tally, n *entry) {
	if n.Type != "note.written" && n.Type != "account.deposited" {
		return
	}
	id, _, _ := strings.Cut(n.Fields.Op, ".")
	t := rows[id]
	rows[id] = Tally{id, t.Events + 1, t.Amount + n.Fields.Amount}
}

func compareRows[T comparable](r *report, table string, got []T, want map[string]T, id func(T) string) {
	there := map[string]bool{}
	for _, row := range got {
		there[id(row)] = true
		if row != want[id(row)] {
			r.add(wrongRow, "%s: the row is %+v, the log folds to %+v", table, row, want[id(row)])
		}
	}
	for id, row := range want {
		if !there[id] {
			r.add(wrongRow, "%s: there is no row of %s, the log folds to %+v", table, id, row)
		}
	}
}
