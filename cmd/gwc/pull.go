package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle/atomic"
	"gwc.dev/schema/bundle/oci"
)

func (a *app) pullCommand() *cobra.Command {
	var (
		out      string
		serial   uint64
		registry registryFlags
	)
	cmd := &cobra.Command{
		Use:   "pull oci://REPOSITORY:TAG|ENV [oci://REPOSITORY] -o FILE",
		Short: "Pull a bundle from an OCI registry",
		Long: `Pull a bundle from an OCI registry into a file and print the artifact's reference, pinned by its digest. The bytes
are those that were pushed; "gwc verify" says whether they are genuine.

Of an environment it is the bundle that proxies follow, or the one with --serial. The repository is by default the
environment's targets.kube.repository.`,
		Example: `  gwc pull oci://registry.example.com/gateway/production:production -o production.bundle
  gwc pull environments/production --serial 1795521664 -o before.bundle`,
		Args: between(1, 2, "oci://REPOSITORY:TAG|ENV", "oci://REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return errors.New("missing -o FILE: where to write the bundle")
			}
			ref, options := args[0], registry.options()
			switch {
			case !strings.HasPrefix(ref, oci.Scheme) && len(args) == 1 && !isDir(ref):
				_, err := oci.ParseReference(ref)
				return fmt.Errorf("%w, and there is no such environment", err)
			case !strings.HasPrefix(ref, oci.Scheme):
				c, err := a.published(ref, strings.Join(args[1:], ""), registry)
				if err != nil {
					return err
				}
				if ref = c.Followed(); cmd.Flags().Changed("serial") {
					ref = c.At(serial)
				}
			case len(args) > 1:
				return fmt.Errorf("%q names a bundle already: leave %q out", ref, args[1])
			case cmd.Flags().Changed("serial"):
				return fmt.Errorf("--serial is of an environment: %q names a bundle already", ref)
			}
			return a.pull(cmd.Context(), ref, out, options)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the bundle's file")
	cmd.Flags().Uint64Var(&serial, "serial", 0, "of an environment: the serial of the bundle (default the one that proxies follow)")
	registry.add(cmd)
	return cmd
}

// pull pulls the bundle under ref into a file.
func (a *app) pull(ctx context.Context, ref, file string, o oci.Options) error {
	data, digest, err := oci.Pull(ctx, ref, o)
	if err != nil {
		return err
	}
	if err := atomic.WriteFile(file, data, 0o644); err != nil {
		return err
	}
	r, err := oci.ParseReference(ref)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, r.WithDigest(digest))
	return err
}
