package runtime_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle/atomic"
)

// reference is the design's example.
func reference(t *testing.T, one, two string) *schema.Gateway {
	t.Helper()
	g := gateway(t, one, func(g *schema.Gateway, r *schema.Route) {
		g.Upstreams["echo-v2"] = at(t, two)
		g.Consumers = map[string]schema.Consumer{"example-user": {
			Groups: []string{"free"}, APIKeys: map[string]schema.APIKey{"primary": {Secret: "example-user/api-key"}},
		}}
		v2 := "v2"
		g.APIs = map[string]schema.API{"echo": {
			Owner: "team-platform", Hosts: []string{"api.example.com"},
			Filters: schema.Filters{
				Auth: &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}},
				RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{
					"perMinute": {Requests: 5, Per: "minute", By: "consumer"},
				}},
				CORS: &schema.CORS{Origins: []string{"https://app.example.com"}, Credentials: true},
			},
			Routes: map[string]schema.Route{"v2": {
				Match: &schema.Match{
					Path: &schema.PathMatch{Prefix: "/echo"}, Methods: []string{"GET", "POST"},
					Headers: map[string]schema.ValueMatch{"x-api-version": {Exact: &v2}},
				},
				Rewrite: &schema.Rewrite{Prefix: "/"}, Backends: map[string]schema.Backend{"echo-v2": {Weight: 1}},
			}},
		}}
		r.Match = &schema.Match{Path: &schema.PathMatch{Prefix: "/echo"}, Methods: []string{"GET", "POST"}}
		r.Rewrite = &schema.Rewrite{Prefix: "/"}
		r.Timeout = schema.Duration(10 * time.Second)
		r.Headers = &schema.Headers{
			Request:  &schema.HeaderChange{Set: map[string]string{"x-api-version": "v1"}},
			Response: &schema.HeaderChange{Set: map[string]string{"x-api-gateway": "gwc"}, Remove: []string{"server"}},
		}
	})
	return g
}

func TestTheReferenceGatewayIsServedFromAFile(t *testing.T) {
	one, two := echo(t, "one"), echo(t, "two")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "secrets", "example-user", "api-key"), "the-key\n")
	file := filepath.Join(dir, "gateway.bundle")
	p := start(t, func(o *runtime.Options) {
		o.Bundles, o.Source, o.SecretsDir = nil, "file:"+file, filepath.Join(dir, "secrets")
		o.PollInterval = 50 * time.Millisecond // where the machine has no watches left
	})
	if err := atomic.WriteFile(file, p.seal(reference(t, one.URL, two.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.until("the file is served", func() bool { return p.server.Status().Active != nil })

	const host = "Host: api.example.com"
	if a := p.do("GET", "/echo/a", host); a.Status != 401 || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("without a key: status %d", a.Status)
	}
	if a := p.do("GET", "/echo/a", host, "apikey: wrong"); a.Status != 401 {
		t.Errorf("with a wrong key: status %d", a.Status)
	}
	preflight := p.do("OPTIONS", "/echo/a", host, "Origin: https://app.example.com", "Access-Control-Request-Method: POST")
	if preflight.Status/100 != 2 || preflight.Header.Get("Access-Control-Allow-Origin") != "https://app.example.com" {
		t.Errorf("preflight: status %d, %v", preflight.Status, preflight.Header)
	}
	a := p.do("GET", "/echo/a?x=1", host, "apikey: the-key", "X-Request-Id: known", "Origin: https://app.example.com")
	got := a.echoed(t)
	if a.Status != 200 || got.Name != "one" || got.Target != "/a?x=1" || got.Header.Get("X-Api-Version") != "v1" || got.Header.Get("Apikey") != "" {
		t.Errorf("with a key: status %d, %+v", a.Status, got)
	}
	if a.Header.Get("X-Api-Gateway") != "gwc" || a.Header.Get("Server") != "" || a.Header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("answer's fields %v", a.Header)
	}
	if r := p.record("known"); r["consumer"] != "example-user" {
		t.Errorf("access log %v", r)
	}
	if a := p.do("GET", "/echo/a", host, "apikey: the-key", "x-api-version: v2"); a.Status != 200 || a.echoed(t).Name != "two" {
		t.Errorf("canary by header: status %d", a.Status)
	}
	for i := 3; i <= 6; i++ {
		a = p.do("GET", "/echo/a", host, "apikey: the-key")
		if want := map[bool]int{true: 200, false: 429}[i <= 5]; a.Status != want {
			t.Errorf("request %d: status %d, want %d", i, a.Status, want)
		}
	}
	if a.Header.Get("Retry-After") == "" {
		t.Error("a limited request is not told when to come back")
	}
	if a := p.do("GET", "/echo/a", "Host: else.example.com", "apikey: the-key"); a.Status != 404 {
		t.Errorf("another host: status %d", a.Status)
	}
	metrics := p.get("/metrics").Body
	for _, line := range []string{
		`gwproxy_rate_limited_total{api="echo",route="default",window="perMinute"} 1`,
		`gwproxy_auth_failures_total{api="echo",reason=`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("there is no line %q", line)
		}
	}

	// A swap leaves what has not changed alone: the tokens stay spent. A new key works once it is mounted.
	second := reference(t, one.URL, two.URL)
	second.APIs["echo"].Routes["extra"] = schema.Route{
		Match: &schema.Match{Path: &schema.PathMatch{Exact: "/extra"}}, Respond: &schema.Respond{Status: 200, Body: "new"},
		Filters: schema.Filters{Auth: &schema.Auth{Disabled: true}, RateLimit: &schema.RateLimit{Disabled: true}},
	}
	if err := atomic.WriteFile(file, p.seal(second), 0o600); err != nil {
		t.Fatal(err)
	}
	p.until("the new revision is served", func() bool { return p.server.Status().Active.Serial == 2 })
	if a := p.do("GET", "/extra", host); a.Status != 200 || a.Body != "new" {
		t.Errorf("a new route: status %d %q", a.Status, a.Body)
	}
	if a := p.do("GET", "/echo/a", host, "apikey: the-key"); a.Status != 429 {
		t.Errorf("after a swap: status %d, want the limit to hold", a.Status)
	}
	writeFile(t, filepath.Join(dir, "secrets", "example-user", "api-key"), "another-key\n")
	p.until("the old key is refused", func() bool { return p.do("GET", "/echo/a", host, "apikey: the-key").Status == 401 })
	if a := p.do("GET", "/echo/a", host, "apikey: another-key"); a.Status != 429 {
		t.Errorf("with the new key: status %d, want the limit of the same consumer", a.Status)
	}
}

func TestACanaryTakesItsShare(t *testing.T) {
	one, two := echo(t, "one"), echo(t, "two")
	p := start(t)
	p.publish(gateway(t, one.URL, func(g *schema.Gateway, r *schema.Route) {
		g.Upstreams["two"] = at(t, two.URL)
		r.Backends = map[string]schema.Backend{"echo": {Weight: 90}, "two": {Weight: 10}}
	}))
	seen := map[string]int{}
	c := client(t)
	for range 100 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url(), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		seen[send(t, c, r).echoed(t).Name]++
	}
	if seen["one"] != 90 || seen["two"] != 10 {
		t.Errorf("shares %v", seen)
	}
}

func TestASourceThatFailsIsToldAndAskedAgain(t *testing.T) {
	backend := echo(t, "one")
	file := filepath.Join(t.TempDir(), "none", "gateway.bundle")
	p := start(t, func(o *runtime.Options) { o.Bundles, o.Source, o.PollInterval = nil, "file:"+file, 50*time.Millisecond })
	p.until("the status says why", func() bool { return strings.Contains(p.server.Status().Source.LastError, "gateway.bundle") })
	if n := strings.Count(p.log.String(), "reading the bundle source"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
	writeFile(t, file, string(p.seal(gateway(t, backend.URL))))
	p.until("it is served once it is there", func() bool { return p.server.Status().Active != nil })
}

// token returns a JSON Web Token, signed with EdDSA.
func token(t *testing.T, k ed25519.PrivateKey, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := part(map[string]string{"alg": "EdDSA", "kid": "one"}) + "." + part(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(k, []byte(signed)))
}

func TestTokensAreChecked(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public))
	issuer := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, set) })
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) {
		r.Auth = &schema.Auth{JWT: &schema.JWTAuth{
			Issuer: "https://issuer.example.com", Audiences: []string{"users"}, JWKS: schema.JWKS{URL: issuer.URL},
			ForwardClaims: map[string]string{"x-user": "sub"},
		}}
	}))
	claims := map[string]any{
		"iss": "https://issuer.example.com", "aud": "users", "sub": "me", "exp": time.Now().Add(time.Hour).Unix(),
	}
	good := token(t, private, claims)
	p.until("the keys are fetched", func() bool { return p.do("GET", "/", "Authorization: Bearer "+good).Status == 200 })
	got := p.do("GET", "/", "Authorization: Bearer "+good, "X-User: you", "X-Request-Id: token").echoed(t)
	if user := got.Header["X-User"]; len(user) != 1 || user[0] != "me" {
		t.Errorf("the backend was told the user %q", user)
	}
	if r := p.record("token"); r["consumer"] != "me" {
		t.Errorf("access log %v", r)
	}
	for name, bad := range map[string]string{"none": "", "forged": token(t, other, claims), "cut": good[:len(good)-4]} {
		if a := p.do("GET", "/", "Authorization: Bearer "+bad); a.Status != 401 {
			t.Errorf("%s: status %d", name, a.Status)
		}
	}
	keys := p.server.Status().JWKS
	if len(keys) != 1 || keys[0].URL != issuer.URL || keys[0].Keys != 1 || keys[0].LastSuccess == nil {
		t.Errorf("status %+v", keys)
	}
}
