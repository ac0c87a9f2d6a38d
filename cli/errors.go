package cli

import (
	"errors"
	"fmt"

	"github.com/ireneo-dev/ireneo"
)

// pendingError says how many migrations are missing, and what to run.
type pendingError int

func (e pendingError) Error() string {
	are := "are"
	if e == 1 {
		are = "is"
	}
	return fmt.Sprintf("%s %s pending; run: %s db migrate", plural(int(e), "migration"), are, invocation())
}

// remedies say what an operator can do about an error, in the order they are tried.
var remedies = []struct {
	err    error
	remedy string
}{
	{ireneo.ErrInUse, "stop whatever has it open, such as the server, and try again"},
	{ireneo.ErrIrreversible, "write the section that undoes it, or a new migration that does"},
	{ireneo.ErrReadOnly, "let DATABASE_URL name a primary server, or a file and directory this user may write"},
	{ireneo.ErrFull, "make room on the database's disk; nothing was lost"},
	{ireneo.ErrUnavailable, "start the database, or correct host, user and password in DATABASE_URL"},
}

// withRemedy adds what can be done.
func withRemedy(err error) error {
	if errors.Is(err, ireneo.ErrNotMigrated) {
		return fmt.Errorf("%w; run: %s db migrate", err, invocation())
	}
	if errors.Is(err, ireneo.ErrNoDatabase) {
		return fmt.Errorf("%w\nremedy: create it with: %s db create, or correct DATABASE_URL", err, invocation())
	}
	for _, r := range remedies {
		if errors.Is(err, r.err) {
			return fmt.Errorf("%w\nremedy: %s", err, r.remedy)
		}
	}
	return err
}
