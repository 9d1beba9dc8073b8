package routetest_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour/sample"
	"gwc.dev/compiler/routetest"
	"gwc.dev/runtime"
	"gwc.dev/runtime/runtimetest"
	"gwc.dev/schema"
)

var (
	gateways   = flag.Int("gateways", 6, "how many random gateways are served and tested")
	seed       = flag.Uint64("seed", 1, "what their randomness begins with")
	everyField = []string{"X-A", "X-B", "Server", "Vary", "Location", "Content-Type", "Www-Authenticate", "Ratelimit-Policy", "Access-Control-Allow-Origin",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Max-Age"}
)

// Whatever a running gateway makes of a request, a test that wants just that holds.
func TestTestsSayWhatGatewaysDo(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, err := json.Marshal(r.Header)
		if err != nil {
			t.Error(err)
		}
		path, _, _ := strings.Cut(r.RequestURI, "?")
		w.Header().Set("Seen", path+" "+r.Host+" "+string(header))
	}))
	t.Cleanup(backend.Close)
	passed := 0
	for n := range uint64(*gateways) {
		r := rand.New(rand.NewPCG(*seed+n, 23))
		g := plainly(sample.Gateway(r))
		addresses := runtimetest.Serve(t, g.Resolve(), runtime.Options{RevealRoute: true, Upstream: func(string, string) string { return backend.Listener.Addr().String() }})
		tests := map[string]schema.Test{}
		for i := range 150 {
			for listener, address := range addresses {
				test, reached := observed(t, r, g, listener, address)
				tests[fmt.Sprintf("%s-%d", listener, i)] = test
				if reached {
					passed++
				}
			}
		}
		suite, findings := routetest.New(g.Resolve(), tests, nowhere{}, now)
		for _, f := range findings {
			t.Errorf("seed %d: %s: %s", *seed+n, f.Path, f.Message)
		}
		if suite == nil {
			return
		}
		for _, result := range suite.Run() {
			for _, d := range result.Differences {
				test, _ := json.Marshal(tests[result.Name])
				t.Errorf("seed %d: %s: %s (%s): %s", *seed+n, result.Name, d, result.Got, test)
			}
		}
		if t.Failed() {
			model, _ := g.Encode()
			t.Log(string(model))
			return
		}
	}
	if passed == 0 {
		t.Error("no request came to a backend")
	}
}

// plainly returns a gateway of which one connection shows everything: without TLS, and with limits that nobody comes to. Keys
// are known.
func plainly(g *schema.Gateway) *schema.Gateway {
	g = sample.Copy(g)
	for name, l := range g.Listeners {
		l.TLS = nil
		g.Listeners[name] = l
	}
	for name, u := range g.Upstreams {
		u.TLS, u.Protocol = nil, ""
		g.Upstreams[name] = u
	}
	for name, c := range g.Consumers {
		if len(c.APIKeys) > 0 {
			digest := sha256.Sum256([]byte("key of " + name))
			c.APIKeys = map[string]schema.APIKey{"k": {SHA256: hex.EncodeToString(digest[:])}}
		}
		g.Consumers[name] = c
	}
	for f := range sample.FiltersOf(g) {
		if f.Auth != nil && f.Auth.JWT != nil {
			f.Auth.JWT.JWKS = schema.JWKS{Inline: schema.JSON(`{"keys":[{"crv":"Ed25519","kid":"k","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)}
		}
		if f.RateLimit != nil {
			for name, w := range f.RateLimit.Windows {
				w.Requests, w.Burst = w.Requests*100_000, w.Burst*100_000
				f.RateLimit.Windows[name] = w
			}
		}
	}
	return g
}

// observed sends a random request to a listener, and returns the test that wants what came of it.
func observed(t *testing.T, r *rand.Rand, g *schema.Gateway, listener, address string) (test schema.Test, reached bool) {
	t.Helper()
	in := sample.Request(r)
	host := fmt.Sprintf("%s:%d", in.Host, g.Listeners[listener].Port)
	target := in.Path + []string{"", "", "", "", "/", "/.", "//x", "%2Fb", ";v=1", "/%62", "/%zz"}[r.IntN(11)]
	if query := in.RawQuery(); query != "" {
		target += "?" + query
	}
	if r.IntN(20) == 0 {
		target = strings.Replace(target+"?", "?", "?long="+strings.Repeat("a", []int{3000, 5000, 9000}[r.IntN(3)])+"&", 1)
	}
	test.Request = schema.TestRequest{Method: in.Method, URL: "http://" + host + target, Headers: map[string]string{}, Client: "127.0.0.1"}
	for _, f := range in.Header {
		if !strings.HasPrefix(f.Name, "x-forwarded") {
			test.Request.Headers[f.Name] = f.Value
		}
	}
	for _, name := range []string{"X-A", "X-B"} {
		if r.IntN(6) == 0 {
			test.Request.Headers[name] = "client"
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", in.Method, target, host)
	for name, value := range schema.Sorted(test.Request.Headers) {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	if consumer := slices.Sorted(maps.Keys(g.Consumers))[r.IntN(3)]; r.IntN(2) == 0 && len(g.Consumers[consumer].APIKeys) > 0 {
		test.Request.Consumer = consumer
		fmt.Fprintf(&b, "apikey: key of %[1]s\r\nX-Key: key of %[1]s\r\n", consumer)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, b.String()+"\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: in.Method})
	if err != nil {
		t.Fatalf("%s: %v", b.String(), err)
	}
	want := &test.Want
	want.Status, want.ResponseHeaders = got.StatusCode, map[string]schema.ValueMatch{}
	for _, name := range everyField {
		want.ResponseHeaders[name] = valueOf(got.Header, name)
	}
	if seen := got.Header.Get("Seen"); seen != "" {
		reached = true
		parts := strings.SplitN(seen, " ", 3)
		var header http.Header
		if err := json.Unmarshal([]byte(parts[2]), &header); err != nil {
			t.Fatal(err)
		}
		want.Upstream = &schema.TestUpstream{Path: parts[0], Host: parts[1], Headers: map[string]schema.ValueMatch{}}
		for _, name := range []string{"X-A", "X-B", "X-V", "Server", "Authorization", "X-User"} {
			want.Upstream.Headers[name] = valueOf(header, name)
		}
	}
	if want.Route = got.Header.Get("Gwproxy-Route"); want.Route == "none" || want.Route == "" {
		want.Route, want.None = "", true
	}
	return test, reached
}

func valueOf(h http.Header, name string) schema.ValueMatch {
	if values := h.Values(name); len(values) > 0 {
		return schema.ValueMatch{Exact: new(strings.Join(values, ", "))}
	}
	return schema.ValueMatch{Present: new(false)}
}
