package config_test

import (
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo/config"
)

func TestLoad(t *testing.T) {
	settings, err := config.Load([]string{"DATABASE_URL=", "PORT=80"})
	if err != nil || settings.DatabaseURL != "sqlite:db/ledger.sqlite3" || settings.Port != 80 {
		t.Errorf("got %+v, %v", settings, err)
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
}
