package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
)

func (a *app) verifyCommand() *cobra.Command {
	var (
		keys        []string
		environment string
		minSerial   uint64
		registry    registryFlags
	)
	cmd := &cobra.Command{
		Use:   "verify FILE|oci://... --key PUB",
		Short: "Verify a bundle's signature and everything it covers",
		Long: `Verify that a bundle is whole and signed by one of the public keys, and say what it is, from which git
revision, and who signed it. Anything else is an error: no signature, an unknown key, a digest that differs, a file that
the manifest does not name.`,
		Example: `  gwc verify production.bundle --key gateway.pub --environment production`,
		Args:    exactly(1, "FILE|oci://..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(keys) == 0 {
				return errors.New("missing --key: a file with the public keys to trust")
			}
			trust := bundle.Trust{Environment: environment, MinSerial: minSerial}
			for _, file := range keys {
				k, err := bundle.LoadPublicKeys(file)
				if err != nil {
					return fmt.Errorf("--key: %w", err)
				}
				trust.Keys = append(trust.Keys, k...)
			}
			data, err := readBundle(cmd.Context(), args[0], registry)
			if err != nil {
				return err
			}
			b, err := bundle.Open(data, trust)
			if err != nil {
				fmt.Fprintf(a.err, "%s: refused: %v [%s]\n", args[0], err, bundle.Reason(err))
				return errFindings
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			printOrigin(w, b)
			for _, id := range b.Signers {
				standing := "not trusted"
				if slices.ContainsFunc(trust.Keys, func(k bundle.PublicKey) bool { return k.ID() == id }) {
					standing = "verified"
				}
				fmt.Fprintf(w, "signed by\tkey %s, %s\n", id, standing)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringArrayVar(&keys, "key", nil, "a file with public keys to trust; may be repeated")
	cmd.Flags().StringVar(&environment, "environment", "", "the environment that the bundle must be of")
	cmd.Flags().Uint64Var(&minSerial, "min-serial", 0, "the least serial to accept")
	registry.add(cmd)
	return cmd
}

// readBundle returns the bytes of a bundle on a disk or in a registry.
func readBundle(ctx context.Context, ref string, registry registryFlags) ([]byte, error) {
	if strings.HasPrefix(ref, "oci://") {
		data, _, err := oci.Pull(ctx, ref, registry.options())
		return data, err
	}
	return os.ReadFile(ref)
}

// named says which bundle an error is about.
func named(bundle string, err error) error {
	return fmt.Errorf("bundle %q: %w", bundle, err)
}
