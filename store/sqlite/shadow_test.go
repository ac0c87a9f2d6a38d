package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/ireneo-dev/ireneo/store"
)

// TestSwap_Names swaps tables whose names are written in each way SQLite knows.
func TestSwap_Names(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ table, text, index string }{
		{"debts", "CREATE TABLE debts(id TEXT PRIMARY KEY, n)", "CREATE UNIQUE INDEX i ON debts(n)"},
		{`de"bts`, `CREATE TABLE "de""bts" (id TEXT PRIMARY KEY, n)`, `CREATE UNIQUE INDEX "i ""n" on "de""bts" (n)`},
		{"de bts", "CREATE TABLE IF NOT EXISTS [de bts] (id TEXT PRIMARY KEY, n INTEGER) STRICT", "CREATE UNIQUE INDEX [i n] ON [de bts] (n)"},
		{"de`bts", "CREATE TABLE `de``bts`\n(id TEXT PRIMARY KEY, n) WITHOUT ROWID", "CREATE UNIQUE INDEX IF NOT EXISTS `i`\nON\n`de``bts` (n)"},
		{"débts", "CREATE TABLE main.débts (id TEXT PRIMARY KEY, n)", "CREATE UNIQUE INDEX main.é ON débts (n) WHERE n > 0"},
	} {
		s := open(t, filepath.Join(t.TempDir(), "log.db"))
		for _, statement := range []string{c.text, c.index} {
			if err := s.db.Exec(statement).Error; err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		made, err := s.Shadow(t.Context(), c.table)
		if err != nil {
			t.Fatalf("%s: %v", c.table, err)
		}
		if err := s.Fill(t.Context(), made, []string{"id", "n"}, [][]any{{"a", 1}, {"b", 1}}, nil); err == nil {
			t.Errorf("%s: the index does not hold", c.table)
		}
		for _, replacement := range []string{made, store.OldOf(c.table)} {
			if err := s.Swap(t.Context(), c.table, replacement, nil); err != nil {
				t.Fatalf("%s: %v", c.table, err)
			}
			if err := s.Fill(t.Context(), c.table, []string{"id", "n"}, [][]any{{"a", 1}, {"b", 1}}, nil); err == nil {
				t.Errorf("%s: the index does not hold", c.table)
			}
		}
	}
}

func TestSwap_ErrNotSwappable(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "log.db"))
	for _, c := range []struct{ do, undo string }{
		{"CREATE TRIGGER own AFTER INSERT ON debts BEGIN SELECT 1; END", "DROP TRIGGER own"},
		{"CREATE TRIGGER other AFTER INSERT ON notes BEGIN DELETE FROM debts; END", "DROP TRIGGER other"},
		{"CREATE TABLE heirs (debt TEXT REFERENCES debts)", "DROP TABLE heirs"},
		{
			"DROP TABLE debts; CREATE TABLE debts (id TEXT PRIMARY KEY, parent TEXT REFERENCES debts)",
			"DROP TABLE debts; CREATE TABLE debts (id TEXT PRIMARY KEY)",
		},
	} {
		if err := s.db.Exec("CREATE TABLE IF NOT EXISTS notes (id TEXT); CREATE TABLE IF NOT EXISTS debts (id TEXT PRIMARY KEY); " + c.do).Error; err != nil {
			t.Fatalf("%s: %v", c.do, err)
		}
		if _, err := s.Shadow(t.Context(), "debts"); !errors.Is(err, store.ErrNotSwappable) {
			t.Errorf("%s: got %v", c.do, err)
		}
		if err := s.db.Exec(c.undo).Error; err != nil {
			t.Fatalf("%s: %v", c.undo, err)
		}
		if _, err := s.Shadow(t.Context(), "debts"); err != nil {
			t.Errorf("%s: got %v", c.undo, err)
		}
	}
}
