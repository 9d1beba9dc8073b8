package compiler_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler"
	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// An outcome is all that Load makes of an environment.
type outcome struct {
	Model     string
	Positions map[schema.Path]diag.Position
	Findings  diag.List
	Err       string
}

func outcomeOf(t testing.TB, dir string, o compiler.Options) outcome {
	t.Helper()
	env, err := compiler.Load(dir, o)
	if err != nil {
		return outcome{Err: err.Error()}
	}
	out := outcome{Findings: env.Findings}
	if env.Model != nil {
		data, err := env.Model.Encode()
		if err != nil {
			t.Fatal(err)
		}
		out.Model, out.Positions = string(data), env.Positions.All()
	}
	return out
}

// agree holds that an environment comes out the same at once and in parts, and returns the number of parts.
func agree(t *testing.T, root, dir string) int {
	t.Helper()
	dir = filepath.Join(root, dir)
	o := compiler.Options{Base: root}
	want := outcomeOf(t, dir, compiler.Whole(o))
	got := outcomeOf(t, dir, compiler.InParts(o))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("at once and in parts (-at once +in parts):\n%s", diff)
	}
	parts, err := compiler.Parts(dir, compiler.InParts(o))
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func TestPartsAgreeWithTheWhole(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			files := shapes{rand.New(rand.NewPCG(seed, 0))}.environment(12)
			if n := agree(t, tree(t, files), "environments/production"); n < 3 {
				t.Errorf("evaluated in %d parts, want the rest and several groups", n)
			}
			if t.Failed() {
				for name, data := range files {
					t.Logf("-- %s --\n%s", name, data)
				}
			}
		})
	}
}

// What may make APIs depend on each other is evaluated at once, and so is what has a fault in it.
func TestWholeWhereAPIsMayDependOnEachOther(t *testing.T) {
	for title, more := range map[string]string{
		"a reference":                       `apis: a0: description: apis.a1.owner`,
		"a reference from elsewhere":        `upstreams: more: endpoints: {for name, _ in apis {(name): {host: name, port: 80}}}`,
		"through a hidden field":            "_all: apis\napis: a0: description: _all.a1.owner",
		"by a sibling's name":               `apis: {b: routes: {}, a0: description: b.owner}`,
		"by an alias":                       `apis: {B=b: routes: {}, a0: description: B.owner}`,
		"by an alias of all":                `apis: X={a0: description: X.a1.owner}`,
		"an alias of the field":             "X=apis: {}\napis: a0: description: X.a1.owner",
		"a let clause":                      "let all = apis\napis: a0: description: all.a1.owner",
		"a let clause among them":           `apis: {let x = "let", a0: description: x}`,
		"a condition on another":            `apis: a0: {if apis.a1.owner != _|_ {description: "x"}}`,
		"a comprehension over all":          `apis: {for name, _ in apis {"copy-\(name)": routes: {}}}`,
		"names that are computed":           `for n in ["x", "y"] {apis: (n): routes: {}}`,
		"one name that is computed":         `apis: (environment): routes: {}`,
		"an interpolated name":              `apis: "\(environment)-x": routes: {}`,
		"a condition at the top":            `if environment == "production" {apis: a0: description: "x"}`,
		"a condition and a template":        `if environment == "production" {apis: [string]: description: "x"}`,
		"another expression":                "apis: _more\n_more: x: routes: {}",
		"an embedding":                      "_more: apis: x: routes: {}\n_more",
		"an embedded struct":                `{apis: x: routes: {}}`,
		"an embedding among them":           "_more: x: routes: {}\napis: {_more}",
		"a template at the top":             `[=~"^apis$"]: a0: description: "x"`,
		"an optional API":                   `apis: a0?: description: "x"`,
		"optional APIs":                     `apis?: a0: description: "x"`,
		"an open list of them":              `apis: {a0: {}, ...}`,
		"a wrong type":                      `apis: a0: description: 5`,
		"an unknown field":                  `apis: a0: descriptoin: "x"`,
		"a conflict with a template":        `apis: a0: version: "x"`,
		"a wrong type in the rest":          `timeout: 5`,
		"an unknown field in the rest":      `timeuot: "5s"`,
		"an error in a hidden field":        `_x: 1 & 2`,
		"an error nothing refers to":        `apis: a0: _x: 1 & 2`,
		"a missing field":                   `upstreams: x: {}`,
		"a number out of range":             `apis: a0: routes: x: {backends: u: weight: 99999999999999999999}`,
		"a template of a wrong type":        `apis: [string]: description: 5`,
		"a value that is not set":           `apis: a0: description: string`,
		"a name that is not allowed":        `apis: "-": routes: {}`,
		"an attribute of the file":          "@extern(embed)\nupstreams: {}",
		"an unused let clause":              `let x = 5`,
		"an error of the evaluator's own":   `apis: a0: hosts: [error("no")]`,
		"everything within everything":      `apis: a0: routes: x: self`,
		"a disjunction of the whole":        `{timeout: "5s", apis: a0: description: "x"} | {timeout: "6s"}`,
		"a template with another's content": `apis: [string]: description: apis.a1.owner`,
	} {
		t.Run(title, func(t *testing.T) {
			root := tree(t, map[string]string{"production/env.cue": header + `environment: "production"
listeners: http: port: 8080
upstreams: u: endpoints: main: {host: "u", port: 80}
apis: [string]: version: "v1"
apis: a0: {owner: "x", routes: {}}
apis: a1: {owner: "y", routes: {}}
`, "production/more.cue": "package gateway\n" + strings.Replace("\n"+more, "\n@", "@", 1) + "\n"})
			if n := agree(t, root, "production"); n != 0 {
				t.Errorf("evaluated in %d parts", n)
			}
		})
	}
}

// A fault in one API of many is reported as it is in a small environment.
func TestFaultAmongMany(t *testing.T) {
	files := large(500)
	files["production/apis-250.cue"] = strings.Replace(files["production/apis-250.cue"], `"10s"`, `"ten"`, 1)
	root := tree(t, files)
	env := load(t, root, "production")
	if len(env.Findings) != 1 || env.Model != nil {
		t.Fatalf("findings: %v", env.Findings)
	}
	if got, want := env.Findings[0].Position.String(), "production/apis-250.cue:9:12"; got != want {
		t.Errorf("position %s, want %s", got, want)
	}
	agree(t, root, "production")
}

func TestLargeIsEvaluatedInParts(t *testing.T) {
	for _, tt := range []struct{ routes, want int }{{63 * 5, 0}, {64 * 5, 4}} {
		root := tree(t, large(tt.routes))
		if n, err := compiler.Parts(filepath.Join(root, "production"), compiler.Options{}); err != nil || n != tt.want {
			t.Errorf("%d routes are evaluated in %d parts, want %d; error %v", tt.routes, n, tt.want, err)
		}
	}
}

func FuzzParts(f *testing.F) {
	for seed := range uint64(20) {
		for _, data := range (shapes{rand.New(rand.NewPCG(seed, 1))}).environment(4) {
			f.Add(strings.TrimPrefix(data, header))
		}
	}
	f.Fuzz(func(t *testing.T, data string) {
		root := tree(t, map[string]string{
			"production/env.cue": header + `environment: "production"
listeners: http: port: 8080
apis: a: {owner: "x", routes: {}}
apis: b: routes: {}
`,
			"production/fuzz.cue": "package gateway\n" + strings.TrimPrefix(data, "package gateway"),
		})
		o := compiler.Options{Base: root, Limits: compiler.Limits{Time: 3 * time.Second}}
		want := outcomeOf(t, filepath.Join(root, "production"), compiler.Whole(o))
		got := outcomeOf(t, filepath.Join(root, "production"), compiler.InParts(o))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at once and in parts (-at once +in parts):\n%s", diff)
		}
	})
}

// shapes write environments of many shapes whose APIs are independent.
type shapes struct{ *rand.Rand }

func (s shapes) pick(of ...string) string { return of[s.IntN(len(of))] }

func (s shapes) maybe() bool { return s.IntN(2) == 0 }

// environment returns files that are shared, of an environment that refines them, and of a package that they
// import.
func (s shapes) environment(apis int) map[string]string {
	var shared, own, common strings.Builder
	shared.WriteString(`package gateway

import (
	"strings"

	gw "gwc.dev/schema/v1"
	"example.com/gateway/common"
)

gw.#Gateway
_suffix: strings.ToLower(common.suffix)
`)
	common.WriteString("package common\n\nsuffix: \".EXAMPLE.com\"\n#API: {owner: *\"common\" | string, ...}\n")
	own.WriteString("package gateway\n\nenvironment: \"production\"\nlisteners: http: port: 8080\n")
	for i := range 3 {
		fmt.Fprintf(&shared, "upstreams: u%d: endpoints: main: {host: *\"u%d\" | string, port: %s}\n", i, i, s.pick("80", "*80 | int", "_port"))
		fmt.Fprintf(&shared, "consumers: c%d: groups: [%s]\n", i, s.pick("_group", `"free"`, `"a", "b"`))
		if s.maybe() {
			fmt.Fprintf(&own, "upstreams: u%d: endpoints: main: host: \"own-%d\"\n", i, i)
		}
	}
	shared.WriteString(`_port: *8080 | int
_group: "group-\(environment)"
_mixin: {_nested, timeout: *"3s" | string}
_nested: headers: request: set: "x-env": environment
_names: {for n in ["a", "b"] {(n): "name-\(n)"}}
#Team: {owner: *"team" | string, description?: string, ...}
_unused: {x: _unused2}
_unused2: upstreams.u0.endpoints.main.host
`)
	for range s.IntN(4) {
		of := &shared
		if s.maybe() {
			of = &own
		}
		of.WriteString(s.pick(
			"apis: [string]: slo: availability: 99.9\n",
			"apis: [N=string]: description: *\"the API \\(N)\" | string\n",
			"apis: [=~\"^a[0-4]$\"]: cors: origins: [\"https://\\(environment).example.com\"]\n",
			"apis: [_]: routes: [string]: retry: attempts: *2 | int\n",
			"apis: [!=\"a1\"]: {if environment == \"production\" {version: \"v1\"}}\n",
			"apis: {[string]: X={_t: \"7s\", routes: [string]: timeout: *X._t | string}, [=~\"2\"]: cors: maxAge: *\"2h\" | string}\n",
		))
	}
	own.WriteString(s.pick("", "apis: {}\n", "// A comment.\n\n", "apis: {\n\t// None.\n}\n"))
	if s.maybe() {
		own.WriteString("if environment == \"production\" {\n\ttimeout: \"5s\"\n\t_port: 8081\n}\n")
	}
	if s.maybe() {
		shared.WriteString("for n in [\"x\", \"y\"] {\n\tupstreams: (n): endpoints: main: {host: n, port: _port}\n}\n")
	}
	for i := range apis {
		name := fmt.Sprintf("a%d", i)
		fmt.Fprintf(&shared, s.pick("apis: %s: {\n", "apis: {\n%s: {\n", "apis: %q: {\n"), name)
		open := strings.Contains(shared.String()[strings.LastIndex(shared.String(), "apis: "):], "apis: {\n")
		shared.WriteString(s.api())
		if s.maybe() {
			shared.WriteString("hosts: [\"h\" + _suffix]\n")
			if s.maybe() {
				fmt.Fprintf(&own, "apis: %s: hosts: [\"h.example.com\"]\n", name)
			}
		}
		shared.WriteString("routes: {\n")
		for j := range 1 + s.IntN(3) {
			fmt.Fprintf(&shared, "r%d: {\n%s}\n", j, s.route())
		}
		shared.WriteString("}\n}\n")
		if open {
			shared.WriteString(s.pick("", "// A comment.\n", "\n// A comment.\n\n// Another.\n\n"))
			if s.maybe() {
				fmt.Fprintf(&shared, "also%d: {routes: r: respond: body: _names.b}\n", i)
			}
			shared.WriteString("}\n")
		}
		if s.maybe() {
			fmt.Fprintf(&own, s.pick(
				"apis: %s: routes: r0: backends: u0: weight: 7\n",
				"apis: %s: routes: added: {match: path: exact: \"/x\", backends: u1: {}}\n",
				"apis: {%s: rateLimit: perMinute: {requests: 5, per: \"minute\"}}\n",
				"apis: %s: {cors: maxAge: \"1h\", if _port > 80 {routes: r0: match: methods: [\"GET\", \"POST\"]}}\n",
			), name)
		}
	}
	return map[string]string{
		"environments/shared.cue":         shared.String(),
		"environments/production/env.cue": own.String(),
		"common/common.cue":               common.String(),
	}
}

func (s shapes) api() string {
	return s.pick(
		"",
		"_mixin\n",
		"#Team\n",
		"common.#API\n",
		"_local: \"l\"\ndescription: _local\n",
		"let port = upstreams.u1.endpoints.main.port\nslo: latency: below: \"\\(port)ms\"\n",
		"owner: consumers.c0.groups[0]\n",
		"auth: apiKey: header: \"x-\\(_group)\"\n",
		"rateLimit: {for n in [\"one\", \"two\"] {(n): {requests: len(n), per: \"second\"}}}\n",
		"for n, v in _names {routes: (n): respond: body: v}\n",
		"if len(upstreams) > 3 {owner: \"many\"}\n",
		"headers: _nested.headers & {response: remove: [\"server\"]}\n",
	)
}

func (s shapes) route() string {
	var b strings.Builder
	for range 1 + s.IntN(3) {
		b.WriteString(s.pick(
			"match: path: prefix: \"/p\"\n",
			"match: {headers: \"x.y\": exact: environment, query: q: present: true}\n",
			"backends: u0: weight: *90 | int\n",
			"backends: {for n, _ in upstreams {(n): {}}}\n",
			"respond: status: *204 | int\n",
			"_nested\n",
			"auth: disabled: true\n",
			"rewrite: {prefix: \"/\", host: \"r\" + _suffix}\n",
			"timeout: \"\\(_port)ms\"\n",
			"rateLimit: w: {requests: *5 | int, per: \"minute\", by: \"header\", header: \"x-\\(_names.a)\"}\n",
		))
	}
	return b.String()
}
