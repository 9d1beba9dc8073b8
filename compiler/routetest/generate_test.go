package routetest_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gwc.dev/compiler"
	"gwc.dev/compiler/routetest"
	"gwc.dev/schema"
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

// Tests have names that tests can have, whatever fields and parameters are called.
func TestGeneratedNamesAreNames(t *testing.T) {
	g, err := schema.Decode([]byte(`{"environment": "test", "listeners": {"http": {"port": 8080}}, "apis": {"a": {"hosts": ["a.test"], "routes": {
		"r": {"match": {"path": {"prefix": "/x"}, "query": {"a b": {"exact": "1"}, "ü": {"exact": "1"}, "` + strings.Repeat("long", 20) + `": {"exact": "1"}}, "headers": {"x.y!": {"exact": "1"}}}, "respond": {}},
		"d": {"match": {"path": {"prefix": "/x"}}, "respond": {}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	suite, findings := routetest.New(g.Resolve(), nil, &compiler.Positions{}, time.Now())
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	tests, missed, err := suite.Generate()
	if err != nil || len(missed) > 0 || len(tests) < 6 {
		t.Fatal(tests, missed, err)
	}
	name := regexp.MustCompile("^[a-zA-Z0-9]([-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$") // as schema/v1 has it
	for n := range tests {
		if !name.MatchString(n) {
			t.Errorf("%q is no name", n)
		}
	}
}

// A request that was tried for one place, and reaches another, is no test of that one: here a preflight, which is another
// route's.
func TestWhatIsTriedInVainReachesNothing(t *testing.T) {
	g, err := schema.Decode([]byte(`{"environment": "test", "listeners": {"http": {"port": 8080}},
		"upstreams": {"up": {"endpoints": {"m": {"host": "up.test", "port": 80}}}}, "apis": {"a": {"hosts": ["a.test"], "routes": {
		"o": {"match": {"path": {"prefix": "/o"}, "methods": ["OPTIONS"],
			"headers": {"origin": {"present": true}, "access-control-request-method": {"present": true}}}, "backends": {"up": {}}},
		"oc": {"match": {"path": {"prefix": "/o"}}, "backends": {"up": {}}, "cors": {"origins": ["*"]}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	suite, findings := routetest.New(g.Resolve(), nil, &compiler.Positions{}, time.Now())
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	tests, _, err := suite.Generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		if test.Want.Route == "a/oc" {
			return
		}
	}
	t.Errorf("no test is for route oc: %v", tests)
}
