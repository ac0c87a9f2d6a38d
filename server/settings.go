package server

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Settings are what the environment may vary of every application. An application embeds
// them in its own, reads all with LoadSettings, and makes its server with Options.
type Settings struct {
	// Env is development or production.
	Env string `env:"IRENEO_ENV" envDefault:"development"`

	// Secret signs what browsers keep for us. Required in production; in development it
	// is one that everybody knows.
	Secret string `env:"IRENEO_SECRET"`

	// Hosts are the names people reach the application by. Required in production;
	// empty allows any.
	Hosts []string `env:"IRENEO_HOSTS"`

	// TrustedProxies are addresses and networks whose X-Forwarded-For and
	// X-Forwarded-Proto are believed. Empty: nobody's are.
	TrustedProxies []string `env:"IRENEO_TRUSTED_PROXIES"`

	// Host is the address to listen on. Empty: only this machine in development, all
	// addresses in production.
	Host string `env:"HOST"`

	// Port is the TCP port to listen on; 0 takes a free one.
	Port int `env:"PORT" envDefault:"8080"`
}

// SettingsHelp describes the settings, for the help of a program.
const SettingsHelp = `  IRENEO_ENV              development or production (default development)
  IRENEO_SECRET           signs cookies and forms, at least 32 random bytes (required in production)
  IRENEO_HOSTS            names people reach it by, such as app.example.com,.example.org (required in
                          production; default any)
  IRENEO_TRUSTED_PROXIES  proxies whose X-Forwarded headers are believed, such as 10.0.0.0/8 (default none)
  HOST                    address to listen on (default 127.0.0.1 in development, all in production)
  PORT                    port to listen on (default 8080)`

// LoadSettings reads variables such as "PORT=8080" into a pointer to a struct that embeds
// Settings, by the env tags of its fields (see https://github.com/caarlos0/env), and
// reports everything that is wrong with them at once. A variable that is empty is not
// set. A secret is never repeated in an error.
func LoadSettings(into interface{ settings() *Settings }, variables []string) error {
	given := env.ToMap(variables)
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	err := env.ParseWithOptions(into, env.Options{Environment: given})

	s := into.settings()
	mistakes := parseMistakes(err)
	if s.Env != "development" && s.Env != "production" {
		mistakes = append(mistakes, fmt.Errorf("IRENEO_ENV is %q; set it to development or production", s.Env))
	}
	if err == nil && (s.Port < 0 || s.Port > 65535) {
		mistakes = append(mistakes, fmt.Errorf("PORT is %d; set it to a number from 0 to 65535", s.Port))
	}
	mistakes = append(mistakes, s.secure()...)
	if s.Host == "" && !s.Production() {
		s.Host = "127.0.0.1"
	}
	return errors.Join(mistakes...)
}

// settings makes every struct that embeds Settings fit for LoadSettings.
func (s *Settings) settings() *Settings { return s }

// parseMistakes names the variables that are not of their type. The parser's own text
// would name the fields of a Go struct.
func parseMistakes(err error) []error {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		if err != nil {
			return []error{err}
		}
		return nil
	}
	var mistakes []error
	for _, e := range all.Errors {
		if p, ok := errors.AsType[env.ParseError](e); ok {
			e = fmt.Errorf("%s is not a number", strings.ToUpper(p.Name))
		}
		mistakes = append(mistakes, e)
	}
	return mistakes
}

// Production reports whether the application serves real users.
func (s *Settings) Production() bool { return s.Env == "production" }

// Addr is where the server listens.
func (s *Settings) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Options are those of a server with these settings. In production it logs JSON.
func (s *Settings) Options() Options {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if s.Production() {
		logger = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return Options{
		Addr: s.Addr(), Production: s.Production(), Secret: s.Secret, Hosts: s.Hosts,
		TrustedProxies: s.proxies(), Logger: logger,
	}
}

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
	case len(s.Secret) < MinSecretBytes:
		mistakes = append(mistakes, fmt.Errorf("IRENEO_SECRET has %d bytes; set it to %s", len(s.Secret), random))
	case s.Secret == developmentSecret && s.Production():
		mistakes = append(mistakes, errors.New("IRENEO_SECRET is the one of development, which everybody knows; set it to "+random))
	}
	if len(s.Hosts) == 0 && s.Production() {
		mistakes = append(mistakes, errors.New("IRENEO_HOSTS is missing; set it to the names people reach the application by, such as app.example.com"))
	}
	for i, host := range s.Hosts {
		s.Hosts[i] = strings.TrimSpace(host)
		if !isHost(s.Hosts[i]) {
			mistakes = append(mistakes, fmt.Errorf("IRENEO_HOSTS has %q; write names without scheme and port, such as app.example.com", s.Hosts[i]))
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
