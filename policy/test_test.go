package policy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
	"gwc.dev/policy"
)

func TestTestReportsEachTest(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.rego", meta+"package gwc.user.a\n"+deny)
	write(t, dir, "sub/a_test.rego", `package gwc.user.a_test

import data.gwc.user.a as rule

test_passes if count(rule.deny) == 1 with input as {"apis": {"x": {}}}

test_fails if {
	found := rule.deny with input as {"apis": {"x": {}}}
	count(found) == 2
}

test_prints if {
	print("seen", 1)
	false
}

test_errs if {
	x := {k: v | some k in ["a", "a"]; some v in [1, 2]}
	x.a
}

todo_test_later if false

test_cases[name] if {
	some name, n in {"one": 1, "two": 2, "three": 3}
	n != 2
	n != 3
}

test_loops if {
	some i in numbers.range(1, 3000)
	some j in numbers.range(1, 3000)
	some k in numbers.range(1, 3000)
	i + j + k == 0
}
`)
	write(t, dir, "library_test.rego", `package x

import data.gwc.policy.missing_owner
import data.gwc.model

test_library if {
	count(missing_owner.deny) == 1 with input as {"apis": {"x": {}}}
	model.production with input as {"environment": "production"}
}
`)
	engine := newEngine(t, policy.Options{Dirs: []string{dir}, Base: dir, Timeout: 500 * time.Millisecond})
	report, err := engine.Test(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := func(file string, line int) diag.Position { return diag.Position{File: file, Line: line, Column: 1} }
	want := []policy.TestResult{
		{Name: "x.test_library", Position: at("library_test.rego", 6)},
		{Name: "gwc.user.a_test.test_passes", Position: at("sub/a_test.rego", 5)},
		{Name: "gwc.user.a_test.test_fails", Position: at("sub/a_test.rego", 7), Outcome: policy.Failed,
			Message: "sub/a_test.rego:9:2: does not hold: count(found) == 2"},
		{Name: "gwc.user.a_test.test_prints", Position: at("sub/a_test.rego", 12), Outcome: policy.Failed,
			Message: "sub/a_test.rego:14:2: does not hold: false", Output: "seen 1"},
		{Name: "gwc.user.a_test.test_errs", Position: at("sub/a_test.rego", 17), Outcome: policy.Failed,
			Message: "sub/a_test.rego:18: eval_conflict_error: object keys must be unique"},
		{Name: "gwc.user.a_test.todo_test_later", Position: at("sub/a_test.rego", 22), Outcome: policy.Skipped},
		{Name: "gwc.user.a_test.test_cases", Position: at("sub/a_test.rego", 24), Outcome: policy.Failed,
			Message: "cases that do not hold: three, two"},
		{Name: "gwc.user.a_test.test_loops", Position: at("sub/a_test.rego", 30), Outcome: policy.Failed,
			Message: "stopped, after 500ms at the latest"},
	}
	if d := cmp.Diff(want, report.Results); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
}

func TestTestWithoutTests(t *testing.T) {
	for _, dirs := range [][]string{nil, {t.TempDir()}} {
		report, err := newEngine(t, policy.Options{Dirs: dirs}).Test(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Results)+len(report.Findings) > 0 {
			t.Errorf("%q: got %+v", dirs, report)
		}
	}
}

func TestTestReportsBrokenTests(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"package x_test\n\ntest_a if {\n", "a_test.rego:4:1 rego-parse-error"},
		{"package x_test\n\ntest_a if nosuch(1)\n", "a_test.rego:3:11 rego-type-error undefined function nosuch"},
		{"package x_test\n\ntest_a if x == 1\n", "a_test.rego:3:11 rego-unsafe-var-error var x is unsafe"},
		{"package x_test\n\ntest_a if http.send({})\n", "a_test.rego:3:11 rego-type-error undefined function http.send"},
	} {
		dir := t.TempDir()
		write(t, dir, "a_test.rego", test.text)
		report, err := newEngine(t, policy.Options{Dirs: []string{dir}, Base: dir}).Test(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Findings) != 1 {
			t.Fatalf("%s: got %+v", test.text, report)
		}
		f := report.Findings[0]
		if got := f.Position.String() + " " + f.Code + " " + f.Message; !strings.HasPrefix(got, test.want) {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestTestIsBounded(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a_test.rego", "package x_test\n\ntest_a if count(numbers.range(1, 1000000000)) == 0\n")
	report, err := newEngine(t, policy.Options{Dirs: []string{dir}, Memory: 16 << 20, Timeout: time.Minute}).Test(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) != 1 || report.Findings[0].Code != "policy-memory" {
		t.Errorf("got %+v, want a finding policy-memory", report)
	}
	ctx, cancel := context.WithCancel(t.Context())
	engine := newEngine(t, policy.Options{Dirs: []string{dir}})
	cancel()
	if _, err := engine.Test(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want the context's", err)
	}
}
