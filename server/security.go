package server

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/internal/forwarded"
)

// policy lets pages load what the application itself serves, and nothing inline without
// the request's nonce.
const policy = "default-src 'none'; script-src 'self' 'nonce-%[1]s'; style-src 'self' 'nonce-%[1]s'; " +
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

// always are the headers that every answer has. Nobody changes the values: what is added
// to one of them is added to a copy.
var always = map[string][]string{
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"same-origin"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
	"Cache-Control":                {"no-store"}, // pages hold private data; assets say otherwise
}

// secure sets the headers that keep browsers from doing what they should not. They are
// on every answer: pages, errors and assets.
func (s *Server) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		maps.Copy(h, always)
		h.Set("Content-Security-Policy", fmt.Sprintf(policy, Nonce(c.Request().Context())))
		if s.options.Production && c.Scheme() == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// forgetForwarding removes what proxies say and is not to be believed, so that no handler
// believes it. Only two of the headers are ever believed: a client may send the others
// through an honest proxy.
func (s *Server) forgetForwarding(r *http.Request) {
	believed := s.fromProxy(r)
	for _, name := range forwarded.Headers {
		if !believed || name != echo.HeaderXForwardedFor && name != echo.HeaderXForwardedProto {
			r.Header.Del(name)
		}
	}
}

// fromProxy reports whether the connection is from a trusted proxy.
func (s *Server) fromProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	addr := peer.Addr().Unmap().WithZone("")
	for _, proxy := range s.options.TrustedProxies {
		if proxy.Contains(addr) {
			return true
		}
	}
	return false
}

// scheme is https for what came by TLS to us, or to a trusted proxy. Of several proxies
// the last one is asked, since only that one is known.
func (s *Server) scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	if said := r.Header.Values(echo.HeaderXForwardedProto); len(said) > 0 && s.fromProxy(r) {
		parts := strings.Split(said[len(said)-1], ",")
		if strings.EqualFold(strings.TrimSpace(parts[len(parts)-1]), "https") {
			return "https"
		}
	}
	return "http"
}

// ipExtractor takes the client's address from the connection, or from what trusted
// proxies say. Echo's own choice of proxies, all private addresses, is switched off.
func ipExtractor(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		ipNet := &net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
		trust = append(trust, echo.TrustIPRange(ipNet))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// errForeignHost says that the request is for a host that is not ours: it was sent by a
// page of that name, or would be answered with links to it.
var errForeignHost = errors.New("request is for another host")

// knownHost refuses foreign hosts. Health checks are answered by any name, because load
// balancers ask by address; they answer nothing that depends on it.
func (s *Server) knownHost(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		path := c.Request().URL.Path
		if len(s.options.Hosts) > 0 && path != healthPath && path != readyPath && !s.ours(c.Request().Host) {
			return fmt.Errorf("%w: %q", errForeignHost, c.Request().Host)
		}
		return next(c)
	}
}

func (s *Server) ours(host string) bool {
	name := hostName(host)
	for _, allowed := range s.options.Hosts {
		allowed = hostName(allowed)
		below := strings.HasPrefix(allowed, ".")
		if !below && name == allowed || below && strings.HasSuffix(strings.TrimLeft(name, "."), allowed) {
			return true
		}
	}
	return false
}

// hostName is the name in a Host header, without port, brackets and the last dot.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// errCrossOrigin says that another site's page sent an unsafe request.
var errCrossOrigin = errors.New("request comes from another site")

func (s *Server) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.origins.Check(c.Request()); err != nil {
			return fmt.Errorf("%w: %w", errCrossOrigin, err)
		}
		return next(c)
	}
}

// errForeignPath says that a redirect would lead to another site.
var errForeignPath = errors.New("redirect leads out of the application")

// Redirect sends the browser to a path of the application with 303. A path that came with
// the request may lead anywhere, and browsers read // and /\ as another host: what is
// not a path of our own is an error, and nothing is sent.
func Redirect(c echo.Context, path string) error {
	if !ownPath(path) {
		return fmt.Errorf("%w: %q", errForeignPath, path)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

func ownPath(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return false
	}
	return !strings.ContainsFunc(path, func(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f })
}
