//go:build unix

package dev

import (
	"errors"
	"os"
	"syscall"
)

// signalGroup sends a signal to a process and to all it started.
func signalGroup(p *os.Process, sig os.Signal) error {
	err := syscall.Kill(-p.Pid, sig.(syscall.Signal))
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// terminate is what asks a process to end.
var terminate os.Signal = syscall.SIGTERM

// BinaryEnding is that of the names of binaries.
const BinaryEnding = ""
