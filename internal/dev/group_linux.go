package dev

import "syscall"

// ownGroup puts a process into a group of its own, so that Ctrl-C is ours to pass on.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// mortal makes a process end with the thread that started it, however that ends.
func mortal() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
