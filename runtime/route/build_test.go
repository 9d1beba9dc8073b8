package route_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

func TestBuildReportsAllProblems(t *testing.T) {
	g := decode(t, `{"a": {"hosts": ["*", "api..test"], "listeners": ["nope"], "routes": {
		"r": {
			"match": {"path": {"exact": "/a", "regex": "("}, "methods": ["get"],
				"headers": {"x": {}, "y": {"regex": "a)|(b"}}, "query": {"q": {"exact": "", "present": true}}},
			"backends": {"nope": {"weight": 0}}, "respond": {}
		},
		"s": {"match": {"path": {"prefix": "a"}}},
		"bad name": {"respond": {}},
		"t": {"rewrite": {"prefix": "/x"}, "match": {"path": {"exact": "/a"}}, "backends": {"echo": {}},
			"headers": {"request": {"set": {"Content-Length": "1", "a b": "x", "x": "a\r\nb"}}},
			"rateLimit": {"w": {"requests": 0, "per": "year"}},
			"auth": {"jwt": {"issuer": "", "jwks": {}, "algorithms": ["none", "HS256"]}},
			"cors": {"origins": ["*", "https://*"], "credentials": true}}
	}}}`)
	g.Listeners["loop"] = schema.Listener{Redirect: &schema.ListenerRedirect{Listener: "plain"}}
	table, problems := route.Build(g, filter.Deps{})
	if table != nil {
		t.Error("there is a table")
	}
	var got []string
	for _, p := range problems {
		got = append(got, string(p.Path)+" "+p.Code)
		if p.Message == "" {
			t.Errorf("%s [%s] has no message", p.Path, p.Code)
		}
	}
	want := strings.Fields(strings.ReplaceAll(`
		apis.a.hosts.0;host
		apis.a.hosts.1;host
		apis.a.listeners.0;listener-unknown
		apis.a.routes."bad·name";name
		apis.a.routes.r;route-action
		apis.a.routes.r.backends;weights-zero
		apis.a.routes.r.backends.nope;upstream-unknown
		apis.a.routes.r.match.headers.x;value-match
		apis.a.routes.r.match.headers.y.regex;regex
		apis.a.routes.r.match.methods.0;method
		apis.a.routes.r.match.path;path-match
		apis.a.routes.r.match.query.q;value-match
		apis.a.routes.s;route-action
		apis.a.routes.s.match.path.prefix;path
		apis.a.routes.t.auth.jwt.algorithms.0;jwt-algorithm
		apis.a.routes.t.auth.jwt.algorithms.1;jwt-algorithm
		apis.a.routes.t.auth.jwt.issuer;jwt-issuer
		apis.a.routes.t.auth.jwt.jwks;jwks-source
		apis.a.routes.t.cors;cors-credentials
		apis.a.routes.t.cors.origins.1;cors-origin
		apis.a.routes.t.headers.request.set."a·b";header-name
		apis.a.routes.t.headers.request.set.Content-Length;header-forbidden
		apis.a.routes.t.headers.request.set.x;header-value
		apis.a.routes.t.rateLimit.w;rate-limit
		apis.a.routes.t.rateLimit.w.per;rate-limit
		apis.a.routes.t.rewrite.prefix;prefix-without-match
		listeners.loop.redirect.listener;redirect-loop
	`, ";", "\x01"))
	for i := range want {
		want[i] = strings.NewReplacer("\x01", " ", "·", " ").Replace(want[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBuildWithoutAModel(t *testing.T) {
	if _, problems := route.Build(nil, filter.Deps{}); len(problems) != 1 {
		t.Errorf("%d problems, want 1", len(problems))
	}
	table, problems := route.Build(&schema.Gateway{}, filter.Deps{})
	if len(problems) > 0 || table.Match("http", &exchange.Request{Path: "/"}) != nil {
		t.Errorf("the empty model has problems: %v", problems)
	}
}

func TestPrefixesHaveABoundedDepth(t *testing.T) {
	g := decode(t, `{"a": {"routes": {"r": {"respond": {}, "match": {"path": {"prefix": "`+strings.Repeat("/a", 1000)+`"}}}}}}`)
	if _, problems := route.Build(g, filter.Deps{}); len(problems) != 1 || problems[0].Code != "path" {
		t.Errorf("problems %v, want one of the path", problems)
	}
}

// FuzzBuild decodes what it is given and builds it: whatever a bundle holds, there is a table or a problem. What
// was built is also run.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(`{"environment":"e","listeners":{"http":{"port":1}},"apis":{"a":{"routes":{"r":{"respond":{"status":204}}}}}}`))
	f.Add([]byte(`{"environment":"e","listeners":{"http":{"port":1}},"upstreams":{"u":{"endpoints":{}}},"consumers":{"c":{"apiKeys":{"k":{"secret":"env:X"}}}},
		"apis":{"a":{"hosts":["*.t"],"auth":{"apiKey":{"query":"k"},"allow":{"groups":["g"]}},"rateLimit":{"m":{"requests":1,"per":"day","by":"consumer"}},
		"cors":{"origins":["https://*.t:1"]},"routes":{"r":{"match":{"path":{"regex":"/a[b-"},"query":{"":{"present":false}}},"rewrite":{"prefix":"/"},
		"redirect":{"path":{"prefix":"/"}},"backends":{"u":{}}}}}}}`))
	f.Add([]byte(`{"environment":"e","apis":{"a":{"auth":{"jwt":{"issuer":"i","jwks":{"inline":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}}}},"routes":{"r":null}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := schema.Decode(data)
		if err != nil {
			return
		}
		table, problems := route.Build(g, filter.Deps{})
		if (table == nil) == (len(problems) == 0) {
			t.Fatalf("table %v with problems %v", table, problems)
		}
		if table == nil {
			return
		}
		for _, r := range table.Routes() {
			x := &exchange.Exchange{Request: exchange.Request{Method: "GET", Scheme: "http", Host: "a.t", Path: "/a", Query: "k=1"}}
			seen, _ := r.Chain.Request(x)
			r.Chain.Response(x, seen)
		}
		for name := range g.Listeners {
			table.Match(name, &exchange.Request{Method: "GET", Host: "a.t", Path: "/a/b"})
		}
	})
}

// Every field of the model in turn is set to its zero value and to nonsense; nothing may panic.
func TestBuildSurvivesMissingFields(t *testing.T) {
	const full = `{"environment":"e","listeners":{"http":{"port":1,"hosts":["a.t"]},"plain":{"port":2,"redirect":{"listener":"http"}}},
		"upstreams":{"u":{"endpoints":{"m":{"host":"h","port":1}}}},
		"consumers":{"c":{"groups":["g"],"apiKeys":{"k":{"secret":"env:X"}}}},
		"apis":{"a":{"hosts":["*.t"],"listeners":["http"],"routes":{
			"r":{"match":{"path":{"prefix":"/a"},"methods":["GET"],"headers":{"x":{"exact":"1"}},"query":{"q":{"regex":"a"}}},
				"rewrite":{"prefix":"/","host":"b"},"backends":{"u":{"weight":3}},
				"auth":{"apiKey":{"header":"k"},"jwt":{"issuer":"i","jwks":{"url":"https://x"},"requiredClaims":{"a":1},"forwardClaims":{"x":"y"}},"allow":{"groups":["g"]}},
				"rateLimit":{"m":{"requests":1,"per":"day","by":"header","header":"x"}},
				"cors":{"origins":["https://*.t"],"maxAge":"1s"},"headers":{"request":{"set":{"a":"b"}},"response":{"remove":["c"]}},
				"retry":{"attempts":1}},
			"s":{"redirect":{"path":{"full":"/x"},"status":301}},
			"t":{"respond":{"status":200,"body":"b","headers":{"a":"b"}}}}}}}`
	if g, err := schema.Decode([]byte(full)); err != nil {
		t.Fatal(err)
	} else if _, problems := route.Build(g, filter.Deps{}); len(problems) > 0 {
		t.Fatalf("the model itself has problems: %v", problems)
	}
	var tree any
	if err := json.Unmarshal([]byte(full), &tree); err != nil {
		t.Fatal(err)
	}
	built := 0
	walk(tree, func(set func(any), old any) {
		for _, v := range []any{nil, "", "\x00", "*", "\"\r\n", 0, -1, 1e9, []any{}, []any{""}, map[string]any{}, map[string]any{"": nil}, reflect.DeepEqual(old, true)} {
			set(v)
			data, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			if g, err := schema.Decode(data); err == nil {
				built++
				if table, problems := route.Build(g, filter.Deps{}); (table == nil) == (len(problems) == 0) {
					t.Errorf("with %v in place of %v: table %v, problems %v", v, old, table, problems)
				}
			}
		}
		set(old)
	})
	if built < 200 {
		t.Errorf("only %d models were built", built)
	}
}

// walk calls f for every value of a tree of JSON, with a function that replaces it.
func walk(v any, f func(set func(any), old any)) {
	switch v := v.(type) {
	case map[string]any:
		for k, old := range v {
			f(func(n any) { v[k] = n }, old)
			walk(old, f)
		}
	case []any:
		for i, old := range v {
			f(func(n any) { v[i] = n }, old)
			walk(old, f)
		}
	}
}

func ExampleTable_Match() {
	g := &schema.Gateway{
		Listeners: map[string]schema.Listener{"http": {Port: 80}},
		APIs: map[string]schema.API{"hello": {Routes: map[string]schema.Route{
			"world": {Match: &schema.Match{Path: &schema.PathMatch{Prefix: "/hello"}}, Respond: &schema.Respond{Body: "hello"}},
		}}},
	}
	table, _ := route.Build(g, filter.Deps{})
	r := table.Match("http", &exchange.Request{Method: "GET", Host: "localhost", Path: "/hello/you"})
	fmt.Println(r.API, r.Name)
	// Output: hello world
}
