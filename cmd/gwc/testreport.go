package main

import (
	"fmt"
	"math"
	"strings"

	"gwc.dev/compiler"
	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routetest"
	"gwc.dev/policy"
)

// A testReport is what came of all tests of one gwc test.
type testReport struct {
	options  testOptions
	results  []testResult
	coverage []envCoverage
	findings diag.List
}

// A testResult is what came of one test, of a policy or of an environment.
type testResult struct {
	Environment string         `json:"environment,omitempty"`
	Name        string         `json:"name"`
	Position    diag.Position  `json:"position"`
	Outcome     policy.Outcome `json:"outcome"`
	// Message says why the test failed or was skipped; Output is what a policy's test printed.
	Message string `json:"message,omitempty"`
	Output  string `json:"output,omitempty"`
	// Differences and Got are a route test's.
	Differences []routetest.Difference `json:"differences,omitempty"`
	Got         *routetest.Outcome     `json:"got,omitempty"`
}

// An envCoverage is how much of an environment's routes its tests reach.
type envCoverage struct {
	Environment string            `json:"environment"`
	Covered     int               `json:"covered"`
	Total       int               `json:"total"`
	Percent     float64           `json:"percent"`
	Missing     []routetest.Place `json:"missing"`

	dir string
	low bool // below what is asked for
}

func (r *testReport) addPolicies(p *policy.TestReport) {
	for _, t := range p.Results {
		r.results = append(r.results, testResult{
			Name: t.Name, Position: t.Position, Outcome: t.Outcome, Message: t.Message, Output: t.Output,
		})
	}
	r.findings = append(r.findings, p.Findings...)
}

func (r *testReport) addRoutes(env *compiler.Environment, results []routetest.Result, c routetest.Coverage) {
	for _, t := range results {
		out := testResult{
			Environment: env.Name, Name: t.Name, Position: t.Position, Differences: t.Differences, Got: t.Got, Message: t.Skipped,
		}
		switch {
		case t.Skipped != "":
			out.Outcome = policy.Skipped
		case len(t.Differences) > 0:
			out.Outcome = policy.Failed
			var all []string
			for _, d := range t.Differences {
				all = append(all, d.String())
			}
			out.Message = strings.Join(all, "; ")
		}
		r.results = append(r.results, out)
	}
	if r.options.address == "" && (len(env.Tests) > 0 || r.options.list || r.options.failUnder > 0) {
		r.coverage = append(r.coverage, envCoverage{
			env.Name, c.Covered(), len(c), math.Round(c.Percent()*10) / 10, append([]routetest.Place{}, c.Missing()...),
			env.Dir, c.Percent() < r.options.failUnder,
		})
	}
}

// ok reports whether nothing is to be mended.
func (r *testReport) ok() bool {
	for _, c := range r.coverage {
		if c.low {
			return false
		}
	}
	return r.count(policy.Failed) == 0 && r.findings.Count(diag.Error) == 0
}

func (r *testReport) count(o policy.Outcome) int {
	n := 0
	for _, t := range r.results {
		if t.Outcome == o {
			n++
		}
	}
	return n
}

// testWriter returns what prints reports in a format.
func testWriter(format string) (func(*app, *testReport) error, error) {
	switch format {
	case "text":
		return (*app).printTests, nil
	case "json":
		return (*app).printTestsJSON, nil
	case "junit":
		return (*app).printTestsJUnit, nil
	}
	return nil, fmt.Errorf("--format %q: want text, json or junit", format)
}

// lines returns what is printed of a result: a failed one has a line for each difference, one that was
// skipped has the reason.
func (t *testResult) lines() []string {
	var out []string
	switch {
	case t.Outcome == policy.Failed && t.Got != nil:
		for _, d := range t.Differences {
			out = append(out, fmt.Sprintf("%s: test %q: %s (%s: %s)", d.Position, t.Name, d, t.Environment, t.Got))
		}
	case t.Outcome == policy.Skipped && t.Message != "":
		out = append(out, fmt.Sprintf("%s: test %q skipped: %s", t.Position, t.Name, t.Message))
	case t.Outcome == policy.Failed:
		out = append(out, fmt.Sprintf("%s: %s failed: %s", t.Position, t.Name, t.Message))
	}
	return out
}

func (a *app) printTests(r *testReport) error {
	for _, t := range r.results {
		for _, line := range t.lines() {
			fmt.Fprintln(a.out, diag.Plain(line))
		}
		fmt.Fprint(a.out, diag.Plain(t.Output))
	}
	if err := a.printFindings(a.out, "text", r.findings); err != nil {
		return err
	}
	for _, c := range r.coverage {
		if r.options.list || r.options.failUnder > 0 {
			for _, p := range c.Missing {
				fmt.Fprintf(a.out, "%s: not covered: %s (%s)\n", p.Position, placeText(p), c.Environment)
			}
		}
	}
	for _, c := range r.coverage {
		wanted := ""
		if c.low {
			wanted = fmt.Sprintf(", want %v%%", r.options.failUnder)
		}
		fmt.Fprintf(a.out, "%s: %.1f%% covered, %d of %d%s\n", c.dir, c.Percent, c.Covered, c.Total, wanted)
	}
	_, err := fmt.Fprintf(a.out, "%d passed, %d failed, %d skipped\n", r.count(policy.Passed), r.count(policy.Failed), r.count(policy.Skipped))
	return err
}

func placeText(p routetest.Place) string {
	if p.Inside == 0 {
		return p.Text
	}
	return fmt.Sprintf("%s and %d more in it", p.Text, p.Inside)
}

func (a *app) printTestsJSON(r *testReport) error {
	return diag.EncodeJSON(a.out, struct {
		Tests    []testResult  `json:"tests"`
		Coverage []envCoverage `json:"coverage,omitempty"`
		Findings diag.List     `json:"findings,omitempty"`
		Passed   int           `json:"passed"`
		Failed   int           `json:"failed"`
		Skipped  int           `json:"skipped"`
	}{append([]testResult{}, r.results...), r.coverage, r.findings.Sorted(), r.count(policy.Passed), r.count(policy.Failed), r.count(policy.Skipped)})
}
