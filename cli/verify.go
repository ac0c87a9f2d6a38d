package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// differsError ends the program after the differences were shown: it has the commands that
// make the rows anew.
type differsError []string

func (e differsError) Error() string {
	const differ = "rows differ from what the log says; make them anew with:"
	if len(e) == 1 {
		return differ + " " + e[0]
	}
	return differ + "\n  " + strings.Join(e, "\n  ")
}

// shown is how many differences of a projection are shown.
const shown = 20

// comparison is what was found out about the rows of a projection.
type comparison struct {
	Name string `json:"name"`
	ireneo.Verified
	First   []ireneo.Difference `json:"first"`             // of the differences
	Skipped string              `json:"skipped,omitempty"` // why they were not compared
}

func (k kept) verify() *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: "verify NAME | --all", Short: "Compare a projection's rows with the log",
		Long: "Compare a projection's rows with the log, which is folded anew for that; nothing is changed. It reads\n" +
			"all events the projection is of, and may run at any time. The exit code is 1 where there is a\n" +
			fmt.Sprintf("difference; of each projection the first %d are shown.", shown),
		Example: examples("projections verify NAME", "projections verify --all --json"),
		Args: func(cmd *cobra.Command, args []string) error {
			if !all {
				return k.oneName(cmd, args)
			}
			return noArgs(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return k.with(cmd.Context(), func(app *App) error {
				names, err := k.toVerify(cmd.Context(), app.Log, args)
				if err != nil {
					return err
				}
				return k.verifyAll(cmd, app.Log, names, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "compare all projections")
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

// toVerify are the names given, or else all there are.
func (k kept) toVerify(ctx context.Context, log *ireneo.Log, names []string) ([]string, error) {
	for _, name := range names {
		if _, err := k.rowsOf(ctx, log, name); err != nil {
			return nil, err
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	for _, info := range log.Projections() {
		names = append(names, info.Name)
	}
	return names, nil
}

func (k kept) verifyAll(cmd *cobra.Command, log *ireneo.Log, names []string, asJSON bool) error {
	comparisons, differs := []comparison{}, differsError{}
	for _, name := range names {
		c, err := compare(cmd.Context(), log, name)
		if err != nil {
			return err
		}
		comparisons = append(comparisons, c)
		if c.Differences > 0 {
			differs = append(differs, k.command("rebuild", name))
		}
		if !asJSON {
			showComparison(cmd.OutOrStdout(), c)
		}
	}
	if asJSON {
		if err := showJSON(cmd.OutOrStdout(), comparisons); err != nil {
			return err
		}
	}
	if len(differs) > 0 {
		return differs
	}
	return nil
}

func compare(ctx context.Context, log *ireneo.Log, name string) (comparison, error) {
	c := comparison{Name: name, First: []ireneo.Difference{}}
	verified, err := log.Verify(ctx, name, func(d ireneo.Difference) {
		if len(c.First) < shown {
			c.First = append(c.First, d)
		}
	})
	c.Verified = verified
	if errors.Is(err, ireneo.ErrPersistsItself) {
		c.Skipped, err = ireneo.ErrPersistsItself.Error(), nil
	}
	return c, err
}

func showComparison(out io.Writer, c comparison) {
	for _, d := range c.First {
		fmt.Fprintf(out, "%s: %s\n", c.Name, oneLine(d.String()))
	}
	if more := c.Differences - int64(len(c.First)); more > 0 {
		fmt.Fprintf(out, "%s: and %s\n", c.Name, plural(int(more), "more difference"))
	}
	switch {
	case c.Skipped != "":
		fmt.Fprintf(out, "- not compared  %s: %s\n", c.Name, c.Skipped)
	case c.Differences > 0:
		fmt.Fprintf(out, "✗ differs       %s: %s in %s, from %s up to position %d\n", c.Name,
			plural(int(c.Differences), "difference"), plural(int(c.Rows), "row"), plural(int(c.Events), "event"), c.Position)
	default:
		fmt.Fprintf(out, "✓ as the log    %s: %s, from %s up to position %d\n", c.Name,
			plural(int(c.Rows), "row"), plural(int(c.Events), "event"), c.Position)
	}
}
