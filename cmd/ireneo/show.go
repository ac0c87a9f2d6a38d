package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/generators"
)

// answer does something with the application around the working directory, and says
// what was done. Its error is do's, after what was found out until then.
func (a *asked) answer(cmd *cobra.Command, do func(*generators.App) (*generators.Result, error)) error {
	app, err := generators.Find(".")
	var done *generators.Result
	if err == nil {
		done, err = do(app)
	}
	return a.show(cmd, done, err)
}

// show says what was done, done being nil where nothing was found out. It passes err on.
func (a *asked) show(cmd *cobra.Command, done *generators.Result, err error) error {
	out := cmd.OutOrStdout()
	switch {
	case a.json:
		return errors.Join(err, showJSON(out, done, err))
	case done == nil, a.quiet:
		return err
	}
	for _, c := range done.Changes {
		line := fmt.Sprintf("%12s  %s", c.Verb, c.Path)
		if c.Note != "" {
			line += " (" + c.Note + ")"
		}
		fmt.Fprintln(out, line)
	}
	if len(done.Next) > 0 {
		fmt.Fprintln(out, "\nNext:")
	}
	for _, line := range done.Next {
		fmt.Fprintln(out, "  "+line)
	}
	return err
}

// report is a result for programs.
type report struct {
	Changes []generators.Change `json:"changes"`
	Next    []string            `json:"next"`
	Error   string              `json:"error,omitempty"`
}

func showJSON(out io.Writer, done *generators.Result, err error) error {
	r := report{Changes: []generators.Change{}, Next: []string{}}
	if done != nil {
		r.Changes = append(r.Changes, done.Changes...)
		r.Next = append(r.Next, done.Next...)
	}
	if err != nil {
		r.Error = err.Error()
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	return enc.Encode(r)
}
