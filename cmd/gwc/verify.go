package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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
		format        string
		registry      registryFlags
	)
	cmd := &cobra.Command{
		Use:   "verify FILE|oci://... --key PUB|--trust FILE",
		Short: "Verify a bundle's signature and everything it covers",
		Long: `Verify that a bundle is whole and signed by somebody who is trusted, and say what it is, from which git revision, who
signed it and when. Anything else is an error: no signature, an unknown key, a digest that differs, a file that the manifest does
not name. When somebody signed is known if a timestamp proves it.

In a registry the artifact is verified too: it holds the manifests beside the bundle, and Flux asks for its signature. What
else is attested of it is listed, such as its provenance.`,
		Example: `  gwc verify production.bundle --key gateway.pub --environment production
  gwc verify oci://registry.example.com/gateway/production:production --trust trust.yaml`,
		Args: exactly(1, "FILE|oci://..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format %q: want text or json", format)
			}
			t, err := trust.Load(append(keys, trusted...)...)
			if err != nil {
				return err
			}
			if t.Empty() {
				return errors.New("missing --key or --trust: a file with those to trust")
			}
			t.Environment, t.MinSerial = environment, minSerial
			v, err := verify(cmd.Context(), args[0], t, registry)
			reason := bundle.Reason(err)
			if err != nil && reason == "" {
				return err
			}
			if format == "json" {
				if err := v.write(a.out, args[0], err); err != nil {
					return err
				}
			}
			switch {
			case err != nil:
				fmt.Fprintf(a.err, "%s: refused: %v [%s]\n", args[0], err, reason)
				return errFindings
			case format == "text":
				return v.print(a.out)
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&keys, "key", nil, "a file with public keys to trust; may be repeated")
	cmd.Flags().StringArrayVar(&trusted, "trust", nil, "a trust document, or a file with public keys; may be repeated")
	cmd.Flags().StringVar(&environment, "environment", "", "the environment that the bundle must be of")
	cmd.Flags().Uint64Var(&minSerial, "min-serial", 0, "the least serial to accept")
	cmd.Flags().StringVar(&format, "format", "text", "how to print it: text or json")
	registry.add(cmd)
	return cmd
}

// verify looks at a bundle, and in a registry at the artifact that holds it. An error that is a refusal says what is wrong
// with it.
func verify(ctx context.Context, ref string, t bundle.Trust, registry registryFlags) (*verification, error) {
	v := &verification{}
	remote := strings.HasPrefix(ref, oci.Scheme)
	var data []byte
	var err error
	if remote {
		r, err := oci.ParseReference(ref)
		if err != nil {
			return v, err
		}
		var digest string
		if data, digest, err = oci.Pull(ctx, ref, registry.options()); err != nil {
			return v, err
		}
		v.artifact = r.WithDigest(digest).String()
	} else if data, err = readFile(ref); err != nil {
		return v, err
	}
	if v.bundle, err = bundle.Open(data, t); err != nil || !remote {
		return v, err
	}
	if v.claims, err = oci.Claims(ctx, v.artifact, &t, registry.options()); err != nil {
		return v, err
	}
	return v, v.signed()
}

// readBundle returns the bytes of a bundle on a disk or in a registry.
func readBundle(ctx context.Context, ref string, registry registryFlags) ([]byte, error) {
	if strings.HasPrefix(ref, "oci://") {
		data, _, err := oci.Pull(ctx, ref, registry.options())
		return data, err
	}
	return readFile(ref)
}

// readFile returns the bytes of a bundle on a disk, and of what is too large to be one as many as show that.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, bundle.MaxSize+1))
}

// named says which bundle an error is about.
func named(bundle string, err error) error {
	return fmt.Errorf("bundle %q: %w", bundle, err)
}
