package routetest_test

import (
	"path/filepath"
	"testing"
	"time"

	"gwc.dev/compiler"
	"gwc.dev/compiler/routetest"
)

// TestGeneratedTestsCoverEverything generates the tests of environments without any, and runs them.
func TestGeneratedTestsCoverEverything(t *testing.T) {
	dirs, err := filepath.Glob("../../environments/*/gateway.cue")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("../../examples/*/gateway.cue")
	if err != nil || len(dirs) == 0 || len(examples) == 0 {
		t.Fatal(dirs, examples, err)
	}
	for _, file := range append(dirs, examples...) {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			env, err := compiler.Load(dir, compiler.Options{})
			if err != nil || env.Model == nil {
				t.Fatal(err, env.Findings)
			}
			bare, findings := routetest.New(env.Model, nil, env.Positions, time.Now())
			if len(findings) > 0 {
				t.Fatal(findings)
			}
			tests, missed, err := bare.Generate()
			if err != nil || len(missed) > 0 {
				t.Fatal(missed, err)
			}
			suite, findings := routetest.New(env.Model, tests, env.Positions, time.Now())
			if len(findings) > 0 {
				t.Fatal(findings)
			}
			for _, r := range suite.Run() {
				if len(r.Differences) > 0 {
					t.Errorf("%s: %v", r.Name, r.Differences)
				}
			}
			if missing := suite.Coverage().Missing(); len(missing) > 0 {
				t.Errorf("missing are %v", missing)
			}
		})
	}
}
