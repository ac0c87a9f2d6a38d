//go:build !unix

package dev

import (
	"os"
	"syscall"
)

// ownGroup is nothing where there are no groups.
func ownGroup() *syscall.SysProcAttr { return nil }

// mortal is only Linux's to give: elsewhere a process outlives us if we are killed.
func mortal() *syscall.SysProcAttr { return nil }

// signalGroup ends a process: other signals there are none.
func signalGroup(p *os.Process, _ os.Signal) error { return p.Kill() }

// terminate is what asks a process to end.
var terminate = os.Kill

// BinaryEnding is that of the names of binaries.
const BinaryEnding = ".exe"
