package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/ireneo-dev/ireneo/server"
)

// developmentSecret signs in development, so that sessions and forms outlive a restart.
// Everybody can read it here, so production refuses it.
const developmentSecret = "development-only-secret-that-everybody-knows"

// secure fills and checks what security depends on. A secret is never repeated.
func (s *Settings) secure() (mistakes []error) {
	if s.Secret == "" && !s.Production() {
		s.Secret = developmentSecret
	}
	const random = "at least 32 random bytes, such as the output of: openssl rand -hex 32"
	switch {
	case s.Secret == "":
		mistakes = append(mistakes, errors.New("IRENEO_SECRET is missing; set it to "+random))
	case len(s.Secret) < server.MinSecretBytes:
		mistakes = append(mistakes, fmt.Errorf("IRENEO_SECRET has %d bytes; set it to %s", len(s.Secret), random))
	case s.Secret == developmentSecret && s.Production():
		mistakes = append(mistakes, errors.New("IRENEO_SECRET is the one of development, which everybody knows; set it to "+random))
	}
	if len(s.Hosts) == 0 && s.Production() {
		mistakes = append(mistakes, errors.New("IRENEO_HOSTS is missing; set it to the names people reach the application by, such as ledger.example.com"))
	}
	for i, host := range s.Hosts {
		s.Hosts[i] = strings.TrimSpace(host)
		if !isHost(s.Hosts[i]) {
			mistakes = append(mistakes, fmt.Errorf("IRENEO_HOSTS has %q; write names without scheme and port, such as ledger.example.com", s.Hosts[i]))
		}
	}
	for _, proxy := range s.TrustedProxies {
		if _, err := network(proxy); err != nil {
			mistakes = append(mistakes, fmt.Errorf("IRENEO_TRUSTED_PROXIES has %q; write addresses and networks such as 10.0.0.0/8", strings.TrimSpace(proxy)))
		}
	}
	return mistakes
}

// proxies are the trusted networks that can be read; Load reports the others.
func (s *Settings) proxies() (networks []netip.Prefix) {
	for _, proxy := range s.TrustedProxies {
		if n, err := network(proxy); err == nil {
			networks = append(networks, n)
		}
	}
	return networks
}

// network reads 10.0.0.0/8, or 10.0.0.1 for that address alone.
func network(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// hostPattern allows a dot in front: everything below the name.
var hostPattern = regexp.MustCompile(`^\.?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

func isHost(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || hostPattern.MatchString(name)
}
