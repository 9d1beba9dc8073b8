package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/diag"
	"gwc.dev/policy"
)

func (a *app) testCommand() *cobra.Command {
	var (
		format     string
		policyDirs []string
	)
	cmd := &cobra.Command{
		Use:   "test [ENV...]",
		Short: "Run the tests of your own policies",
		Long: `Run the tests (*_test.rego) that stand beside your own policies: in "policies" beside the cue.mod of the environments,
and in the directories named with --policy.`,
		Example: `  gwc test
  gwc test --policy ../company-policies`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format %q: want text or json", format)
			}
			dirs, err := testDirs(args, policyDirs)
			if err != nil {
				return err
			}
			engine, err := policy.New(cmd.Context(), policy.Options{Dirs: dirs})
			if broken, ok := errors.AsType[*policy.CompileError](err); ok {
				if err := a.printFindings(a.out, "text", broken.Findings); err != nil {
					return err
				}
				return errFindings
			}
			if err != nil {
				return err
			}
			report, err := engine.Test(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.printTests(format, report); err != nil {
				return err
			}
			if !report.OK() {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how to print the results: text or json")
	policyFlag(cmd, &policyDirs)
	return cmd
}

// testDirs returns the policy directories of environments and those named, each once.
func testDirs(args, named []string) ([]string, error) {
	if len(args) == 0 && isDir(policyDir) {
		return append([]string{policyDir}, named...), nil
	}
	if len(args) == 0 && len(named) > 0 {
		return named, nil
	}
	envs, err := environments(args)
	if err != nil {
		return nil, err
	}
	var dirs []string
	seen := map[string]bool{}
	for _, env := range envs {
		if own, ok := ownPolicies(env); ok && !seen[filepath.Clean(own)] {
			seen[filepath.Clean(own)] = true
			dirs = append(dirs, own)
		}
	}
	return append(dirs, named...), nil
}

func (a *app) printTests(format string, r *policy.TestReport) error {
	if format == "json" {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Tests    []policy.TestResult `json:"tests"`
			Findings diag.List           `json:"findings,omitempty"`
			Passed   int                 `json:"passed"`
			Failed   int                 `json:"failed"`
			Skipped  int                 `json:"skipped"`
		}{append([]policy.TestResult{}, r.Results...), r.Findings, r.Count(policy.Passed), r.Count(policy.Failed), r.Count(policy.Skipped)})
	}
	for _, result := range r.Results {
		if result.Outcome == policy.Failed {
			fmt.Fprintf(a.out, "%s: %s failed: %s\n", result.Position, result.Name, result.Message)
		}
		if result.Output != "" {
			fmt.Fprint(a.out, result.Output)
		}
	}
	if err := a.printFindings(a.out, "text", r.Findings); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%d passed, %d failed, %d skipped\n", r.Count(policy.Passed), r.Count(policy.Failed), r.Count(policy.Skipped))
	return err
}
