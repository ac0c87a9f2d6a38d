package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// save writes the report as JSON and in the form that benchstat compares, into results below the
// current directory, and the JSON to out as well unless it is empty.
func (r *report) save(out string) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if out != "" {
		err = os.WriteFile(out, data, 0o644)
	}

	name := filepath.Join("results", r.Started.Format("20060102T150405Z"))
	return errors.Join(err,
		os.MkdirAll("results", 0o755),
		os.WriteFile(name+".json", data, 0o644),
		os.WriteFile(name+".txt", []byte(r.benchfmt()), 0o644),
	)
}

// benchfmt is one line a round and row, as go test -bench prints them.
func (r *report) benchfmt() string {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ncpu: %s\npkg: github.com/ireneo-dev/ireneo/bench\n", cmp.Or(r.Setup.OS, "unknown"), r.Setup.CPU)
	name := strings.NewReplacer(" ", "_", ",", "", "+", "and")
	for _, row := range r.Rows {
		for _, s := range row.Rounds {
			fmt.Fprintf(&b, "Benchmark%s/clients=%d\t%d\t%.1f ops/s\t%d p50-ns\t%d p99-ns\t%d cpu-ns/op\t%d server-cpu-ns/op\n",
				upperFirst(name.Replace(row.Name)), row.Clients, s.Count, s.Ops, s.P50.Nanoseconds(), s.P99.Nanoseconds(),
				s.CPU.Own.Nanoseconds(), s.CPU.Server.Nanoseconds())
		}
	}
	return b.String()
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
