package policy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"gwc.dev/compiler/diag"
)

// A TestReport is what came of the user's tests.
type TestReport struct {
	// Results are in the order of their positions.
	Results []TestResult
	// Findings say why tests could not be run, or not all of them.
	Findings diag.List
}

// A TestResult is what came of one test.
type TestResult struct {
	// Name is the rule's, with its package: "gwc.user.owner_test.test_missing".
	Name     string        `json:"name"`
	Position diag.Position `json:"position"`
	Outcome  Outcome       `json:"outcome"`
	// Message says why it failed: the expression that did not hold, with its place, or the error.
	Message string `json:"message,omitempty"`
	// Output is what the test printed.
	Output string `json:"output,omitempty"`
}

// An Outcome is how a test ended.
type Outcome int

// The outcomes. A test whose name begins with todo_test_ is skipped.
const (
	Passed Outcome = iota
	Failed
	Skipped
)

// String returns the outcome's name as it is printed.
func (o Outcome) String() string {
	switch o {
	case Passed:
		return "pass"
	case Failed:
		return "fail"
	default:
		return "skip"
	}
}

// MarshalText implements [encoding.TextMarshaler].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Test runs the user's tests, beside the user's rules and the library. Where there are none the report is
// empty. The error is ctx's, or says that OPA cannot run tests at all.
func (e *Engine) Test(ctx context.Context) (*TestReport, error) {
	report := &TestReport{}
	if !slices.ContainsFunc(e.sources, func(s source) bool { return s.test }) {
		return report, nil
	}
	watched, stop := watchMemory(ctx, e.memory)
	defer stop()
	compiler := newCompiler().WithEnablePrintStatements(true)
	results, err := e.runTests(watched, func() (*tester.Runner, error) {
		files, findings := parse(e.sources, true)
		if len(findings) > 0 {
			return nil, &CompileError{Findings: findings.Sorted()}
		}
		return tester.NewRunner().SetCompiler(compiler).SetModules(modules(files)), nil
	})
	if report.Findings = e.untested(err); report.Findings != nil {
		return report, nil
	}
	if err != nil {
		return nil, fmt.Errorf("running policy tests: %w", err)
	}
	failures := e.explain(watched, compiler, results)
	for _, r := range results {
		t := TestResult{Name: testName(r), Position: position(r.Location), Output: string(bytes.TrimSpace(r.Output))}
		switch {
		case r.Skip:
			t.Outcome = Skipped
		case !r.Pass():
			t.Outcome = Failed
			t.Message = e.failure(r, failures[testName(r)])
		}
		report.Results = append(report.Results, t)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if errors.Is(context.Cause(watched), errMemory) {
		report.Findings = diag.List{{Code: "policy-memory", Severity: diag.Error,
			Message: fmt.Sprintf("the policy tests were stopped: they need more than %d MiB", e.memory>>20)}}
	}
	return report, nil
}

// untested are the findings where tests did not start with err because of what the user wrote.
func (e *Engine) untested(err error) diag.List {
	if broken, ok := errors.AsType[*CompileError](err); ok {
		return broken.Findings
	}
	if wrong, ok := errors.AsType[ast.Errors](err); ok {
		return findingsOf(wrong, "").Sorted()
	}
	return e.uncompiled(err)
}

// runTests runs what prepare returns, and returns the results in the order of their positions.
func (e *Engine) runTests(ctx context.Context, prepare func() (*tester.Runner, error)) ([]*tester.Result, error) {
	store := inmem.New()
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		return nil, err
	}
	defer store.Abort(ctx, txn)
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	limited, cancelLimit := context.WithTimeoutCause(ctx, e.compileTimeout(), errTimeout)
	defer cancelLimit()
	ch, err := within(limited, 0, func() (chan *tester.Result, error) {
		r, err := prepare()
		if err != nil {
			return nil, err
		}
		return r.SetStore(store).SetTimeout(e.timeout).RunTests(running, txn)
	})
	if err != nil {
		return nil, err
	}
	var results []*tester.Result
	for result := range ch {
		results = append(results, result)
	}
	slices.SortFunc(results, func(a, b *tester.Result) int {
		return cmp.Or(
			cmp.Compare(a.Location.File, b.Location.File),
			cmp.Compare(a.Location.Row, b.Location.Row),
			cmp.Compare(a.Location.Col, b.Location.Col),
			cmp.Compare(a.Name, b.Name),
		)
	})
	return results, nil
}

// explain runs the tests that failed once more, traced, and returns for each the last expression of a test file
// that did not hold.
func (e *Engine) explain(ctx context.Context, compiler *ast.Compiler, results []*tester.Result) map[string]*ast.Expr {
	var names []string
	for _, r := range results {
		if r.Fail {
			names = append(names, regexp.QuoteMeta(r.Package+"."+r.Name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	traced, err := e.runTests(ctx, func() (*tester.Runner, error) {
		return tester.NewRunner().SetCompiler(compiler).EnableTracing(true).Filter("^(" + strings.Join(names, "|") + ")$"), nil
	})
	if err != nil {
		return nil
	}
	out := map[string]*ast.Expr{}
	for _, r := range traced {
		for _, event := range slices.Backward(r.Trace) {
			expr, ok := event.Node.(*ast.Expr)
			if ok && event.Op == topdown.FailOp && event.Location != nil && event.Location.File == r.Location.File {
				out[testName(r)] = expr
				break
			}
		}
	}
	return out
}

// failure says why a test did not pass; expr is the expression that did not hold, if it is known.
func (e *Engine) failure(r *tester.Result, expr *ast.Expr) string {
	switch {
	case topdown.IsCancel(r.Error):
		return fmt.Sprintf("stopped, after %s at the latest", e.timeout)
	case r.Error != nil:
		return r.Error.Error()
	}
	var cases []string
	for name, sub := range r.SubResults.Iter {
		if sub.Fail && len(sub.SubResults) == 0 {
			cases = append(cases, strings.Join(name, "/"))
		}
	}
	if len(cases) > 0 {
		return "cases that do not hold: " + strings.Join(cases, ", ")
	}
	if expr == nil || expr.Location == nil {
		return "it does not hold"
	}
	return fmt.Sprintf("%s: does not hold: %s", position(expr.Location), bytes.TrimSpace(expr.Location.Text))
}

func testName(r *tester.Result) string {
	return strings.TrimPrefix(r.Package, "data.") + "." + r.Name
}
