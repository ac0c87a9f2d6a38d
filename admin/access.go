package admin

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ireneo-dev/ireneo/internal/forwarded"
)

// User is somebody who looks at the pages.
type User struct {
	Name string // recorded with what they do
	Role Role
}

// Role is what somebody may do.
type Role int

// The roles. Who may operate may read.
const (
	None    Role = iota // sees nothing
	Read                // sees all pages
	Operate             // may pause, resume, rebuild and the like
)

func (r Role) String() string {
	switch r {
	case Read:
		return "read"
	case Operate:
		return "operate"
	default:
		return "none"
	}
}

// admit says who asks. Whoever is not to learn that there are pages is not ok.
func (a *admin) admit(r *http.Request) (u User, ok bool) {
	if a.config.Authorize == nil {
		return User{Name: "developer", Role: Operate}, a.config.Development && local(r)
	}
	err := recovered(func() (err error) {
		u, err = a.config.Authorize(r)
		return err
	})
	if _, panicked := errors.AsType[*panicked](err); panicked {
		a.report(r.Context(), "Authorize panicked", err, "path", r.URL.Path)
		return User{}, false
	} else if err != nil {
		a.config.Logger.WarnContext(r.Context(), "admin: somebody was refused", "path", r.URL.Path, "remote", r.RemoteAddr, "error", err)
		return User{}, false
	}
	if u.Role == Operate && !recordable(u.Name) {
		a.config.Logger.WarnContext(r.Context(), "admin: an operator may only read, because the name cannot be recorded: it must be 1 to 200 characters that can be seen",
			"name", cutText(u.Name, maxName), "remote", r.RemoteAddr)
		u.Role = Read
	}
	return u, u.Role == Read || u.Role == Operate
}

// maxName is how long the name of an operator may be, in characters.
const maxName = 200

// recordable reports whether a name says in a record who it was, and looks like what it is.
func recordable(name string) bool {
	unseen := func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }
	return strings.TrimSpace(name) != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxName && !strings.ContainsFunc(name, unseen)
}

// local reports whether a request was made on this very machine. The address of the
// connection alone does not tell: a proxy may stand in between, and a name that anybody
// owns may lead here (DNS rebinding).
func local(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() || !loopback(r.Host) {
		return false
	}
	said := forwarded.Said(r)
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "X-Forwarded-Host"} {
		for _, address := range listed(said.Values(name)) {
			if !loopback(address) {
				return false
			}
		}
	}
	return forwardedLocally(said.Values("Forwarded"))
}

// forwardedLocally reads the header of RFC 7239, such as for="[::1]:80";proto=http.
func forwardedLocally(values []string) bool {
	for _, element := range listed(values) {
		for pair := range strings.SplitSeq(element, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			asks := strings.EqualFold(key, "for") || strings.EqualFold(key, "host")
			if asks && !loopback(strings.Trim(value, `"`)) {
				return false
			}
		}
	}
	return true
}

// listed are the elements of a header that is a list.
func listed(values []string) []string {
	if len(values) == 0 {
		return nil
	}
	return strings.Split(strings.Join(values, ","), ",")
}

// loopback reports whether a host, with or without a port, is this machine.
func loopback(host string) bool {
	host = strings.TrimSpace(host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
