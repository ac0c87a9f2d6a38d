//go:build !unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

// become runs a binary in the place of this process, in dir, and ends with its exit code.
// args begin with the name that the binary is to call itself.
func become(dir, binary string, args []string) error {
	signal.Ignore(os.Interrupt) // the console tells the binary, too
	cmd := exec.Command(binary)
	cmd.Dir, cmd.Args = dir, args
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("run %s: %w", binary, err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}
