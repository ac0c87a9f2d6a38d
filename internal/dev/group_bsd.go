//go:build unix && !linux

package dev

import "syscall"

// ownGroup puts a process into a group of its own, so that Ctrl-C is ours to pass on.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// mortal is only Linux's to give: elsewhere a process outlives us if we are killed.
func mortal() *syscall.SysProcAttr { return ownGroup() }
