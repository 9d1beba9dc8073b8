package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gwc.dev/compiler"
	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/render"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle/trust"
)

func (a *app) renderCommand() *cobra.Command {
	var (
		out, reference string
		targets, keys  []string
		trusted        []string
		policyDirs     []string
	)
	cmd := &cobra.Command{
		Use:   "render ENV -o DIR",
		Short: "Write the Kubernetes manifests, Prometheus rules and Flux objects",
		Long: `Write what a cluster needs to run and watch the gateway into a directory that kustomize and Flux build: Kubernetes
manifests, Prometheus rules with alerts, a dashboard, and Flux objects. A kustomization.yaml in the environment is
applied on top.

Whom the proxies trust is said by --key, --trust and targets.kube.trust. If nobody is named there is a warning: their ConfigMap is
left to you.

Files in DIR that gwc did not write are left alone; those that it wrote before and no longer needs are removed.

The proxies serve the bundle that --bundle names; pinned by digest, it is exactly that one. Without it they follow the tag
named after the environment in targets.kube.repository.`,
		Example: `  gwc render environments/production -o rendered --key gateway.pub
  gwc render environments/production -o rendered --key gateway.pub \
    --bundle "$(gwc push production.bundle oci://registry.example.com/gateway/production:production)"`,
		Args: exactly(1, "ENV"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return errors.New("missing -o DIR: where to write the manifests")
			}
			who, err := trust.Load(append(keys, trusted...)...)
			if err != nil {
				return err
			}
			text, err := trust.Format(who)
			if err != nil {
				return err
			}
			env, err := a.vetted(cmd.Context(), args[0], policyDirs)
			if err != nil {
				return err
			}
			output, err := render.Render(render.Input{Gateway: env.Model, Reference: reference, PublicKeys: text, Overlay: env.Dir}, targets...)
			if problems := problemsIn(err); len(problems) > 0 {
				return a.reject(env, problems)
			}
			if err != nil {
				return err
			}
			if _, err = render.Write(out, output.Files); err != nil || len(targets) > 0 && !slices.Contains(targets, "kube") {
				return err
			}
			found := nobodyTrusted(env.Model, who)
			found.Locate(env.Positions)
			return a.printFindings(a.err, "text", found)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the directory to write to")
	cmd.Flags().StringArrayVar(&targets, "target", nil, "render only this target: "+strings.Join(targetNames(), ", ")+"; may be repeated")
	cmd.Flags().StringVar(&reference, "bundle", "", "the bundle that the proxies serve, as oci://REPOSITORY@sha256:...")
	cmd.Flags().StringArrayVar(&keys, "key", nil, "a file with public keys that the proxies trust; may be repeated")
	cmd.Flags().StringArrayVar(&trusted, "trust", nil, "a trust document that is handed to the proxies; may be repeated")
	policyFlag(cmd, &policyDirs)
	return cmd
}

func targetNames() []string {
	var names []string
	for _, t := range render.Targets() {
		names = append(names, t.Name())
	}
	return names
}

// problemsIn returns the problems of the model in an error's tree.
func problemsIn(err error) []schema.Problem {
	switch e := err.(type) { //nolint:errorlint // walks the tree itself
	case *schema.Problem:
		return []schema.Problem{*e}
	case interface{ Unwrap() []error }:
		var all []schema.Problem
		for _, inner := range e.Unwrap() {
			all = append(all, problemsIn(inner)...)
		}
		return all
	case interface{ Unwrap() error }:
		return problemsIn(e.Unwrap())
	}
	return nil
}

// reject shows problems of an environment's model as findings.
func (a *app) reject(env *compiler.Environment, problems []schema.Problem) error {
	found := diag.FromProblems(problems, diag.Error)
	found.Locate(env.Positions)
	if err := a.printFindings(a.err, "text", found); err != nil {
		return err
	}
	return errFindings
}
