package route_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// build makes the table of an environment in JSON, with listeners and an upstream added.
func build(t *testing.T, apis string) *route.Table {
	t.Helper()
	table, problems := route.Build(decode(t, apis), filter.Deps{})
	for _, p := range problems {
		t.Errorf("%v", p.Error())
	}
	if table == nil {
		t.FailNow()
	}
	return table
}

func decode(t *testing.T, apis string) *schema.Gateway {
	t.Helper()
	g, err := schema.Decode([]byte(`{
		"environment": "test",
		"listeners": {"http": {"port": 80}, "inside": {"port": 81, "hosts": ["*.inside.test"]},
			"plain": {"port": 82, "redirect": {"listener": "http"}}},
		"upstreams": {"echo": {"endpoints": {}}, "other": {"endpoints": {}}},
		"apis": ` + apis + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestMatch(t *testing.T) {
	table := build(t, `{
		"echo": {"hosts": ["api.test", "API.inside.test"], "routes": {
			"root":    {"backends": {"echo": {}}},
			"exact":   {"match": {"path": {"exact": "/echo"}}, "backends": {"echo": {}}},
			"prefix":  {"match": {"path": {"prefix": "/echo/"}}, "backends": {"echo": {}}},
			"deep":    {"match": {"path": {"prefix": "/echo/a"}, "methods": ["POST"]}, "backends": {"echo": {}}},
			"canary":  {"match": {"path": {"prefix": "/echo"}, "headers": {"X-Version": {"exact": "v2"}}}, "backends": {"echo": {}}},
			"query":   {"match": {"path": {"prefix": "/q"}, "query": {"page": {"regex": "[0-9]+"}}}, "backends": {"echo": {}}},
			"cors":    {"match": {"path": {"exact": "/cors"}, "methods": ["PUT"]}, "cors": {"origins": ["*"]}, "backends": {"echo": {}}},
			"options": {"match": {"path": {"exact": "/cors"}, "methods": ["OPTIONS"]}, "backends": {"echo": {}}}
		}},
		"any": {"routes": {"regex": {"match": {"path": {"regex": "/re/[a-z]+"}}, "backends": {"echo": {}}}}},
		"wild": {"hosts": ["*.test"], "listeners": ["http"], "routes": {"all": {"match": {"path": {"prefix": "/w"}}, "backends": {"echo": {}}}}}
	}`)
	tests := []struct {
		name string
		on   string
		r    exchange.Request
		want string
	}{
		{"exact before prefix", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/echo"}, "echo/exact"},
		{"prefix with a slash at its end takes segments", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/echo/"}, "echo/prefix"},
		{"prefix takes no half segment", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/echoes"}, "echo/root"},
		{"longest prefix", "http", exchange.Request{Method: "POST", Host: "api.test", Path: "/echo/a/b"}, "echo/deep"},
		{"falls through to a shorter prefix", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/echo/a/b"}, "echo/prefix"},
		{"header match before none", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/echo/x",
			Header: exchange.Header{{Name: "x-VERSION", Value: "v2"}}}, "echo/canary"},
		{"two header lines are one value", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/echo/x",
			Header: exchange.Header{{Name: "x-version", Value: "v2"}, {Name: "x-version", Value: "v1"}}}, "echo/prefix"},
		{"query is decoded", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/q", Query: "p%61ge=%34"}, "echo/query"},
		{"regex matches the whole value", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/q", Query: "page=4x"}, "echo/root"},
		{"dot at the end of the host", "http", exchange.Request{Method: "GET", Host: "api.test.", Path: "/echo"}, "echo/exact"},
		{"wildcard takes several labels", "http", exchange.Request{Method: "GET", Host: "a.b.test", Path: "/w"}, "wild/all"},
		{"wildcard takes at least one label", "http", exchange.Request{Method: "GET", Host: "test", Path: "/w"}, ""},
		{"hosts fall through from exact to any", "http", exchange.Request{Method: "GET", Host: "other.test", Path: "/re/x"}, "any/regex"},
		{"the more specific host wins", "http", exchange.Request{Method: "GET", Host: "api.test", Path: "/re/x"}, "echo/root"},
		{"listener's hosts", "inside", exchange.Request{Method: "GET", Host: "api.inside.test", Path: "/echo"}, "echo/exact"},
		{"host outside the listener's", "inside", exchange.Request{Method: "GET", Host: "api.test", Path: "/echo"}, ""},
		{"api of another listener", "inside", exchange.Request{Method: "GET", Host: "w.inside.test", Path: "/w"}, ""},
		{"listener that redirects", "plain", exchange.Request{Method: "GET", Host: "api.test", Path: "/echo"}, ""},
		{"unknown listener", "nowhere", exchange.Request{Method: "GET", Host: "api.test", Path: "/echo"}, ""},
		{"HEAD is not GET", "http", exchange.Request{Method: "HEAD", Host: "api.test", Path: "/cors"}, "echo/root"},
		{"preflight goes to the route it asks for", "http", exchange.Request{Method: "OPTIONS", Host: "api.test", Path: "/cors",
			Header: exchange.Header{{Name: "Origin", Value: "https://x"}, {Name: "Access-Control-Request-Method", Value: "PUT"}}}, "echo/cors"},
		{"preflight for a route without CORS", "http", exchange.Request{Method: "OPTIONS", Host: "api.test", Path: "/cors",
			Header: exchange.Header{{Name: "Origin", Value: "https://x"}, {Name: "Access-Control-Request-Method", Value: "GET"}}}, "echo/options"},
		{"OPTIONS that is no preflight", "http", exchange.Request{Method: "OPTIONS", Host: "api.test", Path: "/cors"}, "echo/options"},
		{"asterisk form", "http", exchange.Request{Method: "OPTIONS", Host: "api.test", Path: "*"}, ""},
		{"no path", "http", exchange.Request{Method: "GET", Host: "api.test"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if r := table.Match(test.on, &test.r); r != nil {
				got = r.API + "/" + r.Name
			}
			if got != test.want {
				t.Errorf("route %q, want %q", got, test.want)
			}
		})
	}
}

func TestBackendsAreSortedAndInUse(t *testing.T) {
	table := build(t, `{"a": {"routes": {"r": {"backends": {"other": {"weight": 2}, "echo": {}}}, "s": {"backends": {"other": {"weight": 0}, "echo": {"weight": 5}}}}}}`)
	got := map[string][]route.Backend{}
	for _, r := range table.Routes() {
		got[r.Name] = r.Backends
	}
	want := map[string][]route.Backend{
		"r": {{Upstream: "echo", Weight: 1}, {Upstream: "other", Weight: 2}},
		"s": {{Upstream: "echo", Weight: 5}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKeySetsAreCollectedOnce(t *testing.T) {
	jwt := func(url string) string {
		return `{"respond": {}, "auth": {"jwt": {"issuer": "i", "jwks": {"url": "` + url + `"}}}}`
	}
	table := build(t, `{"a": {"routes": {"r": `+jwt("https://b/keys")+`, "s": `+jwt("https://a/keys")+`, "t": `+jwt("https://b/keys")+`}}}`)
	if diff := cmp.Diff([]string{"https://a/keys", "https://b/keys"}, table.KeySets()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFiltersAboveARouteHoldInAModelThatIsNotResolved(t *testing.T) {
	table := build(t, `{"a": {"auth": {"apiKey": {}}, "routes": {"r": {"respond": {}}}}}`)
	r := table.Match("http", &exchange.Request{Method: "GET", Path: "/"})
	x := &exchange.Exchange{Request: exchange.Request{Method: "GET", Path: "/"}}
	if _, answered := r.Chain.Request(x); !answered || x.Response.Status != 401 {
		t.Errorf("status %d, want 401", x.Response.Status)
	}
}

func TestMatchCostsNoAllocation(t *testing.T) {
	table := build(t, `{"a": {"hosts": ["*.test"], "routes": {"r": {"match": {"path": {"prefix": "/a"},
		"headers": {"x": {"exact": "1"}}, "query": {"q": {"exact": "2"}}}, "backends": {"echo": {}}}}}}`)
	r := &exchange.Request{Method: "GET", Host: "x.y.test", Path: "/a/b/c", Query: "p=1&q=2", Header: exchange.Header{{Name: "X", Value: "1"}}}
	if n := testing.AllocsPerRun(100, func() {
		if table.Match("http", r) == nil {
			t.Fatal("no route")
		}
	}); n != 0 {
		t.Errorf("Match allocates %v times", n)
	}
}
