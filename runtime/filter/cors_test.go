package filter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
)

func corsLines(x *exchange.Exchange) []string {
	return lines(x.Response.Header, "access-control-", "vary")
}

func TestCORSAnswersPreflights(t *testing.T) {
	tests := []struct {
		name, cors, origin string
		status             int
		want               []string
	}{
		{"exact origin", `{"origins": ["https://app.test"], "credentials": true, "allowHeaders": ["x-a", "x-b"], "exposeHeaders": ["x-c"], "maxAge": "10m"}`,
			"https://app.test", 204, []string{
				"Access-Control-Allow-Methods: GET, PUT", "Access-Control-Allow-Headers: x-a, x-b", "Access-Control-Max-Age: 600",
				"Access-Control-Allow-Origin: https://app.test", "Access-Control-Allow-Credentials: true", "Vary: Origin"}},
		{"any origin", `{"origins": ["*"], "methods": ["PATCH"]}`, "https://app.test", 204,
			[]string{"Access-Control-Allow-Methods: PATCH", "Access-Control-Allow-Origin: *"}},
		{"another origin", `{"origins": ["https://app.test"]}`, "https://evil.test", 403, []string{"Vary: Origin"}},
		{"no origin at all", `{}`, "https://app.test", 403, []string{"Vary: Origin"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := one(t, filter.Deps{}, `{"match": {"methods": ["GET", "PUT"]}, "auth": {"apiKey": {}}, "backends": {"echo": {}}, "cors": `+test.cors+`}`)
			x := get("Origin", test.origin, "Access-Control-Request-Method", "PUT")
			x.Request.Method = "OPTIONS"
			if g.serve("a/r", x) || x.Response.Status != test.status {
				t.Errorf("status %d, want %d", x.Response.Status, test.status)
			}
			if diff := cmp.Diff(test.want, corsLines(x)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCORSOnAnswers(t *testing.T) {
	const config = `{"origins": ["https://app.test", "https://*.example.test:8443", "null"], "exposeHeaders": ["x-c"]}`
	tests := []struct {
		name, origin string
		allowed      bool
	}{
		{"exact", "https://app.test", true},
		{"subdomain", "https://a.example.test:8443", true},
		{"deep subdomain", "https://a.b.example.test:8443", true},
		{"null", "null", true},
		{"no origin", "", false},
		{"wildcard is not the domain itself", "https://example.test:8443", false},
		{"empty label", "https://.example.test:8443", false},
		{"another port", "https://a.example.test", false},
		{"another scheme", "http://app.test", false},
		{"user info", "https://evil.test@a.example.test:8443", false},
		{"path", "https://evil.test/.example.test:8443", false},
		{"suffix", "https://app.test.evil.test", false},
		{"prefix", "https://evilapp.test", false},
		{"capitals", "https://APP.test", false},
		{"line end", "https://a\r\nx.example.test:8443", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := one(t, filter.Deps{}, `{"backends": {"echo": {}}, "cors": `+config+`}`)
			g.backend = func(x *exchange.Exchange) {
				x.Response.Header = exchange.Header{
					{Name: "Access-Control-Allow-Origin", Value: "*"}, {Name: "access-control-allow-credentials", Value: "true"}, {Name: "Access-Control-Allow-Methods", Value: "DELETE"},
					{Name: "Access-Control-Expose-Headers", Value: "x-secret"}, {Name: "Vary", Value: "Accept"},
				}
			}
			x := get("X-Other", "1")
			if test.origin != "" {
				x.Request.Header.Add("origin", test.origin)
			}
			if !g.serve("a/r", x) {
				t.Error("the request was answered")
			}
			want := []string{"Vary: Accept", "Vary: Origin"}
			if test.allowed {
				want = []string{"Vary: Accept", "Access-Control-Allow-Origin: " + test.origin, "Access-Control-Expose-Headers: x-c", "Vary: Origin"}
			}
			if diff := cmp.Diff(want, corsLines(x)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTwoOriginsAreNone(t *testing.T) {
	g := one(t, filter.Deps{}, `{"backends": {"echo": {}}, "cors": {"origins": ["https://app.test"]}}`)
	x := get("Origin", "https://app.test", "Origin", "https://app.test")
	g.serve("a/r", x)
	if diff := cmp.Diff([]string{"Vary: Origin"}, corsLines(x)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCORSMakesRefusalsReadable(t *testing.T) {
	g := one(t, filter.Deps{}, `{"backends": {"echo": {}}, "auth": {"apiKey": {}}, "cors": {"origins": ["https://app.test"]}}`)
	x := get("Origin", "https://app.test")
	g.serve("a/r", x)
	if x.Response.Status != 401 || x.Response.Header.Get("Access-Control-Allow-Origin") != "https://app.test" {
		t.Errorf("status %d with %v", x.Response.Status, x.Response.Header)
	}
}

func TestCORSAddsToVaryOnlyWhatIsMissing(t *testing.T) {
	g := one(t, filter.Deps{}, `{"backends": {"echo": {}}, "cors": {"origins": ["https://app.test"]}}`)
	for _, vary := range []string{"Accept, ORIGIN", "*"} {
		g.backend = func(x *exchange.Exchange) { x.Response.Header.Add("vary", vary) }
		x := get()
		g.serve("a/r", x)
		if diff := cmp.Diff([]string{"vary: " + vary}, corsLines(x)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestCORSConfigurationThatIsRefused(t *testing.T) {
	_, problems := compile(t, filter.Deps{}, `{"a": {"routes": {"r": {"backends": {"echo": {}}, "cors": {
		"origins": ["*", "app.test", "https://", "https://a.*.test", "https://*.", "https://*", "https://a.test/", "https://a\r\nb"],
		"methods": ["GET,PUT"], "allowHeaders": ["*", "a b"], "credentials": true}}}}}`)
	want := []string{
		"apis.a.routes.r.cors.origins.1 cors-origin", "apis.a.routes.r.cors.origins.2 cors-origin", "apis.a.routes.r.cors.origins.3 cors-origin",
		"apis.a.routes.r.cors.origins.4 cors-origin", "apis.a.routes.r.cors.origins.5 cors-origin", "apis.a.routes.r.cors.origins.6 cors-origin",
		"apis.a.routes.r.cors.origins.7 cors-origin", "apis.a.routes.r.cors cors-credentials", "apis.a.routes.r.cors.methods.0 cors-name",
		"apis.a.routes.r.cors.allowHeaders.1 cors-name", "apis.a.routes.r.cors.allowHeaders.0 cors-credentials",
	}
	if diff := cmp.Diff(want, codes(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
