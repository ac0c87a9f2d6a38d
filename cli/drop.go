package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// allowDrop lets a database be dropped in production.
const allowDrop = "IRENEO_ALLOW_DROP"

func (p Program) create(cmd *cobra.Command, _ []string) error {
	db, err := p.whichDatabase()
	if err != nil {
		return err
	}
	made, err := db.Create(cmd.Context())
	if err != nil {
		return err
	}
	text := "Created %s.\n"
	if !made {
		text = "%s is there already.\n"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), text, db.Name)
	return err
}

func (p Program) drop() *cobra.Command {
	var yes string
	cmd := &cobra.Command{
		Use: "drop", Short: "Remove the database of DATABASE_URL with all events", Args: noArgs,
		Long: "Remove the database of DATABASE_URL with all that is in it: the log and every event, too. Its name has\n" +
			"to be typed, or given with --yes. In production it is refused unless " + allowDrop + "=1.",
		Example: examples("db drop", "db drop --yes NAME"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.dropDatabase(cmd, yes) },
	}
	cmd.Flags().StringVar(&yes, "yes", "", "the `name` of the database, so that nothing is asked")
	return cmd
}

func (p Program) dropDatabase(cmd *cobra.Command, yes string) error {
	db, err := p.whichDatabase()
	if err != nil {
		return err
	}
	if db.Production && os.Getenv(allowDrop) != "1" {
		return fmt.Errorf("this is production, so %s is not dropped; if it has to be, set %s=1", db.Name, allowDrop)
	}
	if yes == "" {
		yes = ask(cmd, db.Name)
	}
	if yes != db.Name {
		return fmt.Errorf("nothing was dropped: %q is not the name of the database; run: %s db drop --yes %s", yes, invocation(), db.Name)
	}

	dropped, err := db.Drop(cmd.Context())
	if err != nil {
		return err
	}
	text := "Dropped %s.\n"
	if !dropped {
		text = "There is no %s.\n"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), text, db.Name)
	return err
}

// ask reads the name of the database from a terminal; without one there is no answer.
func ask(cmd *cobra.Command, name string) string {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return ""
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "All events in %s will be gone for ever. Type its name to drop it: ", name)
	line, _ := bufio.NewReader(os.Stdin).ReadString('\n') // an answer that ends early is not the name
	return strings.TrimSpace(line)
}

func (p Program) whichDatabase() (*Database, error) {
	if p.Database == nil {
		return nil, errors.New("the application does not say how its database is made; set Database of its cli.Program")
	}
	return p.Database()
}
