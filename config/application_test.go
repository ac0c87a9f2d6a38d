package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/config"
)

func TestLoad(t *testing.T) {
	for name, tt := range map[string]struct {
		variables []string
		want      config.Settings
		addr      string
	}{
		"nothing set": {
			nil,
			config.Settings{Env: "development", DatabaseURL: "sqlite:db/ledger.sqlite3", Host: "127.0.0.1", Port: 8080},
			"127.0.0.1:8080",
		},
		"set to nothing": {
			[]string{"PORT=", "DATABASE_URL=", "IRENEO_ENV="},
			config.Settings{Env: "development", DatabaseURL: "sqlite:db/ledger.sqlite3", Host: "127.0.0.1", Port: 8080},
			"127.0.0.1:8080",
		},
		"production": {
			[]string{"IRENEO_ENV=production", "DATABASE_URL=postgres://db/ledger", "PORT=80"},
			config.Settings{Env: "production", DatabaseURL: "postgres://db/ledger", Port: 80},
			":80",
		},
		"IPv6": {
			[]string{"HOST=::1"},
			config.Settings{Env: "development", DatabaseURL: "sqlite:db/ledger.sqlite3", Host: "::1", Port: 8080},
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
