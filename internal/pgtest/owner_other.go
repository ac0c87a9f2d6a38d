//go:build !unix

package pgtest

import (
	"errors"
	"syscall"
)

// owner is never used here: a cluster is started on unix only.
type owner struct{ uid, gid int }

func serverOwner() (*owner, error) {
	return nil, errors.New("a throwaway PostgreSQL is started on unix only; set " + serverEnv)
}

func (o *owner) attributes() *syscall.SysProcAttr { return nil }
