package main

import (
	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/generators"
)

func generateScaffold() *cobra.Command {
	a, noWeb, crud, closedBy := &asked{}, false, false, ""
	cmd := a.generateFlags(&cobra.Command{
		Use:   "scaffold STREAM EVENT[:FIELD[,FIELD...]]...",
		Short: "Write a stream with its events, read model, pages and tests",
		Long: "Write a stream with its events, a read model that lists it, and pages with a form for every event,\n" +
			"its history and time travel, each with its test. The first event begins the stream. Fields that a\n" +
			"later event shares with an earlier one are kept apart, as EVENT_FIELD: what they change is yours to\n" +
			"say. With --crud the arguments are fields, and the events are created, updated and archived.\n" +
			"Forms have no input for json: it has to be json:null, and they leave it out.\n\n" + fieldHelp(),
		Example: "  ireneo generate scaffold debt issued:amount:money,issued_on:date paid:amount:money settled --closed-by settled\n" +
			"  ireneo generate scaffold note title:string body:text --crud",
		Args: atLeast(true, "the stream, such as debt,", "what can happen to it, such as issued:amount:money,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.carryOut(cmd, func(app *generators.App) (*generators.Plan, error) {
				s, err := generators.ParseScaffold(args[0], args[1:], closedBy, crud, a.keep)
				if err != nil {
					return nil, usageError{err}
				}
				s.NoWeb = noWeb
				return app.Scaffold(s)
			})
		},
	}, true)
	f := cmd.Flags()
	f.BoolVar(&crud, "crud", false, "the arguments are fields; the events are created, updated and archived")
	f.StringVar(&closedBy, "closed-by", "", "the event after which nothing follows")
	f.BoolVar(&noWeb, "no-web", false, "write no pages")
	return cmd
}
