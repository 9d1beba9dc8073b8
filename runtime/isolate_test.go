package runtime_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gwc.dev/runtime"
	"gwc.dev/runtime/source"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

// isolating runs a server with --isolate whose secrets are below the directory that it returns.
func isolating(t *testing.T, change ...func(*runtime.Options)) (*proxy, string) {
	t.Helper()
	dir := t.TempDir()
	return start(t, append(change, func(o *runtime.Options) { o.Isolate, o.SecretsDir = true, dir })...), dir
}

// withBilling adds an API below /billing that asks for the key of a consumer, and whose upstream's authority is a
// secret. The API of [gateway] takes everything else, from anybody.
func withBilling(url string) func(t *testing.T) func(*schema.Gateway, *schema.Route) {
	return func(t *testing.T) func(*schema.Gateway, *schema.Route) {
		return func(g *schema.Gateway, _ *schema.Route) {
			up := at(t, url)
			up.TLS = &schema.UpstreamTLS{CA: "billing/ca.crt"}
			g.Upstreams["billing"] = up
			g.Consumers = map[string]schema.Consumer{"ada": {APIKeys: map[string]schema.APIKey{"main": {Secret: "ada/key"}}}}
			g.APIs = map[string]schema.API{"billing": {Routes: map[string]schema.Route{"all": {
				Match:    &schema.Match{Path: &schema.PathMatch{Prefix: "/billing"}},
				Filters:  schema.Filters{Auth: &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}}, CORS: &schema.CORS{Origins: []string{"https://app.example.com"}}},
				Backends: map[string]schema.Backend{"billing": {Weight: 1}},
			}}}}
		}
	}
}

func isolated(s runtime.Status) (names []string) {
	for _, i := range s.Isolated {
		names = append(names, i.API+i.Consumer)
	}
	return names
}

func TestAnAPIThatCannotBeBuiltIsLeftOutAndHealed(t *testing.T) {
	backend := echo(t, "one")
	p, secrets := isolating(t)
	writeFile(t, filepath.Join(secrets, "ada", "key"), "s3cret")
	billing := withBilling("http://" + closedPort(t))(t)
	p.publish(gateway(t, backend.URL, billing))

	s := p.server.Status()
	want := []runtime.Isolated{{API: "billing", Problems: []runtime.Problem{{Path: "upstreams.billing.tls.ca", Code: "upstream-ca"}}}}
	if diff := cmp.Diff(want, s.Isolated, cmpopts.IgnoreFields(runtime.Problem{}, "Message", "Hint")); diff != "" {
		t.Errorf("isolated (-want +got):\n%s", diff)
	}
	if text := p.log.String(); !s.Ready || s.Refused != nil || !strings.Contains(text, `API \"billing\" is left out`) {
		t.Errorf("status %+v\n%s", s, text)
	}
	if text := p.get("/metrics").Body; !strings.Contains(text, "gwproxy_isolated_apis 1\n") || !strings.Contains(text, "gwproxy_isolated_consumers 0\n") {
		t.Error("the metric does not show it")
	}
	// The API next to it takes every path from anybody, and none of these.
	for _, r := range []struct{ method, path, field string }{
		{"GET", "/billing", "X: 1"}, {"GET", "/billing/x", "apikey: s3cret"}, {"POST", "/billing/x", "X: 1"},
		{"GET", "//billing/./x", "X: 1"}, {"OPTIONS", "/billing", "X: 1"},
	} {
		if a := p.do(r.method, r.path, r.field); a.Status != 503 || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: status %d %s", r.method, r.path, a.Status, a.Body)
		}
	}
	preflight := []string{"Origin: https://app.example.com", "Access-Control-Request-Method: GET"}
	if a := p.do("OPTIONS", "/billing", preflight...); a.Status != 503 {
		t.Errorf("a preflight: status %d", a.Status)
	}
	p.do("GET", "/billing", "X-Request-Id: left-out")
	if r := p.record("left-out"); r["api"] != "billing" || r["reason"] != "api-unavailable" {
		t.Errorf("access log %v", r)
	}
	if a := p.do("GET", "/other"); a.Status != 200 {
		t.Errorf("the other API: status %d", a.Status)
	}

	// The others go on updating.
	second := echo(t, "two")
	p.publish(gateway(t, second.URL, billing))
	if got := p.do("GET", "/other").echoed(t).Name; got != "two" {
		t.Errorf("the other API is served by %q", got)
	}

	pair(t, filepath.Join(secrets, "billing"), "billing.example.com")
	must(t, os.Rename(filepath.Join(secrets, "billing", "tls.crt"), filepath.Join(secrets, "billing", "ca.crt")))
	p.until("it is served", func() bool { return len(p.server.Status().Isolated) == 0 })
	if a := p.do("GET", "/billing"); a.Status != 401 {
		t.Errorf("without a key: status %d", a.Status)
	}
	if a := p.do("GET", "/billing", "apikey: s3cret"); a.Status != 502 { // nobody listens there
		t.Errorf("with a key: status %d", a.Status)
	}
	if text := p.get("/metrics").Body; !strings.Contains(text, "gwproxy_isolated_apis 0\n") || !strings.Contains(p.log.String(), `API \"billing\" is not left out any more`) {
		t.Error("neither metric nor log say that it is well again")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHealingOneAPITouchesNoOther(t *testing.T) {
	release, asked := make(chan struct{}), make(chan struct{}, 1)
	backend := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			asked <- struct{}{}
			<-release
		}
	})
	p, secrets := isolating(t)
	writeFile(t, filepath.Join(secrets, "ada", "key"), "s3cret")
	p.publish(gateway(t, backend.URL, withBilling("http://"+closedPort(t))(t), func(_ *schema.Gateway, r *schema.Route) {
		r.RateLimit = &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"hour": {Requests: 2, Per: "hour", By: "ip"}}}
	}))
	under := make(chan answer, 1)
	url := p.url()
	go func() {
		r, err := http.NewRequest(http.MethodGet, url+"/slow", http.NoBody) //nolint:noctx // it outlives nothing
		if err != nil {
			t.Error(err)
		}
		under <- send(t, client(t), r)
	}()
	<-asked
	pair(t, filepath.Join(secrets, "billing"), "billing.example.com")
	must(t, os.Rename(filepath.Join(secrets, "billing", "tls.crt"), filepath.Join(secrets, "billing", "ca.crt")))
	p.until("it is served", func() bool { return len(p.server.Status().Isolated) == 0 })
	close(release)
	if a := <-under; a.Status != 200 {
		t.Errorf("the request under way: status %d", a.Status)
	}
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Errorf("the second request of two: status %d", a.Status)
	}
	if a := p.do("GET", "/"); a.Status != 429 {
		t.Errorf("the third: status %d: the limit began anew", a.Status)
	}
}

func TestAConsumerWithoutAKeyIsLeftOutAndTheOthersAreServed(t *testing.T) {
	backend := echo(t, "one")
	model := func(allow *schema.Allow) *schema.Gateway {
		return gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) {
			g.Consumers = map[string]schema.Consumer{
				"ada": {APIKeys: map[string]schema.APIKey{"main": {Secret: "ada/key"}}},
				"bob": {Groups: []string{"paid"}, APIKeys: map[string]schema.APIKey{"main": {Secret: "bob/key"}}},
			}
			keyed := schema.Route{
				Match:    &schema.Match{Path: &schema.PathMatch{Prefix: "/keyed"}},
				Filters:  schema.Filters{Auth: &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}}},
				Backends: map[string]schema.Backend{"echo": {Weight: 1}},
			}
			paid := keyed
			paid.Match = &schema.Match{Path: &schema.PathMatch{Prefix: "/paid"}}
			paid.Auth = &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}, Allow: allow}
			g.APIs = map[string]schema.API{
				"keyed": {Routes: map[string]schema.Route{"all": keyed}}, "paid": {Routes: map[string]schema.Route{"all": paid}},
			}
		})
	}
	p, secrets := isolating(t)
	writeFile(t, filepath.Join(secrets, "ada", "key"), "a-key")
	p.publish(model(&schema.Allow{Groups: []string{"paid"}}))
	// Only bob may use paid, and nobody can be told to be bob.
	if diff := cmp.Diff([]string{"bob", "paid"}, isolated(p.server.Status())); diff != "" {
		t.Errorf("isolated (-want +got):\n%s", diff)
	}
	problem := p.server.Status().Isolated[0].Problems[0]
	if problem.Path != "consumers.bob.apiKeys.main.secret" || !strings.Contains(problem.Message, "no such file") {
		t.Errorf("problem %+v", problem)
	}
	for path, want := range map[string]int{"/keyed": 200, "/paid": 503, "/": 200} {
		if a := p.do("GET", path, "apikey: a-key"); a.Status != want {
			t.Errorf("%s: status %d, want %d", path, a.Status, want)
		}
	}
	if a := p.do("GET", "/keyed", "apikey: b-key"); a.Status != 401 {
		t.Errorf("bob: status %d", a.Status)
	}
	if text := p.get("/metrics").Body; !strings.Contains(text, "gwproxy_isolated_apis 1\n") || !strings.Contains(text, "gwproxy_isolated_consumers 1\n") {
		t.Error("the metrics do not show it")
	}
	writeFile(t, filepath.Join(secrets, "bob", "key"), "b-key")
	p.until("bob is recognised", func() bool { return len(p.server.Status().Isolated) == 0 })
	if a := p.do("GET", "/paid", "apikey: b-key"); a.Status != 200 {
		t.Errorf("bob: status %d", a.Status)
	}
}

// What serves goes on with the secret that it has: a rotation that goes wrong takes nothing out of service.
func TestASecretThatGoesAwayIsolatesNothingThatServes(t *testing.T) {
	backend := echo(t, "one")
	secrets := t.TempDir()
	writeFile(t, filepath.Join(secrets, "ada", "key"), "a-key")
	p := start(t, func(o *runtime.Options) { o.Isolate, o.SecretsDir = true, secrets })
	keyed := func(g *schema.Gateway, r *schema.Route) {
		g.Consumers = map[string]schema.Consumer{"ada": {APIKeys: map[string]schema.APIKey{"main": {Secret: "ada/key"}}}}
		r.Auth = &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}}
		g.APIs = map[string]schema.API{"open": {Routes: map[string]schema.Route{"all": {
			Match: &schema.Match{Path: &schema.PathMatch{Prefix: "/open"}}, Respond: &schema.Respond{Status: 204},
		}}}}
	}
	p.publish(gateway(t, backend.URL, keyed))
	must(t, os.Remove(filepath.Join(secrets, "ada", "key")))
	p.until("the status says so", func() bool { return strings.Contains(p.server.Status().SecretsError, "no such file") })
	if a := p.do("GET", "/", "apikey: a-key"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
	if got := isolated(p.server.Status()); got != nil {
		t.Errorf("isolated %v", got)
	}
}

func TestWhatCannotBeIsolatedIsRefused(t *testing.T) {
	backend := echo(t, "one")
	billing := withBilling("http://" + closedPort(t))(t)
	tests := map[string]struct {
		change func(*schema.Gateway, *schema.Route)
		path   string
	}{
		"a listener's certificate": {func(g *schema.Gateway, r *schema.Route) { billing(g, r); withTLS(g, r) }, "listeners.https.tls.certificates.default.secret"},
		// Its requests would go to the other API, which asks for no key.
		"a match": {func(g *schema.Gateway, r *schema.Route) {
			billing(g, r)
			route := g.APIs["billing"].Routes["all"]
			route.Match = &schema.Match{Path: &schema.PathMatch{Regex: "(?!x)"}}
			g.APIs["billing"].Routes["all"] = route
		}, "apis.billing.routes.all.match.path.regex"},
		"a host": {func(g *schema.Gateway, r *schema.Route) {
			billing(g, r)
			g.APIs["billing"] = schema.API{Hosts: []string{"-?"}, Routes: g.APIs["billing"].Routes}
		}, "apis.billing.hosts.0"},
		"an upstream that no API uses": {func(g *schema.Gateway, r *schema.Route) {
			billing(g, r)
			delete(g.APIs, "billing")
		}, "upstreams.billing.tls.ca"},
		"every API": {func(g *schema.Gateway, r *schema.Route) {
			billing(g, r)
			r.Backends = map[string]schema.Backend{"billing": {Weight: 1}}
		}, "upstreams.billing.tls.ca"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, secrets := isolating(t)
			writeFile(t, filepath.Join(secrets, "ada", "key"), "s3cret")
			p.publish(gateway(t, backend.URL))
			refused := p.refused(p.seal(gateway(t, backend.URL, test.change)))
			paths := map[string]bool{}
			for _, problem := range refused.Problems {
				paths[problem.Path] = true
			}
			if refused.Reason != "model" || !paths[test.path] {
				t.Errorf("refused for %q at %v, want %s", refused.Reason, paths, test.path)
			}
			if a := p.do("GET", "/billing"); a.Status != 200 {
				t.Errorf("the bundle before: status %d", a.Status)
			}
		})
	}
}

func TestWithoutIsolateABrokenAPIRefusesTheBundle(t *testing.T) {
	secrets := t.TempDir()
	p := start(t, func(o *runtime.Options) { o.SecretsDir = secrets })
	refused := p.refused(p.seal(gateway(t, "http://127.0.0.1:1", withBilling("http://127.0.0.1:1")(t))))
	var paths []string
	for _, problem := range refused.Problems {
		paths = append(paths, problem.Path)
	}
	if diff := cmp.Diff([]string{"consumers.ada.apiKeys.main.secret", "upstreams.billing.tls.ca"}, paths); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// A missing secret is named with the line of the user's that asks for it, also once the table was built again.
func TestWhatIsIsolatedNamesTheUsersLine(t *testing.T) {
	p, secrets := isolating(t)
	model := gateway(t, "http://127.0.0.1:1", withBilling("http://127.0.0.1:1")(t), func(g *schema.Gateway, r *schema.Route) {
		g.APIs["second"] = schema.API{Routes: map[string]schema.Route{"all": {
			Match: &schema.Match{Path: &schema.PathMatch{Prefix: "/second"}}, Filters: schema.Filters{Auth: &schema.Auth{}}, Respond: &schema.Respond{Status: 204},
		}}}
		// What "gwc vet" does not let pass, in the place whose position the harness knows.
		r.Auth = &schema.Auth{}
	})
	p.feed <- source.Update{Data: p.seal(model), Origin: "test"}
	position := func() string {
		for _, i := range p.server.Status().Isolated {
			if i.API == "echo" {
				return i.Problems[0].Position
			}
		}
		return ""
	}
	p.until("the refusal names all of it", func() bool { return p.server.Status().Refused != nil }) // no API is left
	delete(model.APIs, "second")
	model.APIs["third"] = schema.API{Routes: map[string]schema.Route{"all": {
		Match: &schema.Match{Path: &schema.PathMatch{Prefix: "/third"}}, Respond: &schema.Respond{Status: 204},
	}}}
	p.publish(model)
	if got := position(); got != "gateway.cue:7:3" {
		t.Errorf("position %q", got)
	}
	writeFile(t, filepath.Join(secrets, "ada", "key"), "s3cret")
	p.until("the table was built again", func() bool { return !strings.Contains(strings.Join(isolated(p.server.Status()), " "), "ada") })
	if got := position(); got != "gateway.cue:7:3" {
		t.Errorf("position after a rebuild %q", got)
	}
}

func TestAColdStartServesWhatCanBeBuilt(t *testing.T) {
	backend := echo(t, "one")
	state := t.TempDir()
	p, secrets := isolating(t, func(o *runtime.Options) { o.StateDir = state })
	writeFile(t, filepath.Join(secrets, "ada", "key"), "s3cret")
	p.publish(gateway(t, backend.URL, withBilling("http://127.0.0.1:1")(t)))
	p.until("the bundle is on disk", func() bool {
		files, _ := os.ReadDir(state)
		return len(files) > 0
	})
	p.halt()
	again, _ := isolating(t, func(o *runtime.Options) { o.StateDir, o.Keys = state, []bundle.PublicKey{p.key.Public()} })
	again.until("it serves", func() bool { return again.server.Status().Active != nil })
	if diff := cmp.Diff([]string{"ada", "billing"}, isolated(again.server.Status())); diff != "" {
		t.Errorf("isolated (-want +got):\n%s", diff)
	}
	if a := again.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
}
