package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// groups are the laws of many rows of one table in a batch, which a store writes
// together: nobody may see a difference to one after the other. Each is for Insert and
// for InsertTx.
var groups = []struct {
	name string
	test func(t *testing.T, s store.Store, write writeFunc)
}{
	{"LastOfAKeyWins", groupsLastWins},
	{"KeysOnlyTheDatabaseKnows", groupsSameKeys},
	{"ErrorNamesItsRow", groupsErrorNamesRow},
	{"OtherColumnsBetween", groupsOtherColumns},
	{"WideTable", groupsWide},
}

// writeFunc writes one batch and commits it.
type writeFunc func(b *store.Batch) error

func rowsTogether(t *testing.T, s store.Store) {
	inTx := func(b *store.Batch) error {
		return s.DB().Transaction(func(tx *gorm.DB) error {
			err := s.InsertTx(t.Context(), tx, b)
			if again := s.InsertTx(t.Context(), tx, &store.Batch{}); again != nil {
				t.Errorf("the transaction is not usable: %v", again)
			}

			return err
		})
	}
	alone := func(b *store.Batch) error { return insertOne(t, s, b) }

	for _, g := range groups {
		for name, write := range map[string]writeFunc{"Insert": alone, "InsertTx": inTx} {
			t.Run(g.name+"/"+name, func(t *testing.T) {
				g.test(t, s, write)
				exec(t, s, "DROP TABLE balances")
			})
		}
	}
}

func groupsLastWins(t *testing.T, s store.Store, write writeFunc) {
	balances(t, s)
	for round := range int64(2) { // new, then there already
		err := write(&store.Batch{Rows: []store.Row{
			balance("a", 1), balance("b", 2), balance("a", 3+round), balance("c", 4), balance("b", 5), balance("a", 6+round),
		}})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, readBalances(t, s), []Balance{{ID: "a", Amount: 6 + round}, {ID: "b", Amount: 5}, {ID: "c", Amount: 4}})
	}
}

func groupsSameKeys(t *testing.T, s store.Store, write writeFunc) {
	balances(t, s)
	one, other := "a", "a"
	first, second := balance("", 1), balance("", 2)
	first.Values[0], second.Values[0] = &one, &other
	if err := write(&store.Batch{Rows: []store.Row{first, second, balance("b", 3)}}); err != nil {
		t.Fatal(err)
	}
	equal(t, readBalances(t, s), []Balance{{ID: "a", Amount: 2}, {ID: "b", Amount: 3}})
}

func groupsErrorNamesRow(t *testing.T, s store.Store, write writeFunc) {
	balances(t, s)
	stream := account(t.Name())
	for _, bad := range []int{0, 137, 299} {
		b := &store.Batch{Records: []store.Record{event(stream, 1)}}
		for i := range 300 {
			b.Rows = append(b.Rows, balance(fmt.Sprint(i), int64(i)))
		}
		b.Rows[bad].Values[1] = -1

		wantRowError(t, write(b), bad, "balances")
		equal(t, readBalances(t, s), []Balance{})
		wantVersions(t, s, stream)
	}
}

func groupsOtherColumns(t *testing.T, s store.Store, write writeFunc) {
	balances(t, s)
	row := func(columns string, values ...any) store.Row {
		return store.Row{Table: "balances", Key: "id", Columns: strings.Fields(columns), Values: values}
	}
	note, other := "kept", "also kept"
	err := write(&store.Batch{Rows: []store.Row{
		row("id amount", "a", 1), row("id note amount", "b", note, 2), row("note id amount", other, "c", 3), row("id amount", "b", 4),
	}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBalances(t, s), []Balance{
		{ID: "a", Amount: 1}, {ID: "b", Amount: 4, Note: &note}, {ID: "c", Amount: 3, Note: &other},
	})
}

// groupsWide writes more values than any statement has parameters.
func groupsWide(t *testing.T, s store.Store, write writeFunc) {
	columns := []string{"id"}
	for i := range 599 {
		columns = append(columns, fmt.Sprintf("c%d", i))
	}
	exec(t, s, "CREATE TABLE balances (id TEXT PRIMARY KEY, "+strings.Join(columns[1:], " BIGINT, ")+" BIGINT)")
	b := &store.Batch{}
	for i := range 150 {
		values := slices.Repeat([]any{int64(i)}, len(columns))
		values[0] = fmt.Sprint(i)
		b.Rows = append(b.Rows, store.Row{Table: "balances", Key: "id", Columns: columns, Values: values})
	}
	if err := write(b); err != nil {
		t.Fatal(err)
	}

	var sum int64
	if err := s.DB().Raw("SELECT SUM(c598) FROM balances").Scan(&sum).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, sum, int64(150*149/2))
}
