package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/diff"
)

func (a *app) diffCommand() *cobra.Command {
	var (
		base, format, failOn string
		registry             registryFlags
	)
	cmd := &cobra.Command{
		Use:   "diff ENV",
		Short: "Show what a change does",
		Long: `Show how an environment differs from an earlier state of it: what is added, removed and changed, by name, each
change breaking, risky or safe. Reordering, comments, moved files and defaults spelled out are no differences.

The base is a git revision (read from the object store; the working tree stays as it is), a directory, a bundle
file, or oci://. Without --base it is origin/main, or HEAD where there is no origin/main.`,
		Example: `  gwc diff environments/production
  gwc diff environments/production --base v1.4.0 --format markdown
  gwc diff environments/production --base environments/staging --fail-on breaking`,
		Args: exactly(1, "ENV"),
		RunE: func(cmd *cobra.Command, args []string) error {
			reached := func(*diff.Report) bool { return false }
			if failOn != "none" {
				threshold, err := diff.ParseThreshold(failOn)
				if err != nil {
					return fmt.Errorf("--fail-on: %w, or none", err)
				}
				reached = func(r *diff.Report) bool { return r.Reaches(threshold) }
			}
			next, err := a.loaded(args[0])
			if err != nil {
				return err
			}
			prev, err := a.base(cmd.Context(), args[0], base, registry)
			if err != nil {
				return err
			}
			report := diff.Compare(prev, next)
			if err := diff.Write(a.out, format, report); err != nil {
				return err
			}
			if reached(report) {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&base, "base", "", "what to compare with: a git revision, a directory, a bundle file or oci://")
	cmd.Flags().StringVar(&format, "format", "text", "how to print the difference: text, markdown or json")
	cmd.Flags().StringVar(&failOn, "fail-on", "none", "the least class that makes the exit status 1: breaking, risky, any or none")
	registry.add(cmd)
	return cmd
}
