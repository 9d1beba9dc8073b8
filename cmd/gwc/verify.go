package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
	"gwc.dev/schema/bundle/trust"
)

func (a *app) verifyCommand() *cobra.Command {
	var (
		keys, trusted []string
		environment   string
		minSerial     uint64
		registry      registryFlags
	)
	cmd := &cobra.Command{
		Use:   "verify FILE|oci://... --key PUB|--trust FILE",
		Short: "Verify a bundle's signature and everything it covers",
		Long: `Verify that a bundle is whole and signed by one of the public keys, and say what it is, from which git
revision, and who signed it. Anything else is an error: no signature, an unknown key, a digest that differs, a file that
the manifest does not name.`,
		Example: `  gwc verify production.bundle --key gateway.pub --environment production`,
		Args:    exactly(1, "FILE|oci://..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			trusting, err := trust.Load(append(keys, trusted...)...)
			if err != nil {
				return err
			}
			if trusting.Empty() {
				return errors.New("missing --key or --trust: a file with those to trust")
			}
			trusting.Environment, trusting.MinSerial = environment, minSerial
			data, err := readBundle(cmd.Context(), args[0], registry)
			if err != nil {
				return err
			}
			b, err := bundle.Open(data, trusting)
			if err != nil {
				fmt.Fprintf(a.err, "%s: refused: %v [%s]\n", args[0], err, bundle.Reason(err))
				return errFindings
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			printOrigin(w, b)
			for _, s := range b.Signers {
				fmt.Fprintf(w, "signed by\t%s, %s\n", signatory(s), standing(s))
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringArrayVar(&keys, "key", nil, "a file with public keys to trust; may be repeated")
	cmd.Flags().StringArrayVar(&trusted, "trust", nil, "a trust document, or a file with public keys; may be repeated")
	cmd.Flags().StringVar(&environment, "environment", "", "the environment that the bundle must be of")
	cmd.Flags().Uint64Var(&minSerial, "min-serial", 0, "the least serial to accept")
	registry.add(cmd)
	return cmd
}

// standing says whether a signature counts.
func standing(s bundle.Signatory) string {
	switch reason := bundle.Reason(s.Err); {
	case s.Err == nil:
		return "verified"
	case reason == string(bundle.UnknownKey), reason == string(bundle.UnknownIdentity):
		return "not trusted"
	default:
		return "refused: " + s.Err.Error()
	}
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
