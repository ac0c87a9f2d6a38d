package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// Finding is what one check found out.
type Finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Text string `json:"text"` // how it is, and what to do where it is not ok
}

// errUnfit ends the program after the findings were shown.
var errUnfit = errors.New("the application is not ready to serve")

func (p Program) check() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check", Short: "Say whether settings, database and migrations are right", Args: noArgs,
		Long:    "Say whether settings, database and migrations are right. It migrates nothing. The exit code is 1\nwhere one is not.",
		Example: examples("check", "check --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := p.findings(cmd.Context())
			if err := showFindings(cmd, findings, asJSON); err != nil {
				return err
			}
			if last := findings[len(findings)-1]; !last.OK {
				return errUnfit
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

func showFindings(cmd *cobra.Command, findings []Finding, asJSON bool) error {
	if asJSON {
		return showJSON(cmd.OutOrStdout(), findings)
	}
	for _, f := range findings {
		mark := "✗ fail"
		if f.OK {
			mark = "✓ ok  "
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s  %-10s  %s\n", mark, f.What, strings.ReplaceAll(f.Text, "\n", "\n"+strings.Repeat(" ", 20)))
	}
	return nil
}

// findings end with the first that is not right, since what follows depends on it.
func (p Program) findings(ctx context.Context) []Finding {
	app, err := p.Boot(ctx)
	if err != nil && !ofDatabase(err) {
		return []Finding{{"settings", false, err.Error()}}
	}
	found := []Finding{{"settings", true, "understood"}}
	if err != nil {
		return append(found, Finding{"database", false, withRemedy(err).Error()})
	}
	found = append(found, Finding{"database", true, "answers"})
	if err := errors.Join(app.migrated(ctx), app.Close()); err != nil {
		return append(found, Finding{"migrations", false, withRemedy(err).Error()})
	}
	return append(found, Finding{"migrations", true, "none are pending"})
}

// ofDatabase reports whether the settings were understood, and the database is at fault.
func ofDatabase(err error) bool {
	for _, known := range []error{ireneo.ErrNoDatabase, ireneo.ErrUnavailable, ireneo.ErrReadOnly, ireneo.ErrFull, ireneo.ErrBusy} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
