package history

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// evidence is all that a run leaves behind.
type evidence struct {
	entries   []entry           // the log, by position and ordinal
	histories map[string][]line // by process
	effects   []effect          // by subscription and seq
	balances  []Sheet
	pages     []Sheet
	tallies   []Tally
	jots      []jot
	cursors   []cursor
}

// entry is a row of the log.
type entry struct {
	Position, Version int64
	Ordinal           int
	StreamType        string
	StreamID          string
	Type              string
	Data              string
	Fields            fields `gorm:"-"`
}

// fields are all that any payload holds.
type fields struct {
	Op     string
	N, Of  int
	Read   map[string]int64
	Amount int64
	Show   string
}

func (e *entry) stream() string { return e.StreamType + "/" + e.StreamID }

// at names the entry as deliveries do.
func (e *entry) at() string { return fmt.Sprint(e.stream(), "@", e.Version) }

// cursor is how far a subscription says it has come.
type cursor struct {
	Name, State, Reason string
	Position            int64
}

// gather reads all there is.
func gather(ctx context.Context, db *gorm.DB, dir string) (*evidence, error) {
	e := &evidence{}
	db = db.WithContext(ctx)
	histories, err := readHistories(dir)
	e.histories = histories
	err = errors.Join(err,
		db.Raw(`SELECT position, ordinal, stream_type, stream_id, version, type, CAST(data AS text) AS data
			FROM event_entries ORDER BY position, ordinal`).Scan(&e.entries).Error,
		db.Order("subscription, seq").Find(&e.effects).Error,
		db.Table("balances").Find(&e.balances).Error,
		db.Table("pages").Find(&e.pages).Error,
		db.Table("tallies").Find(&e.tallies).Error,
		db.Find(&e.jots).Error,
		db.Raw("SELECT name, state, reason, position FROM event_subscriptions ORDER BY name").Scan(&e.cursors).Error,
	)
	for i := range e.entries {
		err = errors.Join(err, json.Unmarshal([]byte(e.entries[i].Data), &e.entries[i].Fields))
	}
	return e, err
}

// operation is what the histories and the log say of one operation.
type operation struct {
	id      string
	process string
	invoke  line
	outcome line // its kind is unknown where there is none
	entries []*entry
}

// operations joins the lines and the entries of each operation, in the order in which they
// were invoked. Entries that no operation was invoked for are strays.
func (e *evidence) operations() (all []*operation, strays []*entry) {
	byID := map[string]*operation{}
	for process, lines := range e.histories {
		for _, l := range lines {
			switch l.Kind {
			case invoked:
				byID[l.Op] = &operation{id: l.Op, process: process, invoke: l, outcome: line{Kind: unknown}}
				all = append(all, byID[l.Op])
			case accepted, conflict, rejected, failed, unknown:
				byID[l.Op].outcome = l
			}
		}
	}
	for i := range e.entries {
		n := &e.entries[i]
		if op := byID[n.Fields.Op]; op != nil {
			op.entries = append(op.entries, n)
		} else {
			strays = append(strays, n)
		}
	}
	slices.SortFunc(all, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(a.invoke.At, b.invoke.At), strings.Compare(a.id, b.id))
	})
	return all, strays
}

// streams are the entries of each stream, in the order of the log.
func (e *evidence) streams() map[string][]*entry {
	all := map[string][]*entry{}
	for i := range e.entries {
		n := &e.entries[i]
		all[n.stream()] = append(all[n.stream()], n)
	}
	return all
}

// withShows adds to the streams one for each show: the seats taken of it, in the order of
// the log, wherever they are. What a query has read is a version of that.
func withShows(streams map[string][]*entry) map[string][]*entry {
	all := maps.Clone(streams)
	for stream, entries := range streams {
		for _, n := range entries {
			if strings.HasPrefix(stream, "seat/") {
				show := "show/" + n.Fields.Show
				all[show] = append(all[show], n)
			}
		}
	}
	for stream, entries := range all {
		if strings.HasPrefix(stream, "show/") {
			slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.Position, b.Position) })
		}
	}
	return all
}

// fold makes of entries what the projections should.
func fold(entries []*entry) (sheets []Sheet) {
	var s Sheet
	for _, n := range entries {
		h := fnv.New64a()
		_, _ = fmt.Fprintf(h, "%s %s %d", s.Trail, n.Fields.Op, n.Fields.N)
		s = Sheet{n.StreamID, n.Version, s.Balance + n.amount(), fmt.Sprintf("%x", h.Sum64())}
		sheets = append(sheets, s)
	}
	return sheets
}

// amount is what the entry adds to the balance of its stream.
func (e *entry) amount() int64 {
	if e.Type == "account.withdrawn" {
		return -e.Fields.Amount
	}
	return e.Fields.Amount
}
