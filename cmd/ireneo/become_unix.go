//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// become lets a binary take the place of this process, in dir, so that its signals and its
// exit code are its own. It returns only where that fails. args begin with the name that
// the binary is to call itself.
func become(dir, binary string, args []string) error {
	if err := os.Chdir(dir); err != nil {
		return err
	}
	return fmt.Errorf("run %s: %w", binary, syscall.Exec(binary, args, os.Environ()))
}
