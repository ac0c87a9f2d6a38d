package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"
)

func secret() *cobra.Command {
	return &cobra.Command{
		Use: "secret", Short: "Print a new secret for IRENEO_SECRET",
		Long:    "Print a new secret for IRENEO_SECRET: 32 random bytes in hexadecimal. It is kept nowhere.",
		Example: "  ireneo secret\n  IRENEO_SECRET=$(ireneo secret) ireneo serve", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var random [32]byte
			_, _ = rand.Read(random[:]) // never fails, says crypto/rand
			_, err := fmt.Fprintln(cmd.OutOrStdout(), hex.EncodeToString(random[:]))
			return err
		},
	}
}
