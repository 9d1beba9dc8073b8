package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/atomic"
)

func (a *app) signCommand() *cobra.Command {
	var keyFile, out string
	cmd := &cobra.Command{
		Use:   "sign FILE --key KEY",
		Short: "Sign a bundle",
		Long: `Add a signature to a bundle, beside those that it has. Its revision stays the same: that is the digest of what it
says, not of who vouches for it.`,
		Example: `  gwc sign production.bundle --key gateway.key`,
		Args:    exactly(1, "FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			if keyFile == "" {
				return errors.New("missing --key: the private key's file")
			}
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			k, err := a.privateKey(keyFile)
			if err != nil {
				return err
			}
			signed, err := bundle.Sign(data, k)
			if err != nil {
				return named(args[0], err)
			}
			if out == "" {
				out = args[0]
			}
			return atomic.WriteFile(out, signed, 0o644)
		},
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "the private key's file")
	cmd.Flags().StringVarP(&out, "output", "o", "", "where to write the signed bundle (default FILE itself)")
	return cmd
}
