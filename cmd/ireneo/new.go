package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/generators"
)

func newApp() *cobra.Command {
	a := &asked{}
	var module, database string
	cmd := &cobra.Command{
		Use: "new APP", Short: "Write an application",
		Long: "Write an application into a new folder: it builds, migrates, serves and passes its tests. All of it\n" +
			"is written, or, where something fails, nothing.",
		Example: "  ireneo new shop\n  ireneo new shop --db postgres --module example.com/shop",
		Args:    atLeast(false, "the name of the application, such as shop,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := generators.ParseNew(args[0], module, database)
			if err != nil {
				return a.show(cmd, nil, usageError{err})
			}
			if n.Framework, err = generators.BuiltWith(cmd.Context()); err != nil {
				return a.show(cmd, nil, err)
			}
			done, err := n.Create(cmd.Context(), ".", !a.noTest, a.Options)
			return a.show(cmd, done, err)
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&database, "db", "", "the database of its settings and tests: "+strings.Join(generators.Databases(), " or ")+" (default "+generators.Databases()[0]+")")
	f.StringVar(&module, "module", "", "the path of its module (default APP)")
	f.BoolVar(&a.Force, "force", false, "write into a folder that has files, and overwrite those that differ")
	f.BoolVar(&a.noTest, "no-test", false, "write no tests")
	return cmd
}
