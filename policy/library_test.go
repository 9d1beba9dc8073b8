package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gwc.dev/policy"
)

// TestLibrary runs the library's own tests, as a user's tests are run.
func TestLibrary(t *testing.T) {
	tests, err := filepath.Glob("lib/*_test.rego")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range tests {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, filepath.Base(name), string(text))
	}
	report, err := newEngine(t, policy.Options{Dirs: []string{dir}, Base: dir}).Test(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Errorf("lib/%s: %s", f.Position, f.Message)
	}
	ran := map[string]bool{}
	for _, r := range report.Results {
		ran[r.Position.File] = true
		if r.Outcome != policy.Passed {
			t.Errorf("lib/%s: %s: %v: %s %s", r.Position, r.Name, r.Outcome, r.Message, r.Output)
		}
	}
	rules, err := filepath.Glob("lib/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range rules {
		base := filepath.Base(name)
		if !strings.HasSuffix(base, "_test.rego") && !ran[strings.TrimSuffix(base, ".rego")+"_test.rego"] {
			t.Errorf("%s has no tests", name)
		}
	}
}

// TestRules holds what every rule of the library owes its reader.
func TestRules(t *testing.T) {
	rules := newEngine(t, policy.Options{}).Rules()
	if len(rules) < 10 {
		t.Fatalf("the library has %d rules", len(rules))
	}
	for _, r := range rules {
		if r.Title == r.Code || r.Description == "" || r.Help == "" {
			t.Errorf("%s lacks a title, a description or help: %+v", r.Code, r)
		}
		if want := "gwc.policy." + strings.ReplaceAll(r.Code, "-", "_"); r.Package != want {
			t.Errorf("%s stands in package %s, want %s", r.Code, r.Package, want)
		}
		if r.Position.File != "" {
			t.Errorf("%s has a position in the user's files: %s", r.Code, r.Position)
		}
	}
}

func newEngine(t testing.TB, o policy.Options) *policy.Engine {
	t.Helper()
	e, err := policy.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
