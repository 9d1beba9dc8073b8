package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
)

func (a *app) diffCommand() *cobra.Command {
	var (
		base, format, failOn, approvals, proxies string
		registry                                 registryFlags
	)
	cmd := &cobra.Command{
		Use:   "diff ENV",
		Short: "Show what a change does",
		Long: `Show which requests an environment treats differently from an earlier state of it, and what is written differently.

Requests are told apart by the match tables of both states. Each class of them whose treatment differs is shown once, with
an example, the routes and what differs, as breaking, risky or safe. A rename, another order, a route that is split, a filter
written elsewhere: no behavioural change, and --fail-on does not mind. Below it stands what was added, removed and
changed, by name.

The base is a git revision (read from the object store; the working tree stays as it is), a directory, a bundle
file, or oci://. Without --base it is origin/main, or HEAD where there is no origin/main.`,
		Example: `  gwc diff environments/production
  gwc diff environments/production --base v1.4.0 --format markdown
  gwc diff environments/production --base environments/staging --fail-on breaking`,
		Args: exactly(1, "ENV"),
		RunE: func(cmd *cobra.Command, args []string) error {
			reached := func(*behaviour.Report) bool { return false }
			if failOn != "none" {
				threshold, err := diff.ParseThreshold(failOn)
				if err != nil {
					return fmt.Errorf("--fail-on: %w, or none", err)
				}
				reached = func(r *behaviour.Report) bool { return r.Reaches(threshold) }
			}
			var again *replay
			if proxies != "" {
				var err error
				if again, err = newReplay(proxies); err != nil {
					return err
				}
			}
			next, err := a.loaded(args[0])
			if err != nil {
				return err
			}
			prev, err := a.base(cmd.Context(), args[0], base, registry)
			if err != nil {
				return err
			}
			report, err := behaviour.Compare(prev, next)
			if err != nil {
				return err
			}
			if err := a.approve(report, approvals); err != nil {
				return err
			}
			if err := behaviour.Write(a.out, format, report, diff.Compare(prev, next)); err != nil {
				return err
			}
			if again != nil {
				err = again.run(cmd.Context(), a.err, report)
			}
			switch {
			case errors.Is(err, errReplay) || err == nil && reached(report):
				return errFindings
			default:
				return err
			}
		},
	}
	cmd.Flags().StringVar(&base, "base", "", "what to compare with: a git revision, a directory, a bundle file or oci://")
	cmd.Flags().StringVar(&format, "format", "text", "how to print the difference: text, markdown or json")
	cmd.Flags().StringVar(&failOn, "fail-on", "none", "the least class of a behavioural change that makes the exit status 1: breaking, risky, any or none")
	cmd.Flags().StringVar(&approvals, "approvals", "", "a file of changes that are accepted, which --fail-on does not mind")
	cmd.Flags().StringVar(&proxies, "replay", "", "send every example to two running proxies, OLD,NEW, and see whether they take it as claimed")
	registry.add(cmd)
	return cmd
}

// approve marks what a file of approvals accepts; "": there is none.
func (a *app) approve(report *behaviour.Report, file string) error {
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("--approvals: %w", err)
	}
	defer f.Close()
	approvals, err := behaviour.ReadApprovals(file, f)
	if err != nil {
		return err
	}
	for _, note := range report.Approve(approvals, a.now()) {
		fmt.Fprintln(a.err, "gwc: "+note)
	}
	return nil
}
