package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/generators"
)

// show says what was done. It passes err on, behind what was found out until then.
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

// answer is a result for programs.
type answer struct {
	Changes []generators.Change `json:"changes"`
	Next    []string            `json:"next"`
	Error   string              `json:"error,omitempty"`
}

func showJSON(out io.Writer, done *generators.Result, err error) error {
	a := answer{Changes: []generators.Change{}, Next: []string{}}
	if done != nil {
		a.Changes = append(a.Changes, done.Changes...)
		a.Next = append(a.Next, done.Next...)
	}
	if err != nil {
		a.Error = err.Error()
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	return enc.Encode(a)
}
