package explain_test

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gwc.dev/compiler"
	"gwc.dev/compiler/behaviour/sample"
	"gwc.dev/compiler/explain"
	"gwc.dev/compiler/routetest"
	"gwc.dev/runtime"
	"gwc.dev/runtime/runtimetest"
	"gwc.dev/schema"
)

// TestTheProxyDoesWhatIsExplained sends requests to the proxy, in all spellings, and holds what it does to what is explained.
func TestTheProxyDoesWhatIsExplained(t *testing.T) {
	var dirs []string
	for _, pattern := range []string{"../../environments/*/gateway.cue", "../../examples/*/gateway.cue"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		dirs = append(dirs, files...)
	}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			env, err := compiler.Load(dir, compiler.Options{})
			if err != nil || env.Model == nil {
				t.Fatal(err, env.Findings)
			}
			hold(t, servable(t, env.Model), 150)
		})
	}
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("random %d", seed), func(t *testing.T) {
			hold(t, servable(t, random(rand.New(rand.NewPCG(seed, 4))).Resolve()), 150)
		})
		t.Run(fmt.Sprintf("sample %d", seed), func(t *testing.T) { // of the whole schema
			hold(t, servable(t, sample.Gateway(rand.New(rand.NewPCG(seed, 4))).Resolve()), 150)
		})
	}
}

const apiKey = "the key of everybody"

// servable returns a model without what is another test's: TLS, tokens, limits that end.
func servable(t *testing.T, g *schema.Gateway) *schema.Gateway {
	t.Helper()
	data, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := schema.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range out.Listeners {
		l.TLS = nil
		out.Listeners[name] = l
	}
	for name, u := range out.Upstreams {
		u.TLS, u.Protocol = nil, ""
		out.Upstreams[name] = u
	}
	digest := sha256.Sum256([]byte(apiKey))
	out.Consumers = map[string]schema.Consumer{"everybody": {APIKeys: map[string]schema.APIKey{"main": {SHA256: hex.EncodeToString(digest[:])}}}}
	out.TrustedProxies = append(out.TrustedProxies, "127.0.0.1/32")
	for _, api := range out.APIs {
		for name, r := range api.Routes {
			if r.Auth != nil {
				r.Auth.JWT, r.Auth.Allow = nil, nil
			}
			if r.Auth != nil && r.Auth.APIKey == nil {
				r.Auth = nil
			}
			if r.RateLimit != nil {
				r.RateLimit = nil
			}
			api.Routes[name] = r
		}
	}
	return out
}

// hold sends n random requests and compares.
func hold(t *testing.T, g *schema.Gateway, n int) {
	t.Helper()
	addresses := serve(t, g)
	w := newWorld(t, g, rand.New(rand.NewPCG(7, uint64(len(g.APIs)))))
	taken := 0
	for range n {
		a := w.ask()
		listener := w.pick(slices.Sorted(maps.Keys(g.Listeners)))
		got := a.send(t, addresses[listener])
		want, err := a.explain(g, listener)
		switch {
		case err != nil && got.status != 400 && got.status != 405 && got.status != 414: // which the wire may find first
			t.Errorf("%s\nis answered with %d, and: %v", a, got.status, err)
		case err != nil:
			continue
		default:
			if difference := want.differs(got); difference != "" {
				t.Errorf("%sat %s: %s", a, listener, difference)
			}
			if want.Route != "" {
				taken++
			}
		}
		if t.Failed() {
			return
		}
	}
	if taken == 0 {
		t.Error("no request was taken")
	}
}

// An answer is the proxy's.
type answer struct {
	status int
	route  string
	seen   *seen // nil: no backend was asked
}

// seen is what a backend saw.
type seen struct{ Upstream, Target, Host string }

type way explain.Way

// differs says in what the proxy has done something else than is explained.
func (w *way) differs(got answer) string {
	route, took := w.Route, got.route
	if route == "" {
		route = "none"
	}
	if got.status == 414 && took == "" { // the wire refused it
		took = "none"
	}
	switch {
	case route != took:
		return fmt.Sprintf("route %s took it, want %s (%s)", took, route, w.Answer)
	case w.Answer != "" && !strings.Contains(w.Answer, fmt.Sprint(got.status)):
		return fmt.Sprintf("status %d, want %q", got.status, w.Answer)
	case w.Answer != "" && got.seen != nil, w.Answer == "" && got.seen == nil:
		return fmt.Sprintf("status %d, backend %v, want %q", got.status, got.seen, w.Answer)
	case got.seen == nil:
		return ""
	case got.seen.Target != w.Upstream.Path || got.seen.Host != w.Upstream.Host:
		return fmt.Sprintf("the backend saw %v, want %v", *got.seen, *w.Upstream)
	case !slices.ContainsFunc(w.Backends, func(b explain.Backend) bool { return b.Upstream == got.seen.Upstream }):
		return fmt.Sprintf("upstream %s got it, want one of %v", got.seen.Upstream, w.Backends)
	}
	return ""
}

// serve has the proxy's own runtime serve a model before stand-ins, and returns where its listeners are.
func serve(t *testing.T, g *schema.Gateway) map[string]string {
	t.Helper()
	upstreams := map[string]string{}
	for name := range g.Upstreams {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			saw, _ := json.Marshal(seen{name, r.RequestURI, r.Host}) // strings
			w.Header().Set("Seen", string(saw))
		}))
		t.Cleanup(server.Close)
		upstreams[name] = server.Listener.Addr().String()
	}
	return runtimetest.Serve(t, g, runtime.Options{
		RevealRoute: true, Upstream: func(upstream, _ string) string { return upstreams[upstream] },
	})
}

// An asked is a request as it is typed.
type asked struct {
	method, host, target string
	fields               []string
}

func (a *asked) String() string {
	return fmt.Sprintf("%s http://%s%s %q ", a.method, a.host, a.target, a.fields)
}

// explain says what a listener does with the request.
func (a *asked) explain(g *schema.Gateway, listener string) (*way, error) {
	fields := append(slices.Clone(a.fields), "Host: "+a.host) // the port in the URL is for the listener
	r, err := explain.Read(a.method, fmt.Sprintf("http://x:%d%s", g.Listeners[listener].Port, a.target), fields, "127.0.0.1")
	if err != nil {
		return nil, err
	}
	e, err := explain.Of(g, &compiler.Positions{}, r)
	if err != nil {
		return nil, err
	}
	if len(e.Ways) != 1 {
		return nil, fmt.Errorf("%d ways", len(e.Ways))
	}
	return (*way)(e.Ways[0]), nil
}

// send sends the request over a connection of its own, byte by byte as it is.
func (a *asked) send(t *testing.T, address string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := append([]string{a.method + " " + a.target + " HTTP/1.1", "Host: " + a.host, "Connection: close"}, a.fields...)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: a.method})
	if err != nil {
		t.Fatalf("%s: %v", a, err)
	}
	defer resp.Body.Close()
	out := answer{status: resp.StatusCode, route: resp.Header.Get("Gwproxy-Route")}
	if saw := resp.Header.Get("Seen"); saw != "" {
		out.seen = &seen{}
		if err := json.Unmarshal([]byte(saw), out.seen); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// A world is what requests of an environment are made of.
type world struct {
	*rand.Rand
	hosts, targets, methods, fields []string
}

func (w *world) pick(from []string) string { return from[w.IntN(len(from))] }

// newWorld takes requests apart that reach all that there is of the routes.
func newWorld(t *testing.T, g *schema.Gateway, r *rand.Rand) *world {
	t.Helper()
	suite, findings := routetest.New(g, nil, &compiler.Positions{}, time.Now())
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	tests, _, err := suite.Generate()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{r, []string{"other.test", "[::1]", "A.b_c-d.test."}, []string{"/", "/nowhere?q=1"}, []string{"GET", "POST", "OPTIONS"}, nil}
	for _, test := range schema.Sorted(tests) {
		_, rest, _ := strings.Cut(test.Request.URL, "://")
		slash := strings.IndexByte(rest, '/')
		for range 3 { // most requests are of those that routes are for
			w.hosts = append(w.hosts, strings.Split(rest[:slash], ":")[0])
			w.targets = append(w.targets, rest[slash:])
			w.methods = append(w.methods, cmp.Or(test.Request.Method, "GET"))
		}
		for name, value := range schema.Sorted(test.Request.Headers) {
			w.fields = append(w.fields, name+": "+value)
		}
	}
	w.fields = append(w.fields,
		"X-Forwarded-Proto: https", "X-Forwarded-For: 203.0.113.9", "X-Request-Id: mine", "Origin: https://app.example.com")
	for _, api := range schema.Sorted(g.APIs) {
		for _, r := range schema.Sorted(api.Routes) {
			if r.Auth != nil && r.Auth.APIKey != nil {
				w.fields = append(w.fields, r.Auth.APIKey.Header+": "+apiKey)
			}
			if r.CORS != nil && len(r.CORS.Origins) > 0 {
				w.fields = append(w.fields, "Origin: "+r.CORS.Origins[0])
			}
		}
	}
	return w
}

// spellings are added to paths.
var spellings = []string{"", "", "", "/", "/x", "//x", "/../x", "/%2e%2e", "%2Fx", ";v=1", "/a%20b", "/%7Ea", "/%zz", "/%C3%A9", "/a%3Bb/c", `/a"b`, "/a|b", "/%5Cx"}

func (w *world) ask() *asked {
	a := &asked{method: w.pick(w.methods), host: w.pick(w.hosts)}
	path, query, _ := strings.Cut(w.pick(w.targets), "?")
	a.target = strings.TrimSuffix(path, "/") + w.pick(spellings)
	if a.target == "" || a.target[0] != '/' {
		a.target = "/" + a.target
	}
	if query != "" && w.IntN(3) > 0 {
		a.target += "?" + query
	} else if w.IntN(4) == 0 {
		a.target += w.pick([]string{"?", "?apikey=1&x=2", "?q", "?a=%20&a=b"})
	}
	if w.IntN(3) == 0 {
		a.host += w.pick([]string{":8080", ":", ".", ":99999", ".."})
	}
	names := map[string]bool{}
	for range w.IntN(4) {
		field := w.pick(w.fields)
		if name, _, _ := strings.Cut(strings.ToLower(field), ":"); !names[name] {
			a.fields, names[name] = append(a.fields, field), true
		}
	}
	for _, field := range w.fields { // without its key a caller does not pass, which is presumed
		if strings.HasSuffix(field, ": "+apiKey) && !slices.Contains(a.fields, field) {
			a.fields = append(a.fields, field)
		}
	}
	if a.method == "OPTIONS" && w.IntN(2) == 0 {
		a.fields = append(a.fields, "Access-Control-Request-Method: "+w.pick(w.methods))
	}
	return a
}
