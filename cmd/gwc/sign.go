package main

import (
	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/atomic"
)

func (a *app) signCommand() *cobra.Command {
	var (
		out  string
		sign signerFlags
	)
	cmd := &cobra.Command{
		Use:   "sign FILE --key KEY",
		Short: "Sign a bundle",
		Long: `Add a signature to a bundle, beside those that it has. Its revision stays the same: that is the digest of what it
says, not of who vouches for it.

With --fulcio-url an identity signs instead of a key: the authority certifies for some minutes who is running gwc, by an OpenID
Connect token, and --timestamp-url proves that the signature was made within them.`,
		Example: `  gwc sign production.bundle --key gateway.key
  gwc sign production.bundle --fulcio-url https://fulcio.example.com --identity-token token \
    --timestamp-url https://tsa.example.com/api/v1/timestamp`,
		Args: exactly(1, "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !sign.given() {
				return errNoSigner
			}
			data, err := readFile(args[0])
			if err != nil {
				return err
			}
			s, err := a.signer(cmd.Context(), sign)
			if err != nil {
				return err
			}
			signed, err := bundle.Sign(data, s)
			if err != nil {
				return named(args[0], err)
			}
			if out == "" {
				out = args[0]
			}
			return atomic.WriteFile(out, signed, 0o644)
		},
	}
	sign.add(cmd)
	cmd.Flags().StringVarP(&out, "output", "o", "", "where to write the signed bundle (default FILE itself)")
	return cmd
}
