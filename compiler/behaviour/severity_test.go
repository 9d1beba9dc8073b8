package behaviour_test

import (
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// What is asked of callers, or let in, has its severity in both directions.
func TestSeverities(t *testing.T) {
	for _, test := range []struct {
		name            string
		from, to        string // in rich
		severity, other diff.Class
	}{
		{"method gone", `"methods": ["GET", "POST"], "headers"`, `"methods": ["GET"], "headers"`, diff.Breaking, diff.Risky},
		{"host gone", `"hosts": ["api.test", "www.test"], "listeners"`, `"hosts": ["api.test"], "listeners"`, diff.Breaking, diff.Risky},
		{"listener's host gone", `"port": 8443, "hosts": ["api.test", "www.test"]`, `"port": 8443, "hosts": ["api.test"]`, diff.Breaking, diff.Risky},
		{"no auth", `"auth": {"disabled": false, "apiKey": {"header": "x-own-key"`, `"auth": {"disabled": true, "apiKey": {"header": "x-own-key"`, diff.Risky, diff.Breaking},
		{"limit lowered", `"requests": 12`, `"requests": 11`, diff.Breaking, diff.Risky},
		{"burst lowered", `"requests": 12, "per": "minute", "by": "header", "header": "X-Tenant", "burst": 10`, `"requests": 12, "per": "minute", "by": "header", "header": "X-Tenant", "burst": 9`, diff.Breaking, diff.Risky},
		{"no limit", `"rateLimit": {"disabled": false, "perMinute": {"requests": 12`, `"rateLimit": {"disabled": true, "perMinute": {"requests": 12`, diff.Risky, diff.Breaking},
		{"CORS narrowed", `["https://app.test", "https://www12.test"]`, `["https://app.test"]`, diff.Breaking, diff.Risky},
		{"CORS methods narrowed", `["https://app.test", "https://www12.test"], "methods": ["GET", "POST"]`, `["https://app.test", "https://www12.test"], "methods": ["GET"]`, diff.Breaking, diff.Risky},
		{"timeout lowered", `"timeout": "12s"`, `"timeout": "11s"`, diff.Breaking, diff.Risky},
		{"body limit lowered", `"maxBodyBytes": 12000`, `"maxBodyBytes": 11000`, diff.Breaking, diff.Risky},
		{"every audience", `"audiences": ["shop", "web"], "jwks": {"inline"`, `"jwks": {"inline"`, diff.Risky, diff.Breaking},
		{"claim no longer required", `"jwks": {"inline": {"keys": []}}, "algorithms": ["RS256", "ES256"], "header": "X-Token",
					"requiredClaims": {"scope": "read", "level": 2}`, `"jwks": {"inline": {"keys": []}}, "algorithms": ["RS256", "ES256"], "header": "X-Token",
					"requiredClaims": {"scope": "read"}`, diff.Risky, diff.Breaking},
		{"anybody who is known", `"allow": {"consumers": ["carol"], "groups": ["gold"]}`, `"allow": {}`, diff.Risky, diff.Breaking},
		{"older TLS", `"minVersion": "1.3"`, `"minVersion": "1.2"`, diff.Risky, diff.Breaking},
		{"certificates asked for", `"optional": true`, `"optional": false`, diff.Breaking, diff.Risky},
		{"header bytes lowered", `"headerBytes": 60000`, `"headerBytes": 50000`, diff.Breaking, diff.Risky},
		{"route gone", `"gone": {"match": {"path": {"exact": "/gone"}}`, `"gone": {"match": {"path": {"exact": "/elsewhere"}}`, diff.Breaking, diff.Breaking},
	} {
		if strings.Count(rich, test.from) == 0 {
			t.Fatalf("%s: %s is not there", test.name, test.from)
		}
		old, new := decoded(t, rich), decoded(t, strings.ReplaceAll(rich, test.from, test.to))
		for _, way := range []struct {
			old, new *schema.Gateway
			want     diff.Class
		}{{old, new, test.severity}, {new, old, test.other}} {
			r, err := behaviour.Compare(way.old, way.new)
			if err != nil || len(r.Classes) == 0 {
				t.Fatalf("%s: %v, %v", test.name, r, err)
			}
			if c := r.Classes[0]; c.Severity != way.want {
				t.Errorf("%s, or back: %s: %s, want %s", test.name, c.Severity, c.Reason, way.want)
			}
		}
	}
}

// What is asked of tokens is judged by who is let in no longer.
func TestSeveritiesOfTokens(t *testing.T) {
	const one, two = `{"kid": "one", "kty": "OKP"}`, `{"kid": "two", "kty": "OKP"}`
	jwt := func(keys, rest string) *schema.Gateway {
		return decoded(t, `{"environment": "test", "listeners": {"http": {"port": 80}}, "apis": {"a": {"routes": {"r": {"respond": {},
			"auth": {"jwt": {"issuer": "i", "jwks": {"inline": {"keys": [`+keys+`]}}`+rest+`}}}}}`)
	}
	const limit = `, "rateLimit": {"w": {"requests": 9, "per": "day", "by": "consumer"}}`
	for name, test := range map[string]struct {
		old, new        *schema.Gateway
		severity, other diff.Class
	}{
		"a key gone":          {jwt(one+", "+two, "}}"), jwt(one, "}}"), diff.Breaking, diff.Risky},
		"another key":         {jwt(one, "}}"), jwt(two, "}}"), diff.Breaking, diff.Breaking},
		"a claim that counts": {jwt(one, `, "consumerClaim": "a"}}`+limit), jwt(one, `, "consumerClaim": "b"}}`+limit), diff.Risky, diff.Risky},
		"a claim that is allowed": {jwt(one, `, "consumerClaim": "a"}, "allow": {"consumers": ["ann"]}}`), jwt(one, `, "consumerClaim": "b"}, "allow": {"consumers": ["ann"]}}`),
			diff.Breaking, diff.Breaking},
		"groups that are allowed": {jwt(one, `, "groupsClaim": "a"}, "allow": {"groups": ["gold"]}}`), jwt(one, `, "groupsClaim": "b"}, "allow": {"groups": ["gold"]}}`),
			diff.Breaking, diff.Breaking},
	} {
		for _, way := range []struct {
			old, new *schema.Gateway
			want     diff.Class
		}{{test.old, test.new, test.severity}, {test.new, test.old, test.other}} {
			r, err := behaviour.Compare(way.old, way.new)
			if err != nil || len(r.Classes) != 1 {
				t.Fatalf("%s: %v, %v", name, r, err)
			}
			if c := r.Classes[0]; c.Severity != way.want {
				t.Errorf("%s, or back: %s: %s, want %s", name, c.Severity, c.Reason, way.want)
			}
		}
	}
}

func decoded(t *testing.T, text string) *schema.Gateway {
	t.Helper()
	g, err := schema.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}
