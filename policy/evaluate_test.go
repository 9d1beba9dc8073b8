package policy_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
	"gwc.dev/policy"
	"gwc.dev/schema"
)

const second = schema.Duration(time.Second)

// lax breaks every rule of the library.
func lax() *schema.Gateway {
	toBackend := map[string]schema.Backend{"echo": {Weight: 1}}
	token := strings.Join([]string{"eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJhIn0", "c2ln"}, ".")
	return (&schema.Gateway{
		Environment: "production",
		Listeners: map[string]schema.Listener{
			"http":  {Port: 8080},
			"https": {Port: 8443, TLS: &schema.ListenerTLS{}},
		},
		TrustedProxies: []string{"10.0.0.0/8", "0.0.0.0/0"},
		Upstreams:      map[string]schema.Upstream{"echo": {Endpoints: map[string]schema.Endpoint{"main": {Host: "echo", Port: 80, Weight: 1}}}},
		APIs: map[string]schema.API{
			"open": {Routes: map[string]schema.Route{
				"all": {Backends: toBackend},
				"cors": {
					Match: &schema.Match{Methods: []string{"GET"}},
					Filters: schema.Filters{
						CORS:      &schema.CORS{Origins: []string{"*"}, Credentials: true},
						RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"w": {Requests: 1, Per: "minute", By: "header", Header: "x-tenant"}}},
						Timeout:   90 * second,
					},
					Backends: toBackend,
				},
			}},
			"closed": {
				Owner: "team",
				Hosts: []string{"api.example.com", "*.example.com"},
				Filters: schema.Filters{
					Auth: &schema.Auth{
						APIKey: &schema.APIKeyAuth{Header: "apikey", Query: "key"},
						JWT:    &schema.JWTAuth{Issuer: "https://id.example.com", JWKS: schema.JWKS{URL: "http://id.example.com/keys"}},
					},
					Timeout: 10 * second,
				},
				Routes: map[string]schema.Route{
					"retry": {
						Match:    &schema.Match{Path: &schema.PathMatch{Prefix: "/a"}, Methods: []string{"POST"}},
						Backends: toBackend,
						Filters: schema.Filters{
							Retry:   &schema.Retry{Attempts: 1, On: []string{"503"}, Methods: []string{"POST"}},
							Headers: &schema.Headers{Request: &schema.HeaderChange{Set: map[string]string{"x-upstream.v1": token}}},
						},
					},
					"old": {Filters: schema.Filters{Auth: &schema.Auth{Disabled: true}}, Redirect: &schema.Redirect{Scheme: "http", Status: 301}},
				},
			},
		},
	}).Resolve()
}

// strict is a production gateway as the library wants it.
func strict() *schema.Gateway {
	toBackend := map[string]schema.Backend{"echo": {Weight: 1}}
	return (&schema.Gateway{
		Environment: "production",
		Listeners: map[string]schema.Listener{
			"http":  {Port: 8080, Redirect: &schema.ListenerRedirect{Listener: "https", Status: 308}},
			"https": {Port: 8443, TLS: &schema.ListenerTLS{}},
		},
		TrustedProxies: []string{"10.0.0.0/8"},
		Upstreams:      map[string]schema.Upstream{"echo": {Endpoints: map[string]schema.Endpoint{"main": {Host: "echo", Port: 80, Weight: 1}}}},
		Consumers:      map[string]schema.Consumer{"user": {APIKeys: map[string]schema.APIKey{"primary": {Secret: "user/api-key"}}}},
		APIs: map[string]schema.API{"echo": {
			Owner: "team-platform",
			Hosts: []string{"api.example.com"},
			Filters: schema.Filters{
				Auth: &schema.Auth{
					APIKey: &schema.APIKeyAuth{Header: "apikey"},
					JWT:    &schema.JWTAuth{Issuer: "https://id.example.com", Audiences: []string{"echo"}, JWKS: schema.JWKS{URL: "https://id.example.com/keys"}},
				},
				RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"w": {Requests: 60, Per: "minute", By: "ip"}}},
				CORS:      &schema.CORS{Origins: []string{"https://app.example.com"}, Credentials: true},
				Headers:   &schema.Headers{Request: &schema.HeaderChange{Set: map[string]string{"x-api-version": "v1"}}},
				Timeout:   60 * second,
				Retry:     &schema.Retry{Attempts: 1, On: []string{"connect-failure", "503"}, Methods: []string{"GET", "PUT"}},
			},
			Routes: map[string]schema.Route{
				"default": {Backends: toBackend},
				"health": {
					Match:    &schema.Match{Path: &schema.PathMatch{Exact: "/health"}, Methods: []string{"GET"}},
					Filters:  schema.Filters{Auth: &schema.Auth{Disabled: true}},
					Backends: toBackend,
				},
				"old":    {Filters: schema.Filters{Auth: &schema.Auth{Disabled: true}}, Redirect: &schema.Redirect{Host: "new.example.com", Status: 301}},
				"teapot": {Filters: schema.Filters{Auth: &schema.Auth{Disabled: true}}, Respond: &schema.Respond{Status: 418, Body: "no coffee"}},
			},
		}},
	}).Resolve()
}

func TestEvaluateFindsWhatBreaksRules(t *testing.T) {
	engine := newEngine(t, policy.Options{})
	findings := evaluate(t, engine, lax())
	var got []string
	for _, f := range findings {
		got = append(got, f.Severity.String()+" "+f.Code+" "+string(f.Path))
	}
	want := []string{
		"error cors-wildcard-credentials apis.open.routes.cors.cors.origins.0",
		"error jwks-plain-http apis.closed.routes.retry.auth.jwt.jwks.url",
		"error jwt-without-audience apis.closed.routes.retry.auth.jwt",
		`error literal-secret apis.closed.routes.retry.headers.request.set."x-upstream.v1"`,
		"error plaintext-listener listeners.http",
		"error redirect-to-http apis.closed.routes.old.redirect.scheme",
		"error retry-non-idempotent apis.closed.routes.retry.retry",
		"error trusted-proxies-any trustedProxies.1",
		"error write-without-auth apis.open.routes.all",
		"warning api-key-in-query apis.closed.routes.retry.auth.apiKey.query",
		"warning missing-owner apis.open",
		"warning public-without-rate-limit apis.open.routes.all",
		"warning rate-limit-by-client-header apis.open.routes.cors.rateLimit",
		"warning timeout-missing apis.open.routes.all",
		"warning timeout-too-long apis.open.routes.cors.timeout",
		"warning wildcard-host apis.closed.hosts.1",
		"warning wildcard-host apis.open",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	unseen := map[string]bool{}
	for _, r := range engine.Rules() {
		unseen[r.Code] = true
	}
	for _, f := range findings {
		delete(unseen, f.Code)
		if f.Message == "" || f.Hint == "" {
			t.Errorf("%s lacks a message or help: %+v", f.Code, f)
		}
		if !exists(t, lax(), f.Path) {
			t.Errorf("%s names %s, which the model does not have", f.Code, f.Path)
		}
	}
	if len(unseen) > 0 {
		t.Errorf("rules that this model does not break: %v", slices.Sorted(maps.Keys(unseen)))
	}
}

func TestEvaluateLeavesSoundGatewaysAlone(t *testing.T) {
	findings := evaluate(t, newEngine(t, policy.Options{}), strict())
	if d := cmp.Diff(diag.List(nil), findings); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

func TestEvaluateWithHostileNames(t *testing.T) {
	const name = "a.\"b\"\n\x00%s\u202e"
	g := (&schema.Gateway{APIs: map[string]schema.API{name: {Routes: map[string]schema.Route{name: {
		Backends: map[string]schema.Backend{name: {}},
		Filters:  schema.Filters{Headers: &schema.Headers{Request: &schema.HeaderChange{Set: map[string]string{"authorization": name}}}},
	}}}}}).Resolve()
	findings := evaluate(t, newEngine(t, policy.Options{}), g)
	if len(findings) < 4 {
		t.Fatalf("got %d findings", len(findings))
	}
	for _, f := range findings {
		names := f.Path.Names()
		if names[1] != name || !exists(t, g, f.Path) {
			t.Errorf("%s names %q", f.Code, f.Path)
		}
		if strings.ContainsAny(f.Message, "\n\x00") {
			t.Errorf("%s prints control characters: %q", f.Code, f.Message)
		}
	}
}

func TestEvaluateEmptyModel(t *testing.T) {
	if findings := evaluate(t, newEngine(t, policy.Options{}), &schema.Gateway{}); len(findings) > 0 {
		t.Errorf("findings: %v", findings)
	}
}

func TestEvaluateEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	engine := newEngine(t, policy.Options{})
	cancel()
	if _, err := engine.Evaluate(ctx, lax()); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}

// TestEvaluateStopsRunawayRules holds that a rule that would run for hours, or fill the memory, is named and
// that the others have their say.
func TestEvaluateStopsRunawayRules(t *testing.T) {
	const loop = `some i in numbers.range(1, 2000)
	some j in numbers.range(1, 2000)
	some k in numbers.range(1, 2000)
	i + j + k == 0`
	for _, test := range []struct {
		name, body, code, message string
		o                         policy.Options
	}{
		{
			name: "loop", body: loop, o: policy.Options{Timeout: 200 * time.Millisecond},
			code: "policy-timeout", message: `rule "runaway" (package gwc.user.runaway) was stopped after 200ms`,
		},
		{
			name: "range", body: `count(numbers.range(1, 1000000000)) == 0`, o: policy.Options{Memory: 16 << 20, Timeout: time.Minute},
			code: "policy-memory", message: `rule "runaway" (package gwc.user.runaway) was stopped: it needs more than 16 MiB`,
		},
		{
			name: "comprehension", body: `count([name | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); name := sprintf("%01000d/%d", [i, j])]) == 0`,
			o: policy.Options{Memory: 16 << 20, Timeout: time.Minute}, code: "policy-memory", message: `rule "runaway" (package gwc.user.runaway) was stopped: it needs more than 16 MiB`,
		},
		{
			name: "addresses", body: `count(net.cidr_expand("::/0")) == 0`, o: policy.Options{Memory: 16 << 20, Timeout: time.Minute},
			code: "policy-memory", message: `rule "runaway" (package gwc.user.runaway) was stopped: it needs more than 16 MiB`,
		},
		{
			name: "failing built-in", body: `time.parse_duration_ns(input.environment) > 0`,
			code: "policy-error", message: `rule "runaway" (package gwc.user.runaway) failed: time.parse_duration_ns: time: invalid duration "production"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "runaway.rego", rule("runaway", test.body))
			test.o.Dirs, test.o.Base = []string{dir}, dir
			start := time.Now()
			findings := evaluate(t, newEngine(t, test.o), lax())
			if took := time.Since(start); took > time.Minute {
				t.Errorf("it took %s", took)
			}
			i := slices.IndexFunc(findings, func(f diag.Finding) bool { return f.Code == test.code })
			if i < 0 {
				t.Fatalf("no finding %s in %v", test.code, findings)
			}
			if got := findings[i]; got.Message != test.message || got.Position.File != "runaway.rego" {
				t.Errorf("got %s: %s, want runaway.rego: %s", got.Position, got.Message, test.message)
			}
			if len(findings) != 18 {
				t.Errorf("got %d findings, want one besides the library's 17: %v", len(findings), findings)
			}
		})
	}
}

func evaluate(t testing.TB, e *policy.Engine, g *schema.Gateway) diag.List {
	t.Helper()
	findings, err := e.Evaluate(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// rule returns a rule whose deny holds where body does.
func rule(name, body string) string {
	return "# METADATA\n# title: T\n# custom:\n#   code: " + name + "\n#   severity: warning\npackage gwc.user." + name +
		"\n\ndeny contains {\"path\": [], \"message\": \"m\"} if {\n\t" + body + "\n}\n"
}

// exists reports whether the model has something at path.
func exists(t *testing.T, g *schema.Gateway, path schema.Path) bool {
	t.Helper()
	data, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for _, name := range path.Names() {
		switch at := v.(type) {
		case map[string]any:
			below, ok := at[name]
			if !ok {
				return false
			}
			v = below
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(at) {
				return false
			}
			v = at[i]
		default:
			return false
		}
	}
	return true
}
