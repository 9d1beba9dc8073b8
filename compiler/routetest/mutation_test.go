package routetest_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gwc.dev/compiler"
	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/routetest"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// parts are what of a route decides which requests it takes and what becomes of them.
var parts = []string{"match", "auth", "rateLimit", "cors", "headers", "timeout", "maxBodyBytes", "retry", "rewrite", "redirect", "respond", "backends"}

// TestTheReferenceTestsNoticeEverySingleChange edits the project's own production environment, one value of a match or a
// filter of a route at a time, and holds that some route test of the environment fails. Edits that the proxy would refuse,
// and those without effect on any request, are none.
func TestTheReferenceTestsNoticeEverySingleChange(t *testing.T) {
	env, err := compiler.Load("../../environments/production", compiler.Options{})
	if err != nil || env.Model == nil {
		t.Fatal(err, env.Findings)
	}
	if failing := failing(t, env.Model, env.Tests); failing != "" {
		t.Fatalf("%s fails before any edit", failing)
	}
	edits := 0
	for api, a := range schema.Sorted(env.Model.APIs) {
		for name, r := range schema.Sorted(a.Routes) {
			for _, edit := range editsOf(t, &r) {
				edited, ok := edit.of(t, env.Model, api, name)
				if !ok {
					continue
				}
				edits++
				if failing(t, edited, env.Tests) == "" && differs(t, env.Model, edited) {
					t.Errorf("no test notices: apis.%s.routes.%s.%s", api, name, edit)
				}
			}
		}
	}
	if edits < 500 {
		t.Errorf("%d edits only", edits)
	}
}

// TestTheReferenceTestsCoverProduction holds what "gwc test --fail-under" asks of others.
func TestTheReferenceTestsCoverProduction(t *testing.T) {
	env, err := compiler.Load("../../environments/production", compiler.Options{})
	if err != nil || env.Model == nil {
		t.Fatal(err, env.Findings)
	}
	suite, findings := routetest.New(env.Model, env.Tests, env.Positions, time.Now())
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	suite.Run()
	if c := suite.Coverage(); c.Percent() < 95 {
		t.Errorf("%.1f %% are covered, missing are %v", c.Percent(), c.Missing())
	}
}

// failing runs the tests on a model and returns the name of one that fails; "": none does.
func failing(t *testing.T, g *schema.Gateway, tests map[string]schema.Test) string {
	t.Helper()
	suite, findings := routetest.New(g, tests, &compiler.Positions{}, time.Now())
	if len(findings) > 0 {
		return findings[0].Message // a test names what is no longer there
	}
	for _, r := range suite.Run() {
		if len(r.Differences) > 0 {
			return r.Name
		}
	}
	return ""
}

// differs reports whether requests are treated differently.
func differs(t *testing.T, old, new *schema.Gateway) bool {
	t.Helper()
	report, err := behaviour.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	return len(report.Classes) > 0
}

// An edit is of one value.
type edit struct {
	path  []string // below the route
	kind  string
	value any // nil: it is dropped
}

func (e edit) String() string { return strings.Join(e.path, ".") + " " + e.kind }

// whole are filters that may come to a route that has none of them.
var whole = map[string]any{
	"auth":         map[string]any{"apiKey": map[string]any{"header": "apikey"}},
	"cors":         map[string]any{"origins": []any{"https://added.example.com"}, "methods": []any{"GET"}},
	"rewrite":      map[string]any{"prefix": "/added"},
	"maxBodyBytes": 1.0,
	"retry":        map[string]any{"attempts": 1.0, "on": []any{"503"}, "methods": []any{"GET"}},
}

// added are values that may come into parts, by the names of both.
var added = map[string]map[string]any{
	"match":     {"headers": map[string]any{"x-added": map[string]any{"present": true}}, "query": map[string]any{"q": map[string]any{"exact": "1"}}},
	"headers":   {"request": map[string]any{"remove": []any{"x-added"}}, "x-added": map[string]any{"exact": "1"}},
	"response":  {"set": map[string]any{"x-added": "1"}, "add": map[string]any{"x-added": "1"}},
	"request":   {"add": map[string]any{"x-added": "1"}, "remove": []any{"x-added"}},
	"set":       {"x-added": "1"},
	"rateLimit": {"added": map[string]any{"requests": 1.0, "per": "hour", "by": "ip", "burst": 1.0, "scope": "route"}},
	"auth":      {"allow": map[string]any{"consumers": []any{"example-user"}}},
	"cors":      {"credentials": true},
	"rewrite":   {"host": "added.example.com"},
	"retry":     {"perTryTimeout": "1s"},
}

// editsOf returns every edit of one value of a route.
func editsOf(t *testing.T, r *schema.Route) []edit {
	t.Helper()
	var out []edit
	var walk func(v any, path []string)
	walk = func(v any, path []string) {
		path = slices.Clip(path)
		if len(path) > 1 || len(path) == 1 && path[0] != "match" {
			out = append(out, edit{path, "dropped", nil})
		}
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				if k != "scope" { // which is where a limit is written
					walk(v[k], append(path, k))
				}
			}
			for name, value := range added[path[len(path)-1]] {
				if _, there := v[name]; !there {
					out = append(out, edit{append(path, name), "added", value})
				}
			}
		case []any:
			for i, each := range v {
				walk(each, append(path, strconv.Itoa(i)))
			}
			out = append(out, edit{path, "with one more", append(slices.Clone(v), "ANOTHER")})
		case string:
			for _, other := range []string{v + "x", "1h1s", "hour", "header"} {
				out = append(out, edit{path, "as " + other, other})
			}
		case float64:
			out = append(out, edit{path, "one more", v + 1})
		case bool:
			out = append(out, edit{path, "otherwise", !v})
		}
	}
	tree := treeOf(t, r)
	for _, part := range parts {
		if v, ok := tree[part]; ok {
			walk(v, []string{part})
		} else if whole[part] != nil {
			out = append(out, edit{[]string{part}, "added", whole[part]})
		}
	}
	return out
}

// of returns the model with the edit; false where the proxy would refuse it.
func (e edit) of(t *testing.T, g *schema.Gateway, api, name string) (*schema.Gateway, bool) {
	t.Helper()
	tree := treeOf(t, g)
	at := any(tree["apis"].(map[string]any)[api].(map[string]any)["routes"].(map[string]any)[name])
	e.set(at, e.path)
	data, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	edited, err := schema.Decode(data)
	if err != nil {
		return nil, false
	}
	edited = edited.Resolve()
	_, problems := route.Build(edited, filter.Deps{})
	return edited, len(problems) == 0
}

func (e edit) set(node any, path []string) {
	switch node := node.(type) {
	case map[string]any:
		switch list, isList := node[path[0]].([]any); {
		case len(path) == 1 && e.value == nil:
			delete(node, path[0])
		case len(path) == 1:
			node[path[0]] = e.value
		case isList && len(path) == 2:
			i, _ := strconv.Atoi(path[1])
			if e.value == nil {
				node[path[0]] = slices.Delete(list, i, i+1)
			} else {
				list[i] = e.value
			}
		default:
			e.set(node[path[0]], path[1:])
		}
	case []any:
		i, _ := strconv.Atoi(path[0])
		e.set(node[i], path[1:])
	}
}

func treeOf(t *testing.T, v any) map[string]any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

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
