package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/config"
)

const (
	known  = "development-only-secret-that-everybody-knows"
	secret = "0123456789abcdef0123456789abcdef"
)

func TestLoad(t *testing.T) {
	for name, tt := range map[string]struct {
		variables []string
		want      config.Settings
		addr      string
	}{
		"nothing set": {
			nil,
			config.Settings{Env: "development", Secret: known, DatabaseURL: "sqlite:db/ledger.sqlite3", Host: "127.0.0.1", Port: 8080},
			"127.0.0.1:8080",
		},
		"set to nothing": {
			[]string{"PORT=", "DATABASE_URL=", "IRENEO_ENV="},
			config.Settings{Env: "development", Secret: known, DatabaseURL: "sqlite:db/ledger.sqlite3", Host: "127.0.0.1", Port: 8080},
			"127.0.0.1:8080",
		},
		"production": {
			[]string{
				"IRENEO_ENV=production", "DATABASE_URL=postgres://db/ledger", "PORT=80", "IRENEO_SECRET=" + secret,
				"IRENEO_HOSTS=ledger.example.com, .example.org,::1", "IRENEO_TRUSTED_PROXIES=10.0.0.0/8,192.0.2.1",
			},
			config.Settings{
				Env: "production", DatabaseURL: "postgres://db/ledger", Port: 80, Secret: secret,
				Hosts: []string{"ledger.example.com", ".example.org", "::1"}, TrustedProxies: []string{"10.0.0.0/8", "192.0.2.1"},
			},
			":80",
		},
		"IPv6": {
			[]string{"HOST=::1"},
			config.Settings{Env: "development", Secret: known, DatabaseURL: "sqlite:db/ledger.sqlite3", Host: "::1", Port: 8080},
			"[::1]:8080",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := config.Load(tt.variables)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("settings differ (-want +got):\n%s", diff)
			}
			if got.Addr() != tt.addr {
				t.Errorf("got address %s, want %s", got.Addr(), tt.addr)
			}
		})
	}
}

func TestLoad_ReportsAllMistakesAndNoPassword(t *testing.T) {
	_, err := config.Load([]string{"IRENEO_ENV=staging", "PORT=http", "DATABASE_URL=mysql://me:geheim@db/x"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"IRENEO_ENV", "PORT is not a number", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "geheim") {
		t.Errorf("the password is in: %v", err)
	}
	if _, err := config.Load([]string{"PORT=65536"}); err == nil {
		t.Error("port 65536 is accepted")
	}
}

// mistakes are what Load says about variables, all of them.
func mistakes(t *testing.T, variables ...string) string {
	t.Helper()
	_, err := config.Load(variables)
	if err == nil {
		t.Fatalf("%v is accepted", variables)
	}
	return err.Error()
}

func TestLoad_ProductionNamesEveryMissingSettingWithAnExample(t *testing.T) {
	got := mistakes(t, "IRENEO_ENV=production")
	for _, want := range []string{"IRENEO_SECRET is missing", "openssl rand", "IRENEO_HOSTS is missing", "ledger.example.com"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in: %v", want, got)
		}
	}
}

func TestLoad_ProductionRefusesTheDevelopmentSecret(t *testing.T) {
	got := mistakes(t, "IRENEO_ENV=production", "IRENEO_HOSTS=a.example", "IRENEO_SECRET="+known)
	if !strings.Contains(got, "IRENEO_SECRET is the one of development") {
		t.Error(got)
	}
}

func TestLoad_RefusesWhatIsNotSecure(t *testing.T) {
	for variable, want := range map[string]string{
		"IRENEO_SECRET=geheim":                        "IRENEO_SECRET has 6 bytes",
		"IRENEO_HOSTS=https://a.example":              `IRENEO_HOSTS has "https://a.example"`,
		"IRENEO_HOSTS=a.example:80":                   `IRENEO_HOSTS has "a.example:80"`,
		"IRENEO_HOSTS=*":                              `IRENEO_HOSTS has "*"`,
		"IRENEO_HOSTS=a.example,":                     `IRENEO_HOSTS has ""`,
		"IRENEO_TRUSTED_PROXIES=10.0.0.0/8,the-proxy": `IRENEO_TRUSTED_PROXIES has "the-proxy"`,
	} {
		if got := mistakes(t, variable); !strings.Contains(got, want) || strings.Contains(got, "geheim") {
			t.Errorf("%s: got %s, want %s", variable, got, want)
		}
	}
}
