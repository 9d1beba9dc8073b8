package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gwc.dev/cmd/internal/version"
	"gwc.dev/compiler"
	"gwc.dev/compiler/diag"
)

func (a *app) vetCommand() *cobra.Command {
	var (
		format, failOn string
		policyDirs     []string
	)
	cmd := &cobra.Command{
		Use:   "vet [ENV...]",
		Short: "Check environments: types, references, routes, policies",
		Long: `Check environments: that they are well-formed and typed, that what they refer to is there, that no two routes
contend for the same requests, that they keep to the policies, and that gwproxy would take them.

ENV is a directory. Without one, every environment below environments/ is checked.`,
		Example: `  gwc vet
  gwc vet environments/production --format sarif > gwc.sarif
  gwc vet --fail-on warning --policy ../company-policies`,
		RunE: func(cmd *cobra.Command, args []string) error {
			threshold, err := diag.ParseSeverity(failOn)
			if err != nil {
				return fmt.Errorf("--fail-on: %w", err)
			}
			dirs, err := environments(args)
			if err != nil {
				return err
			}
			var all diag.List
			for _, dir := range dirs {
				env, err := a.examine(cmd.Context(), dir, policyDirs)
				if err != nil {
					return err
				}
				all = append(all, env.Findings...)
			}
			if err := a.printFindings(a.out, format, all); err != nil {
				return err
			}
			if all.Count(threshold) > 0 {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how to print findings: text, json, sarif, github, gitlab or junit")
	cmd.Flags().StringVar(&failOn, "fail-on", "error", "the least severity that makes the exit status 1: error, warning or info")
	policyFlag(cmd, &policyDirs)
	return cmd
}

func policyFlag(cmd *cobra.Command, dirs *[]string) {
	cmd.Flags().StringArrayVar(dirs, "policy", nil, "a directory of further Rego policies; may be repeated (\"policies\" beside cue.mod is always taken)")
}

func (a *app) printFindings(w io.Writer, format string, l diag.List) error {
	return diag.Write(w, format, l, diag.Options{Color: a.colour(w), Source: source, Version: version.Of()})
}

// source reads a file that a finding names, to show the line.
func source(file string) ([]byte, error) { return os.ReadFile(filepath.FromSlash(file)) }

// vetted examines an environment for a verb that goes on only when nothing is wrong with it; findings of lesser
// severity are shown and do not stop it.
func (a *app) vetted(ctx context.Context, dir string, policyDirs []string) (*compiler.Environment, error) {
	if err := environmentDir(dir); err != nil {
		return nil, err
	}
	env, err := a.examine(ctx, dir, policyDirs)
	if err != nil {
		return nil, err
	}
	if err := a.printFindings(a.err, "text", env.Findings); err != nil {
		return nil, err
	}
	if env.Findings.Count(diag.Error) > 0 {
		return nil, errFindings
	}
	return env, nil
}
