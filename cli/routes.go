package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (p Program) routes() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "routes", Short: "List what is answered, and by which function", Args: noArgs,
		Example: examples("routes", "routes --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(app *App) error {
				routes := tidy(app.Routes)
				if asJSON {
					return showJSON(cmd.OutOrStdout(), routes)
				}
				return listRoutes(cmd.OutOrStdout(), routes)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

// tidy sorts routes, and shortens the names of functions of the program's own module.
func tidy(routes []Route) []Route {
	module := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		module = info.Main.Path + "/"
	}
	routes = append([]Route{}, routes...)
	for i, r := range routes {
		routes[i].Handler = strings.TrimSuffix(strings.TrimPrefix(r.Handler, module), "-fm")
	}
	slices.SortStableFunc(routes, func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return routes
}

func listRoutes(out io.Writer, routes []Route) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "METHOD\tPATH\tHANDLER")
	for _, r := range routes {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.Method, r.Path, r.Handler)
	}
	return table.Flush()
}

func showJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	return enc.Encode(v)
}
