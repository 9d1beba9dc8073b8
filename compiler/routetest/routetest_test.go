package routetest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routetest"
	"gwc.dev/schema"
)

// A nowhere locates every place at its path.
type nowhere struct{}

func (nowhere) Position(path schema.Path) diag.Position { return diag.Position{File: string(path)} }

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// suite prepares tests, given as JSON by name, of a model, given as JSON.
func suite(t *testing.T, model, tests string) (*routetest.Suite, diag.List) {
	t.Helper()
	g, err := schema.Decode([]byte(`{"environment": "test",` + model + `, "tests": {` + tests + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	return routetest.New(g.Resolve(), g.Tests, nowhere{}, now)
}

// usable is suite for tests that nothing is wrong with.
func usable(t *testing.T, model, tests string) *routetest.Suite {
	t.Helper()
	s, findings := suite(t, model, tests)
	for _, f := range findings {
		t.Fatalf("%s: %s", f.Path, f.Message)
	}
	return s
}

// failures are the differences that a run finds, as text.
func failures(results []routetest.Result) []string {
	var out []string
	for _, r := range results {
		for _, d := range r.Differences {
			out = append(out, fmt.Sprintf("%s: %s (%s)", d.Position, d, r.Got))
		}
	}
	return out
}

const shop = `
	"listeners": {
		"web": {"port": 443, "tls": {"certificates": {}}},
		"inside": {"port": 8080, "hosts": ["*.internal"]},
		"public": {"port": 80, "hosts": ["shop.example.com"], "redirect": {"listener": "web"}}},
	"upstreams": {"cart": {"endpoints": {}}, "stock": {"endpoints": {}}},
	"consumers": {
		"ann": {"groups": ["gold"], "apiKeys": {"a": {"secret": "ann/key"}}},
		"bob": {"apiKeys": {"a": {"sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}}},
		"tim": {"groups": ["gold"]}},
	"apis": {"shop": {"routes": {
		"cart": {
			"match": {"path": {"prefix": "/cart"}, "methods": ["GET", "PUT"]},
			"auth": {"apiKey": {}, "jwt": {"issuer": "us", "audiences": ["shop"], "jwks": {"inline": {"keys": []}},
				"requiredClaims": {"scope": "cart"}, "forwardClaims": {"x-who": "sub"}}, "allow": {"groups": ["gold"]}},
			"rateLimit": {"one": {"requests": 1, "per": "day", "by": "route"}},
			"rewrite": {"prefix": "/", "host": "cart.internal"},
			"backends": {"cart": {"weight": 1}, "stock": {"weight": 2}}},
		"keyed": {
			"match": {"path": {"prefix": "/cart"}, "headers": {"apikey": {"present": true}}},
			"auth": {"apiKey": {"header": "x-key", "forward": true}},
			"backends": {"cart": {"weight": 1}}}}}}`

func TestRun(t *testing.T) {
	s := usable(t, shop, `
		"again":   {"request": {"url": "https://a/cart/1", "consumer": "ann"}, "want": {"status": 200, "limit": "one"}},
		"again2":  {"request": {"url": "https://a/cart/1", "consumer": "ann"}, "want": {"status": 200}},
		"digest":  {"request": {"url": "https://a/cart/1", "consumer": "bob"}, "want": {"status": 403}},
		"token":   {"request": {"url": "http://b.internal/cart/a?b", "claims": {"sub": "tim", "scope": "cart"}},
			"want": {"route": "shop/cart", "backends": {"cart": 33.33, "stock": 66.7},
				"upstream": {"path": "/a", "host": "cart.internal", "headers": {"x-who": {"exact": "tim"}, "authorization": {"present": false}}}}},
		"late":    {"request": {"url": "https://a/cart", "claims": {"sub": "tim", "scope": "cart", "exp": 1}}, "want": {"status": 401}},
		"strange": {"request": {"url": "https://a/cart", "claims": {"sub": "bob", "scope": "cart"}}, "want": {"status": 403}},
		"own":     {"request": {"url": "https://a/cart", "consumer": "ann", "headers": {"APIKEY": "wrong"}}, "want": {"route": "shop/cart", "status": 401}},
		"head":    {"request": {"url": "https://a/cart", "consumer": "ann", "method": "HEAD"}, "want": {"none": true, "status": 404}},
		"forward": {"request": {"url": "https://a/cart", "method": "POST", "consumer": "ann", "headers": {"apikey": "x"}},
			"want": {"route": "shop/keyed", "upstream": {"headers": {"x-key": {"regex": ".*ann"}}}}},
		"host":    {"request": {"url": "http://other:8080/cart"}, "want": {"none": true}},
		"tls":     {"request": {"url": "http://shop.example.com/a/../b?c"}, "want": {"status": 308, "responseHeaders": {"location": {"exact": "https://shop.example.com/b?c"}}}},
		"hidden":  {"request": {"url": "https://a/cart%2f..%2fadmin"}, "want": {"status": 400, "none": true}},
		"reads":   {"request": {"url": "https://a/other%2Fcart"}, "want": {"status": 404}}`)
	if got := failures(s.Run()); len(got) > 0 {
		t.Errorf("failures:\n%s", strings.Join(got, "\n"))
	}
}

func TestEveryWantCanFail(t *testing.T) {
	s := usable(t, shop, `
		"all": {"request": {"url": "https://a/cart/1", "consumer": "ann"}, "want": {
			"route": "shop/keyed", "status": 204, "backends": {"cart": 50, "stock": 50}, "limit": "one",
			"upstream": {"path": "/", "host": "a", "headers": {"x": {"exact": ""}, "apikey": {"present": true}}},
			"responseHeaders": {"RateLimit": {"regex": "r=0"}, "Server": {"exact": "a"}, "ratelimit-policy": {"present": false}}}},
		"none": {"request": {"url": "https://a/cart/1"}, "want": {"none": true}},
		"limit": {"request": {"url": "https://a/cart/1"}, "want": {"limit": "one"}}`)
	want := []string{
		`tests.all.want.route: want route shop/keyed, got shop/cart (route shop/cart, status 200)`,
		`tests.all.want.status: want status 204, got 200 (route shop/cart, status 200)`,
		`tests.all.want.backends: want backends cart 50%, stock 50%, got cart 33.3%, stock 66.7% (route shop/cart, status 200)`,
		`tests.all.want.upstream.path: want upstream path /, got /1 (route shop/cart, status 200)`,
		`tests.all.want.upstream.host: want upstream host a, got cart.internal (route shop/cart, status 200)`,
		`tests.all.want.upstream.headers.apikey: want upstream header apikey present, got none (route shop/cart, status 200)`,
		`tests.all.want.upstream.headers.x: want upstream header x "", got none (route shop/cart, status 200)`,
		`tests.all.want.responseHeaders.RateLimit: want response header RateLimit matching "r=0", got "\"one\";r=0;t=86400" (route shop/cart, status 200)`,
		`tests.all.want.responseHeaders.Server: want response header Server "a", got none (route shop/cart, status 200)`,
		`tests.all.want.responseHeaders.ratelimit-policy: want response header ratelimit-policy none, got "\"one\";q=1;w=86400" (route shop/cart, status 200)`,
		`tests.limit.want.limit: want limit one, got none (route shop/cart, status 401 auth-missing)`,
		`tests.none.want.none: want route none, got shop/cart (route shop/cart, status 401 auth-missing)`,
	}
	if diff := cmp.Diff(want, failures(s.Run())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFindings(t *testing.T) {
	s, findings := suite(t, shop+`,"trustedProxies": []`, `
		"fine":     {"request": {"url": "https://a/"}, "want": {"status": 404}},
		"scheme":   {"request": {"url": "http://a:443/"}, "want": {"status": 404}},
		"many":     {"request": {"url": "http://a/"}, "want": {"status": 404}},
		"host":     {"request": {"url": "https://.a/"}, "want": {"status": 404}},
		"keyless":  {"request": {"url": "https://a/", "consumer": "tim"}, "want": {"status": 404}},
		"nobody":   {"request": {"url": "https://a/", "consumer": "amn"}, "want": {"status": 404}},
		"wire":     {"request": {"url": "https://a/", "headers": {"x_forwarded_for": "b"}}, "want": {"status": 404}},
		"route":    {"request": {"url": "https://a/"}, "want": {"route": "shop/card"}},
		"api":      {"request": {"url": "https://a/"}, "want": {"route": "bank/cart"}},
		"backends": {"request": {"url": "https://a/"}, "want": {"backends": {"cart": 90, "stok": 9}}},
		"limit":    {"request": {"url": "https://a/"}, "want": {"limit": "two"}},
		"both":     {"request": {"url": "https://a/"}, "want": {"none": true, "upstream": {"path": "/"}}},
		"empty":    {"request": {"url": "https://a/"}, "want": {"upstream": {}}},
		"value":    {"request": {"url": "https://a/"}, "want": {"responseHeaders": {"a": {}, "b": {"regex": "["}}}}`)
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%s: %s [%s] %s", f.Path, f.Message, f.Code, f.Hint))
	}
	want := []string{
		`tests.api.want.route: there is no API "bank" [test-api-unknown] `,
		`tests.backends.want.backends.stok: there is no upstream "stok" [test-upstream-unknown] did you mean "stock"?`,
		`tests.backends.want.backends: the shares add up to 99% and not to 100% [test-shares] write the shares of all backends, in percent`,
		`tests.both.want: without a route there is no route, backend, limit or setting to want [test-contradiction] remove one of them`,
		`tests.empty.want: the test wants nothing [test-empty] write a route, a status, backends, ...`,
		`tests.host.request.url: ".a" is not a host [test-url] write for instance "https://api.example.com/echo"`,
		`tests.keyless.request.consumer: consumer "tim" has no API key to call with [test-consumer-keyless] write what their token says in claims`,
		`tests.limit.want.limit: there is no limit "two" [test-limit-unknown] `,
		`tests.many.request.url: several listeners take http://a: inside, public [test-listener] write the port of one of them: inside is http on port 8080, public is http on port 80, web is https on port 443`,
		`tests.nobody.request.consumer: there is no consumer "amn" [test-consumer-unknown] did you mean "ann"?`,
		`tests.route.want.route: there is no route "shop/card" [test-route-unknown] did you mean "shop/cart"?`,
		`tests.scheme.request.url: no listener takes http://a:443 [test-listener] inside is http on port 8080, public is http on port 80, web is https on port 443`,
		`tests.value.want.responseHeaders.a: what is wanted of "a" has 0 of exact, regex and present [test-value] set exactly one of exact, regex and present`,
		"tests.value.want.responseHeaders.b.regex: the expression cannot be used: error parsing regexp: missing closing ]: `[` [test-regex] write an RE2 expression",
		`tests.wire.request.headers.x_forwarded_for: header "x_forwarded_for" is the connection's or the gateway's: no test can send it [test-header] leave it out; host and client address have fields of their own`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if results := s.Run(); len(results) != 1 || results[0].Name != "fine" {
		t.Errorf("ran %v, want the one that nothing is wrong with", results)
	}
}

func TestAModelThatIsNoTableHasNoSuite(t *testing.T) {
	s, findings := suite(t, `"apis": {"a": {"routes": {"b": {}}}}`, ``)
	if s != nil || len(findings) != 1 || findings[0].Code != "route-action" {
		t.Errorf("suite %v, findings %v", s, findings)
	}
}

const branches = `
	"listeners": {"http": {"port": 80, "hosts": ["h"]}, "other": {"port": 81}, "away": {"port": 82, "redirect": {"listener": "other"}}},
	"upstreams": {"up": {"endpoints": {}}},
	"apis": {"a": {"listeners": ["http", "away"], "routes": {"b": {
		"match": {"methods": ["GET", "PUT"], "headers": {"X-A": {"exact": "1"}}, "query": {"q r": {"present": true}}},
		"cors": {"origins": ["https://x"]}, "auth": {"apiKey": {}},
		"headers": {"request": {"set": {"a": "b"}}},
		"backends": {"up": {"weight": 1}}}}}},
	"consumers": {"ann": {"apiKeys": {"a": {"secret": "ann/key"}}}}`

func TestCoverage(t *testing.T) {
	all := []string{
		"route a/b", "method GET of a/b", "method PUT of a/b", "header X-A of a/b not as matched",
		"query parameter q r of a/b not as matched", "filter cors of a/b", "filter auth of a/b", "filter headers.request of a/b",
	}
	tests := []struct {
		name, request string
		want          []string
	}{
		{"elsewhere", `"url": "http://h:80/"`, nil},
		{"refused", `"url": "http://h:80/?q+r", "headers": {"x-a": "1"}`, []string{all[0], all[1], all[5], all[6]}},
		{"whole", `"url": "http://h:80/?q%20r=1", "method": "PUT", "headers": {"x-a": "1"}, "consumer": "ann"`, []string{all[0], all[2], all[5], all[6], all[7]}},
		{"preflight", `"url": "http://h:80/?q+r", "method": "OPTIONS", "headers": {"x-a": "1", "origin": "https://x", "access-control-request-method": "PUT"}`,
			[]string{all[0], all[2], all[5]}},
		{"header", `"url": "http://h:80/?q+r", "headers": {"x-a": "2"}`, all[3:4]},
		{"query", `"url": "http://h:80/?q", "headers": {"x-a": "1"}`, all[4:5]},
		{"other method", `"url": "http://h:80/?q", "method": "POST", "headers": {"x-a": "1"}`, nil},
		{"other host", `"url": "http://i:80/?q", "headers": {"x-a": "1"}`, nil},
		{"other path", `"url": "http://h:80/..%2f?q", "headers": {"x-a": "1"}`, nil},
		{"redirect", `"url": "http://h:82/?q", "headers": {"x-a": "1"}`, nil},
		{"other listener", `"url": "http://h:81/?q", "headers": {"x-a": "1"}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := usable(t, branches, `"t": {"request": {`+test.request+`}, "want": {"status": 1}}`)
			s.Run()
			var texts, got []string
			for _, p := range s.Coverage() {
				texts = append(texts, p.Text)
				if p.Covered {
					got = append(got, p.Text)
				}
			}
			if diff := cmp.Diff(all, texts); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("covered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMissingNamesARouteForAllOfIt(t *testing.T) {
	s := usable(t, branches, `"t": {"request": {"url": "http://h:80/?q", "headers": {"x-a": "1"}}, "want": {"none": true}}`)
	s.Run()
	c := s.Coverage()
	got := c.Missing()
	if len(got) != 1 || got[0].Text != "route a/b" || got[0].Inside != 6 || c.Covered() != 1 || c.Percent() != 12.5 {
		t.Errorf("missing %+v, covered %d, %v%%", got, c.Covered(), c.Percent())
	}
}

// Generated tests hold, and reach every route that can be reached.
func TestGenerate(t *testing.T) {
	const model = shop + `,"targets": {}`
	s := usable(t, model, `"shop-cart": {"request": {"url": "https://a/"}, "want": {"none": true}}`)
	s.Run()
	tests, missed, err := s.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if len(missed) > 0 {
		t.Errorf("missed %v", missed)
	}
	if got := slices.Sorted(maps.Keys(tests)); !slices.Equal(got, []string{"shop-cart-2", "shop-cart-PUT", "shop-keyed"}) {
		t.Errorf("tests %v", got)
	}
	g, err := schema.Decode([]byte(`{"environment": "test",` + model + `}`))
	if err != nil {
		t.Fatal(err)
	}
	again, findings := routetest.New(g.Resolve(), tests, nowhere{}, now)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	results := again.Run()
	if got := failures(results); len(got) > 0 {
		t.Errorf("failures:\n%s", strings.Join(got, "\n"))
	}
	for _, r := range results {
		if r.Got.Status != 200 {
			t.Errorf("%s: %s, want a caller who passes", r.Name, r.Got)
		}
	}
	if more, _, _ := again.Generate(); len(more) > 0 {
		t.Errorf("%v is still not reached", more)
	}
}

// What the gateway tells backends about clients is there before a route is looked for, and is covered and generated like
// anything else.
func TestRoutesMatchWhatTheGatewayWrites(t *testing.T) {
	const model = `"listeners": {"http": {"port": 80}, "https": {"port": 443, "tls": {"certificates": {}}}},
		"apis": {"a": {"routes": {
			"plain": {"match": {"path": {"prefix": "/"}, "headers": {"x-forwarded-proto": {"exact": "http"}}}, "respond": {}},
			"tls": {"match": {"path": {"prefix": "/"}}, "respond": {}}}}}`
	s := usable(t, model, `
		"http": {"request": {"url": "http://shop/"}, "want": {"route": "a/plain"}},
		"https": {"request": {"url": "https://shop/"}, "want": {"route": "a/tls"}}`)
	if found := failures(s.Run()); len(found) > 0 {
		t.Errorf("%v", found)
	}
	if missing := s.Coverage().Missing(); len(missing) > 0 {
		t.Errorf("missing are %v", missing)
	}
	bare := usable(t, model, ``)
	if tests, missed, err := bare.Generate(); err != nil || len(missed) > 0 {
		t.Errorf("generated are %v, missed %v, %v", tests, missed, err)
	}
}
