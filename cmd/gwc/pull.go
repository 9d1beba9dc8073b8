package main

import (
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
		registry registryFlags
	)
	cmd := &cobra.Command{
		Use:   "pull oci://REPOSITORY:TAG -o FILE",
		Short: "Pull a bundle from an OCI registry",
		Long: `Pull a bundle from an OCI registry into a file and print the artifact's reference, pinned by its digest. The bytes
are those that were pushed; "gwc verify" says whether they are genuine.`,
		Example: `  gwc pull oci://registry.example.com/gateway/production:production -o production.bundle`,
		Args:    exactly(1, "oci://REPOSITORY:TAG"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return errors.New("missing -o FILE: where to write the bundle")
			}
			data, digest, err := oci.Pull(cmd.Context(), args[0], registry.options())
			if err != nil {
				return err
			}
			if err := atomic.WriteFile(out, data, 0o644); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%s@%s\n", withoutTag(args[0]), digest)
			return err
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the bundle's file")
	registry.add(cmd)
	return cmd
}

// withoutTag returns the repository of an OCI reference.
func withoutTag(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[:i]
	}
	return ref
}
