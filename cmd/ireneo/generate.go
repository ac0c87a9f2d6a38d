package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/generators"
)

// asked is what the flags of a command say.
type asked struct {
	generators.Options
	quiet, json, keep, noTest bool
}

// flags gives a command the flags that all have which write.
func (a *asked) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&a.Pretend, "pretend", false, "say what would be done, and do nothing")
	f.BoolVar(&a.quiet, "quiet", false, "say nothing unless it fails")
	f.BoolVar(&a.json, "json", false, "answer in JSON")
}

// generateFlags gives a command those of generators too.
func (a *asked) generateFlags(cmd *cobra.Command, keep bool) *cobra.Command {
	a.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&a.Force, "force", false, "overwrite files that differ")
	f.BoolVar(&a.Skip, "skip", false, "keep files that differ")
	f.BoolVar(&a.noTest, "no-test", false, "write no tests")
	if keep {
		f.BoolVar(&a.keep, "keep-name", false, "take the name as it is, singular or plural")
	}
	return cmd
}

// carryOut applies what plan makes of the application around the working directory.
func (a *asked) carryOut(cmd *cobra.Command, plan func(*generators.App) (*generators.Plan, error)) error {
	return a.answer(cmd, func(app *generators.App) (*generators.Result, error) {
		if a.Force && a.Skip {
			return nil, usageError{errors.New("say --force or --skip, not both")}
		}
		p, err := plan(app)
		if err != nil {
			return nil, err
		}
		if a.noTest {
			p = p.WithoutTests()
		}
		return app.Apply(cmd.Context(), p, a.Options)
	})
}

func generate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "generate", Short: "Write files from a few words", Args: noArgs, RunE: help,
		SuggestionsMinimumDistance: 2,
		Long:                       "Write files from a few words. What was generated can be undone with ireneo destroy.\n\n" + fieldHelp(),
		Example: "  ireneo generate event debt/issued customer_id:ref:customer amount:money note:text:null on:date\n" +
			"  ireneo generate stream debt\n" +
			"  ireneo generate projection debt_summaries on debt/issued,debt/paid amount:money:index\n" +
			"  ireneo generate command account/transfer from:account to:account amount:money\n" +
			"  ireneo generate migration add_note_to_debt_summaries note:string:null",
	}
	cmd.AddCommand(generateEvent(), generateStream(), generateProjection(), generateCommand(), generateMigration(), generateScaffold())
	return cmd
}

// fieldHelp explains the fields of a command line.
func fieldHelp() string {
	var b strings.Builder
	b.WriteString("Fields are written name:type[:modifier...]. The types are\n")
	for _, doc := range generators.TypeDocs() {
		fmt.Fprintf(&b, "  %-18s  %s\n", doc[0], strings.ReplaceAll(doc[1], "; ", ",\n"+strings.Repeat(" ", 22)))
	}
	b.WriteString("and the modifiers\n" +
		"  null                may be missing; without it a value is required\n" +
		"  sensitive           masked in logs and in the admin pages\n" +
		"  index, uniq         of projections and migrations: looked for, and no two the same")
	return b.String()
}

func generateEvent() *cobra.Command {
	a := &asked{}
	return a.generateFlags(&cobra.Command{
		Use: "event STREAM/EVENT [FIELD...]", Short: "Write an event, its test and a sample of how the log has it",
		Long: "Write an event, its test and a sample of how the log has it. The name may be written debt/issued,\n" +
			"Debt.Issued or DebtIssued; the log stores it for ever as debt.issued.\n\n" + fieldHelp(),
		Example: "  ireneo generate event debt/issued customer_id:ref:customer amount:money note:text:null on:date",
		Args:    atLeast(true, "the event, such as debt/issued,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.carryOut(cmd, func(app *generators.App) (*generators.Plan, error) {
				name, err := generators.ParseEvent(args[0], a.keep, app.Streams()...)
				if err != nil {
					return nil, usageError{err}
				}
				fields, err := generators.ParseFields(args[1:])
				if err != nil {
					return nil, usageError{err}
				}
				return app.Event(name, fields)
			})
		},
	}, true)
}

func generateStream() *cobra.Command {
	a := &asked{}
	return a.generateFlags(&cobra.Command{
		Use: "stream NAME", Short: "Write the declaration of a stream and its test",
		Long:    "Write the declaration of a stream and its test. Its name is singular, since it names one.",
		Example: "  ireneo generate stream debt",
		Args:    atLeast(false, "the stream, such as debt,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.carryOut(cmd, func(app *generators.App) (*generators.Plan, error) {
				name, err := generators.ParseStream(args[0], a.keep)
				if err != nil {
					return nil, usageError{err}
				}
				return app.Stream(name)
			})
		},
	}, true)
}

func generateProjection() *cobra.Command {
	a, p := &asked{}, generators.Projection{}
	cmd := a.generateFlags(&cobra.Command{
		Use: "projection NAME on EVENT[,EVENT...] [FIELD...]", Short: "Write a projection, its test and its migration",
		Long: "Write a projection, its test and the migration that makes its table. Fields that an event has too,\n" +
			"with the same name and type, are taken over from it; what else changes is yours to say.\n\n" + fieldHelp(),
		Example: "  ireneo generate projection debt_summaries on debt/issued,debt/paid amount:money:index\n" +
			"  ireneo generate projection debt_states on debt/issued amount:money --virtual",
		Args: atLeast(true, "the projection, such as debt_summaries,", "the word on", "the first event, such as debt/issued,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.carryOut(cmd, func(app *generators.App) (*generators.Plan, error) {
				if err := parseProjection(&p, app, args, a.keep); err != nil {
					return nil, usageError{err}
				}
				return app.Projection(p)
			})
		},
	}, true)
	cmd.Flags().BoolVar(&p.Virtual, "virtual", false, "computed when asked for: no table and no migration")
	return cmd
}

func parseProjection(p *generators.Projection, app *generators.App, args []string, keep bool) (err error) {
	if p.Name, err = generators.ParseProjection(args[0], keep); err != nil {
		return err
	}
	if args[1] != "on" {
		return fmt.Errorf("got %q where the word on is expected: %s on debt/issued,debt/paid", args[1], args[0])
	}
	for text := range strings.SplitSeq(args[2], ",") {
		event, err := generators.ParseEvent(text, true, app.Streams()...)
		if err != nil {
			return err
		}
		p.On = append(p.On, event)
	}
	p.Fields, err = generators.ParseFields(args[3:])
	return err
}

func generateCommand() *cobra.Command {
	a := &asked{}
	return a.generateFlags(&cobra.Command{
		Use: "command STREAM/COMMAND [FIELD...]", Short: "Write a command, which decides over several streams, and its test",
		Long: "Write a command, which decides over several streams and appends to them all or to none, and its\n" +
			"test. What it decides is yours to say. A field whose type is that of a stream of the application,\n" +
			"such as from:account, is the id of one that the command reads: by the stream's Consistency\n" +
			"projection, or by one that is named, such as from:account:account_states. Two of one type have to\n" +
			"differ.\n\n" + fieldHelp(),
		Example: "  ireneo generate command account/transfer from:account to:account amount:money\n" +
			"  ireneo generate command debt/refinance debt:debt:debt_states rate:decimal:5:2 on:date",
		Args: atLeast(true, "the command, such as account/transfer,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.carryOut(cmd, func(app *generators.App) (*generators.Plan, error) {
				name, err := generators.ParseCommand(args[0], a.keep, app.Streams()...)
				if err != nil {
					return nil, usageError{err}
				}
				fields, err := app.CommandFields(args[1:])
				if err != nil {
					return nil, usageError{err}
				}
				return app.Command(name, fields)
			})
		},
	}, true)
}

func generateMigration() *cobra.Command {
	a := &asked{}
	return a.generateFlags(&cobra.Command{
		Use: "migration NAME [FIELD...]", Short: "Write a migration",
		Long: "Write a migration. Named add_X_to_TABLE it adds the fields to the table; any other is for you to\n" +
			"fill in, in SQL that SQLite and PostgreSQL both accept.\n\n" + fieldHelp(),
		Example: "  ireneo generate migration add_note_to_debt_summaries note:string:null\n" +
			"  ireneo generate migration tidy_up",
		Args: atLeast(true, "the migration, such as add_note_to_debt_summaries,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.carryOut(cmd, func(app *generators.App) (*generators.Plan, error) {
				name, err := generators.ParseMigration(args[0])
				if err != nil {
					return nil, usageError{err}
				}
				fields, err := generators.ParseFields(args[1:])
				if err != nil {
					return nil, usageError{err}
				}
				return app.Migration(name, fields)
			})
		},
	}, false)
}
