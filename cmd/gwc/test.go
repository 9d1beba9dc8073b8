package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"gwc.dev/compiler"
	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routetest"
	"gwc.dev/policy"
	"gwc.dev/runtime/secret"
)

func (a *app) testCommand() *cobra.Command {
	var (
		format     string
		policyDirs []string
		o          testOptions
	)
	cmd := &cobra.Command{
		Use:   "test [ENV...]",
		Short: "Run the tests of routes and of your own policies",
		Long: `Run the tests that stand beside the APIs ("tests" in CUE: a request, and what is to come of it), without a network and
without secrets, and those of your own policies (*_test.rego): in "policies" beside the cue.mod of the environments,
and in the directories named with --policy.

ENV is a directory. Without one, every environment below environments/ is tested.

With --address the same requests are sent to a gwproxy, and what shows outside is compared: status, response headers,
and the route where it runs with --reveal-route; with --secrets-dir consumers show their API keys, and with --signing-key
tokens are made for the claims of tests. With --generate tests are printed for the routes that no test reaches.`,
		Example: `  gwc test
  gwc test environments/production --fail-under 95
  gwc test --format junit > gwc-tests.xml
  gwc test --policy ../company-policies
  gwc test environments/dev --address http://127.0.0.1:8080
  gwc test environments/dev --address http://127.0.0.1:8080 --signing-key https://issuer.example.com=issuer.pem
  gwc test environments/dev --generate > environments/dev/tests.cue`,
		RunE: func(cmd *cobra.Command, args []string) error {
			write, err := testWriter(format)
			if err != nil {
				return err
			}
			dirs, err := testedDirs(args, policyDirs)
			if err != nil {
				return err
			}
			switch {
			case o.generate && o.address != "":
				return errors.New("--generate and --address exclude each other")
			case o.address != "" && (o.list || o.failUnder > 0):
				return errors.New("--address shows nothing of coverage: leave out --coverage and --fail-under")
			case len(o.signingKeys) > 0 && o.address == "":
				return errors.New("--signing-key is for --address: without a gwproxy tests need no keys")
			case o.secretsDir != "" && o.address == "":
				return errors.New("--secrets-dir is for --address: without a gwproxy tests need no secrets")
			case (o.generate || o.address != "") && len(dirs) != 1:
				return fmt.Errorf("name one environment: these are %d", len(dirs))
			case o.generate:
				return a.generateTests(dirs[0])
			}
			report, err := a.test(cmd.Context(), dirs, args, policyDirs, o)
			if broken, ok := errors.AsType[*policy.CompileError](err); ok {
				if err := a.printFindings(a.out, "text", broken.Findings); err != nil {
					return err
				}
				return errFindings
			}
			if err != nil {
				return err
			}
			if err := write(a, report); err != nil {
				return err
			}
			if !report.ok() {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how to print the results: text, json or junit")
	cmd.Flags().BoolVar(&o.list, "coverage", false, "list what of the routes no test reaches")
	cmd.Flags().Float64Var(&o.failUnder, "fail-under", 0, "the least coverage, in percent, of each environment; implies --coverage")
	cmd.Flags().StringVar(&o.address, "address", "", "send the requests to the gwproxy at this address, for instance http://127.0.0.1:8080")
	cmd.Flags().StringVar(&o.secretsDir, "secrets-dir", "", "with --address: where consumers' API keys are, as DIR/NAME/KEY; without it tests with a consumer are skipped")
	cmd.Flags().StringArrayVar(&o.signingKeys, "signing-key", nil, "with --address: ISSUER=FILE, the private key (PEM or JWK) that signs an issuer's tokens; may be repeated; without it tests with its claims are skipped")
	cmd.Flags().BoolVar(&o.generate, "generate", false, "print tests for the routes that no test reaches, and run none of policies")
	policyFlag(cmd, &policyDirs)
	return cmd
}

// testOptions say how routes are tested.
type testOptions struct {
	list       bool
	failUnder  float64
	address    string
	secretsDir string
	// signingKeys are ISSUER=FILE.
	signingKeys []string
	generate    bool
}

// testedDirs returns the environments whose tests are to run: those of args, or all. There need not be any where
// policies are.
func testedDirs(args, policyDirs []string) ([]string, error) {
	if len(args) == 0 && !isDir(environmentsDir) && (isDir(policyDir) || len(policyDirs) > 0) {
		return nil, nil
	}
	return environments(args)
}

// test runs the tests of policies, and then those of environments; against a gateway elsewhere the latter only.
func (a *app) test(ctx context.Context, dirs, args, policyDirs []string, o testOptions) (*testReport, error) {
	report := &testReport{options: o}
	run := func(s *routetest.Suite) ([]routetest.Result, error) { return s.Run(), nil }
	if o.address != "" {
		live, err := routetest.Dial(o.address)
		if err != nil {
			return nil, fmt.Errorf("--address: %w", err)
		}
		defer live.Close()
		if o.secretsDir != "" {
			live.Keys = secret.Dir(o.secretsDir).Resolve
		}
		if live.Signers, err = signers(o.signingKeys); err != nil {
			return nil, err
		}
		run = func(s *routetest.Suite) ([]routetest.Result, error) { return s.Send(ctx, live) }
	} else if err := a.testPolicies(ctx, report, testedPolicies(dirs, args, policyDirs)); err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		env, suite, findings, err := a.suite(dir)
		if err != nil {
			return nil, err
		}
		report.findings = append(report.findings, findings...)
		if suite == nil {
			continue
		}
		results, err := run(suite)
		if err != nil {
			return nil, err
		}
		report.addRoutes(env, results, suite.Coverage())
	}
	return report, nil
}

func (a *app) testPolicies(ctx context.Context, report *testReport, dirs []string) error {
	engine, err := policy.New(ctx, policy.Options{Dirs: dirs})
	if err != nil {
		return err
	}
	results, err := engine.Test(ctx)
	if err != nil {
		return err
	}
	report.addPolicies(results)
	return nil
}

// suite prepares the tests of the environment in dir. It is nil where findings leave nothing to test.
func (a *app) suite(dir string) (*compiler.Environment, *routetest.Suite, diag.List, error) {
	env, err := compiler.Load(dir, compiler.Options{})
	if err != nil {
		return nil, nil, nil, err
	}
	if env.Model == nil {
		return env, nil, env.Findings, nil
	}
	suite, findings := routetest.New(env.Model, env.Tests, env.Positions, a.now())
	return env, suite, findings, nil
}

// testedPolicies returns the policy directories of environments and those named, each once.
func testedPolicies(envs, args, named []string) []string {
	var dirs []string
	if len(args) == 0 && isDir(policyDir) {
		dirs = append(dirs, policyDir)
	}
	for _, env := range envs {
		if own, ok := ownPolicies(env); ok && !slices.Contains(dirs, filepath.Clean(own)) {
			dirs = append(dirs, filepath.Clean(own))
		}
	}
	return append(dirs, named...)
}
