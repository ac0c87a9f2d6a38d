//go:build unix

package pgtest

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// owner is the user who runs a cluster.
type owner struct{ uid, gid int }

// serverOwner returns an unprivileged user when this process is root, as initdb refuses to run as
// root, and nil otherwise.
func serverOwner() (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			return ownerOf(found)
		}
	}
	return nil, errors.New("running as root, and there is no user postgres or nobody to run PostgreSQL")
}

func ownerOf(u *user.User) (*owner, error) {
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	return &owner{uid: uid, gid: gid}, errors.Join(uidErr, gidErr)
}

func (o *owner) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true}
	if o != nil {
		attributes.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return attributes
}
