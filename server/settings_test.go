package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/server"
)

const (
	known  = "development-only-secret-that-everybody-knows"
	secret = "0123456789abcdef0123456789abcdef"
)

func TestLoadSettings(t *testing.T) {
	for name, tt := range map[string]struct {
		variables []string
		want      server.Settings
		addr      string
	}{
		"nothing set": {
			nil,
			server.Settings{Env: "development", Secret: known, Host: "127.0.0.1", Port: 8080},
			"127.0.0.1:8080",
		},
		"set to nothing": {
			[]string{"PORT=", "IRENEO_ENV="},
			server.Settings{Env: "development", Secret: known, Host: "127.0.0.1", Port: 8080},
			"127.0.0.1:8080",
		},
		"production": {
			[]string{
				"IRENEO_ENV=production", "PORT=80", "IRENEO_SECRET=" + secret,
				"IRENEO_HOSTS=app.example.com, .example.org,::1", "IRENEO_TRUSTED_PROXIES=10.0.0.0/8,192.0.2.1",
			},
			server.Settings{
				Env: "production", Port: 80, Secret: secret,
				Hosts: []string{"app.example.com", ".example.org", "::1"}, TrustedProxies: []string{"10.0.0.0/8", "192.0.2.1"},
			},
			":80",
		},
		"IPv6": {
			[]string{"HOST=::1"},
			server.Settings{Env: "development", Secret: known, Host: "::1", Port: 8080},
			"[::1]:8080",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := load(tt.variables...)
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

// application embeds the settings, as every application does.
type application struct {
	server.Settings

	Cents int `env:"CENTS" envDefault:"7"`
}

func load(variables ...string) (server.Settings, error) {
	var app application
	err := server.LoadSettings(&app, variables)
	return app.Settings, err
}

func TestLoadSettings_ReadsTheApplicationsOwn(t *testing.T) {
	var app application
	if err := server.LoadSettings(&app, []string{"CENTS=5"}); err != nil || app.Cents != 5 || app.Port != 8080 {
		t.Errorf("got %+v, %v", app, err)
	}
}

func TestLoadSettings_ReportsAllMistakes(t *testing.T) {
	var app application
	err := server.LoadSettings(&app, []string{"IRENEO_ENV=staging", "PORT=http", "CENTS=x"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"IRENEO_ENV", "PORT is not a number", "CENTS is not a number"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	if _, err := load("PORT=65536"); err == nil {
		t.Error("port 65536 is accepted")
	}
}

// mistakes are what Load says about variables, all of them.
func mistakes(t *testing.T, variables ...string) string {
	t.Helper()
	_, err := load(variables...)
	if err == nil {
		t.Fatalf("%v is accepted", variables)
	}
	return err.Error()
}

func TestLoadSettings_ProductionNamesEveryMissingSettingWithAnExample(t *testing.T) {
	got := mistakes(t, "IRENEO_ENV=production")
	for _, want := range []string{"IRENEO_SECRET is missing", "openssl rand", "IRENEO_HOSTS is missing", "app.example.com"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in: %v", want, got)
		}
	}
}

func TestLoadSettings_ProductionRefusesTheDevelopmentSecret(t *testing.T) {
	got := mistakes(t, "IRENEO_ENV=production", "IRENEO_HOSTS=a.example", "IRENEO_SECRET="+known)
	if !strings.Contains(got, "IRENEO_SECRET is the one of development") {
		t.Error(got)
	}
}

func TestLoadSettings_RefusesWhatIsNotSecure(t *testing.T) {
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
