package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle/oci"
)

func (a *app) listCommand() *cobra.Command {
	var (
		most     int
		registry registryFlags
	)
	cmd := &cobra.Command{
		Use:   "list ENV [oci://REPOSITORY]",
		Short: "List what was pushed of an environment",
		Long: `List the artifacts of an environment in a registry, the newest first, and mark the one that proxies follow. The repository
is by default the environment's targets.kube.repository.`,
		Example: `  gwc list environments/production`,
		Args:    between(1, 2, "ENV", "oci://REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.published(args[0], strings.Join(args[1:], ""), registry)
			if err != nil {
				return err
			}
			serials, err := p.serials(cmd.Context())
			if err != nil {
				return err
			}
			followed, err := oci.Digest(cmd.Context(), p.followed(), p.options)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "\tSERIAL\tCOMMIT\tCREATED\tDIGEST")
			for _, serial := range serials[:min(len(serials), most)] {
				d, err := oci.Describe(cmd.Context(), p.tag(serial), p.options)
				if err != nil {
					return err
				}
				mark := ""
				if d.Digest == followed {
					mark = "*"
				}
				commit := strings.TrimPrefix(d.Annotations[oci.AnnotationRevision], "sha1:")
				fmt.Fprintf(w, "%s\t%d\t%.12s\t%s\t%s\n", mark, serial, commit, d.Annotations[oci.AnnotationCreated], d.Digest)
			}
			if more := len(serials) - most; more > 0 {
				fmt.Fprintf(w, "\tand %d older\n", more)
			}
			return w.Flush()
		},
	}
	cmd.Flags().IntVar(&most, "most", 20, "how many to list")
	registry.addDirect(cmd)
	return cmd
}
