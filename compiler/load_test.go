package compiler_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler"
	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

const header = `package gateway

import gw "gwc.dev/schema/v1"

gw.#Gateway
`

// tree writes files into a new module and returns its root.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range files {
		write(t, filepath.Join(root, name), data)
	}
	module(t, root)
	return root
}

func load(t testing.TB, root, dir string) *compiler.Environment {
	t.Helper()
	env, err := compiler.Load(filepath.Join(root, dir), compiler.Options{Base: root})
	if err != nil {
		t.Fatal(err)
	}
	return env
}

var reference = map[string]string{
	"environments/shared.cue": header + `
listeners: http: port: 8080
upstreams: {
	echo: endpoints: main: {host: "echo", port: 80}
	"echo-v2": endpoints: main: {host: "echo", port: *81 | int}
}
timeout: "30s"
_defaults: {
	auth: apiKey: {}
	retry: attempts: 2
}
apis: [string]: description: *"none" | string
apis: echo: _defaults
apis: echo: {
	owner: "team-platform"
	hosts: [
		"a.example.com",
		"b.example.com",
	]
	routes: default: {
		match: path: prefix: "/echo"
		backends: echo: weight: *90 | int
		headers: response: set: "x.y": "z"
	}
	routes: other: {
		auth: disabled: true
		respond: status: 204
	}
}
for name in ["one", "two"] {
	apis: (name): routes: all: respond: body: name
}
`,
	"environments/production/env.cue": `package gateway

environment: "production"
apis: echo: routes: default: backends: echo: weight: 50
if environment == "production" {
	apis: echo: routes: default: timeout: "5s"
}
upstreams: "echo-v2": endpoints: main: port: 8081
`,
}

func TestModelIsResolved(t *testing.T) {
	env := load(t, tree(t, reference), "environments/production")
	if len(env.Findings) > 0 {
		t.Fatalf("findings: %v", env.Findings)
	}
	got := env.Model.APIs["echo"].Routes["default"]
	exp := schema.Route{
		Match:    &schema.Match{Path: &schema.PathMatch{Prefix: "/echo"}},
		Backends: map[string]schema.Backend{"echo": {Weight: 50}},
		Filters: schema.Filters{
			Auth:    &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}},
			Headers: &schema.Headers{Response: &schema.HeaderChange{Set: map[string]string{"x.y": "z"}}},
			Timeout: schema.Duration(5 * time.Second),
			Retry: &schema.Retry{
				Attempts: 2, On: []string{"connect-failure"}, Backoff: schema.Duration(25 * time.Millisecond),
				Methods: []string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"},
			},
		},
	}
	if diff := cmp.Diff(exp, got); diff != "" {
		t.Errorf("route (-want +got):\n%s", diff)
	}
	if got := env.Model.APIs["two"].Routes["all"].Timeout.Std(); got != 30*time.Second {
		t.Errorf("timeout inherited from the gateway = %v, want 30s", got)
	}
	if diff := cmp.Diff([]string{"production", "environments/production"}, []string{env.Name, env.Dir}); diff != "" {
		t.Errorf("name and directory (-want +got):\n%s", diff)
	}
}

func TestPositions(t *testing.T) {
	env := load(t, tree(t, reference), "environments/production")
	const shared, own = "environments/shared.cue", "environments/production/env.cue"
	for _, tt := range []struct {
		title string
		path  schema.Path
		want  string
	}{
		{"a field", "environment", own + ":3:1"},
		{"a shared field", "listeners.http.port", shared + ":7:18"},
		{"a shared default that the environment refines", "apis.echo.routes.default.backends.echo.weight", own + ":4:46"},
		{"a struct that both write", "apis.echo", own + ":4:7"},
		{"a name in quotes", "upstreams.echo-v2.endpoints.main.port", own + ":8:40"},
		{"a name with a dot", `apis.echo.routes.default.headers.response.set."x.y"`, shared + ":28:27"},
		{"a default of the schema: the place above", "upstreams.echo.endpoints.main.weight", shared + ":9:19"},
		{"a default of the schema, further up", "upstreams.echo.connectTimeout", shared + ":9:2"},
		{"a template", "apis.one.description", shared + ":17:17"},
		{"what a template is applied to", "apis.one", shared + ":36:8"},
		{"a comprehension", "apis.two.routes.all.respond.body", shared + ":36:38"},
		{"a condition", "apis.echo.routes.default.timeout", own + ":6:31"},
		{"through a reference", "apis.echo.retry.attempts", shared + ":15:9"},
		{"an element of a list", "apis.echo.hosts.1", shared + ":23:3"},
		{"a filter that the API hands down", "apis.echo.routes.default.auth", shared + ":14:2"},
		{"something in it", "apis.echo.routes.default.auth.apiKey.header", shared + ":14:8"},
		{"a filter that the gateway hands down", "apis.one.routes.all.timeout", shared + ":12:1"},
		{"a filter that the route has itself", "apis.echo.routes.other.auth.disabled", shared + ":31:9"},
		{"a match that is not written", "apis.echo.routes.other.match.path.prefix", shared + ":30:10"},
		{"a place that is not there", "apis.nope.routes.x", own + ":4:1"},
		{"nothing of it is there", "waivers.x", own + ":1:1"},
		{"the whole", "", own + ":1:1"},
	} {
		t.Run(tt.title, func(t *testing.T) {
			if got := env.Positions.Position(tt.path).String(); got != tt.want {
				t.Errorf("Position(%q) = %s, want %s", tt.path, got, tt.want)
			}
		})
	}
	all := env.Positions.All()
	for path, want := range map[schema.Path]string{
		"apis.one.routes.all.timeout":   shared + ":12:1",
		"apis.echo.routes.default.auth": shared + ":14:2",
		"apis.echo.routes.other.auth":   shared + ":31:3",
	} {
		if got := all[path].String(); got != want {
			t.Errorf("All()[%q] = %s, want %s", path, got, want)
		}
	}
}

func TestPositionsAreInTheUsersFiles(t *testing.T) {
	for path, pos := range load(t, tree(t, reference), "environments/production").Positions.All() {
		if pos.File != "environments/shared.cue" && pos.File != "environments/production/env.cue" || pos.Line == 0 || pos.Column == 0 {
			t.Errorf("%q is at %s", path, pos)
		}
	}
}

func TestLoadIsDeterministic(t *testing.T) {
	var first []byte
	for range 5 {
		env := load(t, tree(t, reference), "environments/production")
		data, err := env.Model.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []schema.Path{"apis.echo", "apis.one.routes.all"} {
			data = append(data, env.Positions.Position(path).String()...)
		}
		if first == nil {
			first = data
		} else if !bytes.Equal(first, data) {
			t.Fatalf("a second load differs:\n%s\n%s", first, data)
		}
	}
}

func TestPositionsAreRelativeToBase(t *testing.T) {
	root := tree(t, reference)
	env, err := compiler.Load(filepath.Join(root, "environments/production"), compiler.Options{Base: filepath.Join(root, "environments/staging")})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := env.Positions.Position("listeners").String(), "../shared.cue:7:1"; got != want {
		t.Errorf("Position = %s, want %s", got, want)
	}
}

func TestSymlinks(t *testing.T) {
	root := tree(t, reference)
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("production", "environments/live")
	if env := load(t, root, "environments/live"); env.Model == nil || env.Findings.Count(diag.Error) != 1 {
		t.Errorf("a link to an environment: findings %v", env.Findings)
	}
	link("nowhere.cue", "environments/production/dangling.cue")
	if _, err := compiler.Load(filepath.Join(root, "environments/production"), compiler.Options{}); err == nil || !strings.Contains(err.Error(), "dangling.cue") {
		t.Errorf("a dangling link: error %v", err)
	}
}

func TestLoadRefusesWhatItCannotBound(t *testing.T) {
	for _, tt := range []struct{ title, data, want string }{
		{"a file past the limit", header + "// " + strings.Repeat("x", 8<<20), "larger than 8 MiB"},
		{"brackets", header + "_x: " + strings.Repeat("[", 100000), "nested deeper"},
		{"structs", header + "_x: " + strings.Repeat("{a: ", 100000), "nested deeper"},
		{"labels", header + strings.Repeat("a: ", 100000) + "1", "nested deeper"},
		{"operators", header + "_x: " + strings.Repeat("!", 100000) + "true", "nested deeper"},
		{"sums", header + "_x: 1" + strings.Repeat(" + 1", 100000), "nested deeper"},
		{"interpolations", header + "_x: " + strings.Repeat(`"\(`, 10000), "nested deeper"},
	} {
		t.Run(tt.title, func(t *testing.T) {
			root := tree(t, map[string]string{"production/env.cue": tt.data})
			var got string
			if env, err := compiler.Load(filepath.Join(root, "production"), compiler.Options{}); err != nil {
				got = err.Error()
			} else if len(env.Findings) > 0 {
				got = env.Findings[0].Message
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("reported %q, want %q", got, tt.want)
			}
		})
	}
}

// The loader would read U+FFFD in its place, and a path be another one.
func TestLoadRefusesWhatIsNoUTF8(t *testing.T) {
	header := header + "environment: \"production\"\n"
	for _, tt := range []struct {
		title, data string
		line        int // 0: it is fine
	}{
		{"in a string", header + "_x: \"a\xff\"\n", strings.Count(header, "\n") + 1},
		{"cut off at the end of a comment", header + "_x: 1\n// \xc3", strings.Count(header, "\n") + 2},
		{"behind a byte order mark", "\xef\xbb\xbf" + header + "_x: \"\uFFFD\xff\"\n", strings.Count(header, "\n") + 1},
		{"U+FFFD itself", header + "_x: \"\uFFFD\"\n", 0},
		{"only a byte order mark", "\xef\xbb\xbf" + header, 0},
	} {
		t.Run(tt.title, func(t *testing.T) {
			root := tree(t, map[string]string{"production/env.cue": tt.data})
			env := load(t, root, "production")
			line := 0
			for _, f := range env.Findings {
				if f.Code == "cue-syntax" && f.Message == "illegal UTF-8 encoding" && f.Hint == "save the file as UTF-8" {
					line = f.Position.Line
				}
			}
			if line != tt.line || (tt.line > 0) != (env.Model == nil) {
				t.Errorf("line %d, want %d; findings %v", line, tt.line, env.Findings)
			}
		})
	}
}

func TestLoadRefusesAPipe(t *testing.T) {
	root := tree(t, reference)
	if out, err := exec.Command("mkfifo", filepath.Join(root, "environments/production/pipe.cue")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := compiler.Load(filepath.Join(root, "environments/production"), compiler.Options{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}

func TestLoadKeepsToItsLimits(t *testing.T) {
	var b strings.Builder
	b.WriteString("package gateway\n\nimport \"list\"\n\n_x: [for a in list.Range(0, 3000, 1) for b in list.Range(0, 3000, 1) {a*b}]\n")
	root := tree(t, map[string]string{"production/env.cue": b.String()})
	for _, tt := range []struct {
		limits compiler.Limits
		want   string
	}{
		{compiler.Limits{Time: 200 * time.Millisecond}, "took longer than 200ms"},
		{compiler.Limits{Time: 30 * time.Second, Memory: 1}, "MiB of memory"},
	} {
		_, err := compiler.Load(filepath.Join(root, "production"), compiler.Options{Limits: tt.limits})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("with %+v: error %v, want %q", tt.limits, err, tt.want)
		}
	}
}

// Whatever a file holds, Load answers with findings or an error: it neither panics nor hangs.
func TestLoadTakesAnything(t *testing.T) {
	for title, data := range map[string]string{
		"invalid UTF-8":        header + "apis: echo: owner: \"\xff\xfe\"\n",
		"a byte order mark":    "\ufeff" + header + "environment: \"production\"\n",
		"a null byte":          header + "apis: \x00\n",
		"nothing but brackets": "}}}}]]]",
		"a long string":        header + `apis: echo: description: "` + strings.Repeat("x", 1<<20) + "\"\n",
		"a long name":          header + `apis: "` + strings.Repeat("x", 1<<20) + "\": {}\n",
		"a package alone":      "package gateway\n",
		"no package":           "environment: \"production\"\n",
		"a list":               "package gateway\n[1, 2]\n",
		"a scalar":             "package gateway\n5\n",
		"two scalars":          "package gateway\n5\n6\n",
		"bottom":               header + "_|_\n",
		"a bottom by itself":   header + "environment: _|_\n",
		"top":                  header + "apis: _\n",
		"itself":               header + "apis: echo: apis\n",
		"itself again":         header + "apis: apis\n",
		"its own package":      "package gateway\n\nimport p \"example.com/gateway/production:gateway\"\n\nx: p.x\n",
		"everything dynamic":   header + "(environment): 1\nenvironment: \"apis\"\n",
		"a definition":         header + "#Gateway: gw.#Gateway & {x: 1}\napis: #Gateway\n",
		"optional fields":      header + "apis?: echo: owner: 5\napis: users!: _\n",
		"a closed struct":      header + "apis: close({})\napis: echo: {}\n",
		"the schema's own":     "package gateway\n\nimport gw \"gwc.dev/schema/v1\"\n\ngw\n",
		"the schema elsewhere": "package gateway\n\nimport gw \"gwc.dev/schema/v1\"\n\nx: gw.#Gateway\n",
		"an attribute of ours": header + "environment: \"production\" @gwc_origin(99999999999)\n",
		"an empty label list":  header + "apis: []: 1\n",
		"regular expressions":  header + "apis: [=~\"(\"]: {}\n",
		"bytes":                header + "apis: echo: owner: '\\xff'\n",
		"a list of itself":     header + "_l: [_l]\napis: echo: hosts: _l\n",
		"an error in a list":   header + "apis: echo: hosts: [1/0, error(\"no\")]\n",
	} {
		t.Run(title, func(t *testing.T) {
			root := tree(t, map[string]string{"production/env.cue": data})
			env, err := compiler.Load(filepath.Join(root, "production"), compiler.Options{Base: root})
			if err != nil {
				if strings.Contains(err.Error(), "panicked") {
					t.Error(err)
				}
				return
			}
			for _, f := range env.Findings {
				if f.Position.File != "production/env.cue" || f.Message == "" || strings.Contains(f.Message, root) {
					t.Errorf("finding %+v", f)
				}
			}
			if env.Model == nil && env.Findings.Count(diag.Error) == 0 {
				t.Error("neither a model nor a reason")
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, data := range reference {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		root := tree(t, map[string]string{"production/env.cue": data})
		_, err := compiler.Load(filepath.Join(root, "production"), compiler.Options{Base: root, Limits: compiler.Limits{Time: 3 * time.Second}})
		if err != nil && (strings.Contains(err.Error(), "panicked") || strings.Contains(err.Error(), "longer than")) {
			t.Error(err)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for _, routes := range []int{10, 1000, 10000, 50000} {
		root := tree(b, large(routes))
		for _, way := range []struct {
			name string
			o    compiler.Options
		}{{"at-once", compiler.Whole(compiler.Options{})}, {"default", compiler.Options{}}} {
			b.Run(fmt.Sprintf("routes=%d/%s", routes, way.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					env, err := compiler.Load(filepath.Join(root, "production"), way.o)
					if err != nil || env.Model == nil {
						b.Fatal(err, env)
					}
				}
			})
		}
	}
}

// large is an environment of many routes, five to an API and fifty APIs to a file.
func large(routes int) map[string]string {
	files := map[string]string{"production/env.cue": header + `environment: "production"
listeners: http: port: 8080
upstreams: echo: endpoints: main: {host: "echo", port: 80}
apis: [string]: owner: *"team" | string
`}
	for first := 0; first < routes; first += 250 {
		var b strings.Builder
		b.WriteString("package gateway\n\n")
		for i := first; i < min(first+250, routes); i++ {
			fmt.Fprintf(&b, `apis: "api-%d": {
	auth: apiKey: header: "apikey"
	rateLimit: perMinute: {requests: 60, per: "minute"}
	routes: "route-%d": {
		match: {path: prefix: "/api-%d/%d", methods: ["GET", "POST"]}
		backends: echo: weight: 1
		timeout: "10s"
	}
}
`, i/5, i, i/5, i)
		}
		files[fmt.Sprintf("production/apis-%d.cue", first)] = b.String()
	}
	return files
}
