package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/picture"
	"gwc.dev/schema"
)

func (a *app) diffCommand() *cobra.Command {
	var (
		base, format, failOn, approvals string
		registry                        registryFlags
		proxies                         replayFlags
	)
	cmd := &cobra.Command{
		Use:   "diff [ENV...]",
		Short: "Show what a change does",
		Long: `Show which requests environments treat differently from an earlier state of them, and what is written differently.
Without an argument, every environment below environments/ is compared, those that are deleted too.

Requests are told apart by the match tables of both states. Each class of them whose treatment differs is shown once, with
an example, the routes and what differs, as breaking, risky or safe. A rename, another order, a route that is split, a filter
written elsewhere: no behavioural change, and --fail-on does not mind. Below it stands what was added, removed and
changed, by name.

The base is a git revision (read from the object store; the working tree stays as it is), a directory, a bundle
file, or oci://. Without --base it is origin/main, or HEAD where the clone is whole and has no origin/main.`,
		Example: `  gwc diff
  gwc diff environments/production --base v1.4.0 --format markdown
  gwc diff environments/production --base environments/staging --fail-on breaking`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "html" && !slices.Contains(behaviour.Formats(), format) {
				return fmt.Errorf("--format %q: want %s or html", format, strings.Join(behaviour.Formats(), ", "))
			}
			reached, err := threshold(failOn)
			if err != nil {
				return err
			}
			again, err := proxies.replay()
			if err != nil {
				return err
			}
			comparisons, err := a.compare(cmd.Context(), args, base, registry)
			if err != nil {
				return err
			}
			if again != nil && len(comparisons) > 1 {
				return fmt.Errorf("--replay: two proxies serve one environment, and %d are compared: name one", len(comparisons))
			}
			if err := a.approve(comparisons, approvals); err != nil {
				return err
			}
			if err := a.printComparisons(format, comparisons); err != nil {
				return err
			}
			if again != nil {
				err = a.replay(cmd.Context(), again, comparisons[0])
			}
			if errors.Is(err, errReplay) || err == nil && slices.ContainsFunc(comparisons, reached) {
				return errFindings
			}
			return err
		},
	}
	cmd.Flags().StringVar(&base, "base", "", "what to compare with: a git revision, a directory, a bundle file or oci://")
	cmd.Flags().StringVar(&format, "format", "text", "how to print the difference: text, markdown, json or html, a page with pictures")
	cmd.Flags().StringVar(&failOn, "fail-on", "none", "the least class of a behavioural change that makes the exit status 1: breaking, risky, any or none")
	cmd.Flags().StringVar(&approvals, "approvals", "", "a file of changes that are accepted, which --fail-on does not mind")
	proxies.add(cmd.Flags())
	registry.add(cmd)
	return cmd
}

// threshold returns what tells whether a change reaches the class that --fail-on names; "none": no change does.
func threshold(failOn string) (reached func(behaviour.Comparison) bool, err error) {
	if failOn == "none" {
		return func(behaviour.Comparison) bool { return false }, nil
	}
	least, err := diff.ParseThreshold(failOn)
	if err != nil {
		return nil, fmt.Errorf("--fail-on: %w, or none", err)
	}
	return func(c behaviour.Comparison) bool { return c.Behaviour.Reaches(least) }, nil
}

// compare compares the environments in dirs with a base; without dirs, all those that are there, before or after.
func (a *app) compare(ctx context.Context, dirs []string, base string, registry registryFlags) ([]behaviour.Comparison, error) {
	all := len(dirs) == 0
	dirs, err := environments(dirs)
	if err != nil {
		return nil, err
	}
	earlier, err := a.baseline(ctx, dirs, base, registry)
	if err != nil {
		return nil, err
	}
	defer earlier.close()
	var comparisons []behaviour.Comparison
	add := func(dir string, next *schema.Gateway) error {
		prev, err := earlier.environment(dir, next)
		if err != nil {
			return err
		}
		c, err := comparison(dir, prev, next)
		comparisons = append(comparisons, c)
		return err
	}
	for _, dir := range dirs {
		next, err := a.loaded(dir)
		if err != nil {
			return nil, err
		}
		if err := add(dir, next); err != nil {
			return nil, err
		}
	}
	if !all {
		return comparisons, nil
	}
	gone, err := earlier.removed()
	if err != nil {
		return nil, err
	}
	for _, dir := range gone {
		if err := add(dir, nothing(dir)); err != nil {
			return nil, err
		}
	}
	return comparisons, nil
}

// printComparisons prints what differs.
func (a *app) printComparisons(format string, comparisons []behaviour.Comparison) error {
	if format == "html" {
		return picture.WriteChange(a.out, comparisons, picture.Options{})
	}
	return behaviour.Write(a.out, format, comparisons)
}

// approve marks what a file of approvals accepts; "": there is none.
func (a *app) approve(comparisons []behaviour.Comparison, file string) error {
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
	var reports []*behaviour.Report
	for _, c := range comparisons {
		reports = append(reports, c.Behaviour)
	}
	for _, note := range behaviour.Approve(approvals, a.now(), reports...) {
		fmt.Fprintln(a.err, "gwc: "+note)
	}
	return nil
}
