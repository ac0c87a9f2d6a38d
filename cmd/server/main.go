// Command server runs Ledger. See its --help.
package main

import (
	"os"

	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/config"
)

func main() { os.Exit(cli.Main(config.Program())) }
