package filter_test

import (
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestRequiredClaims(t *testing.T) {
	i := theIssuer()
	tests := []struct {
		required string
		ok       bool
	}{
		{`{"sub": "ann"}`, true}, {`{"sub": "bob"}`, false}, {`{"none": "x"}`, false}, {`{"none": false}`, false},
		{`{"level": 3}`, true}, {`{"level": 3.0}`, true}, {`{"level": 3e0}`, true}, {`{"level": 4}`, false}, {`{"level": "3"}`, false},
		{`{"big": 9007199254740993}`, true}, {`{"big": 9007199254740992}`, false}, {`{"huge": 1}`, false}, {`{"huge": 1e999999999}`, true},
		{`{"admin": true}`, true}, {`{"admin": false}`, false}, {`{"admin": "true"}`, false},
		{`{"roles": "ops"}`, true}, {`{"roles": "op"}`, false}, {`{"roles": "dev ops"}`, false},
		{`{"scope": "write"}`, true}, {`{"scope": "read write"}`, true}, {`{"scope": "wri"}`, false},
		{`{"sub": "ann", "admin": true}`, true}, {`{"sub": "ann", "admin": false}`, false},
		{`{"text": "b"}`, false}, {`{"object": "x"}`, false},
	}
	token := i.sign(t, jose.EdDSA, "ed", i.ed, with(map[string]any{
		"big": json.Number("9007199254740993"), "huge": json.Number("1e999999999"), "text": "a b", "object": map[string]any{"x": "x"},
	}), nil)
	for _, test := range tests {
		g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {`+jwtConfig(t, `, "requiredClaims": `+test.required)+`}}`)
		x := get("Authorization", "Bearer "+token)
		if g.serve("a/r", x) != test.ok || !test.ok && x.Reason != "token-claim" {
			t.Errorf("%s: reason %q, want accepted %v", test.required, x.Reason, test.ok)
		}
	}
}

func TestClaimsForTheBackend(t *testing.T) {
	i := theIssuer()
	const forward = `, "forwardClaims": {"x-user": "sub", "x-level": "level", "x-roles": "roles", "x-admin": "admin", "x-none": "none", "x-object": "object"}`
	g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {"apiKey": {}, `+jwtConfig(t, forward)+`}}`)
	forged := []string{"X-User", "root", "x-none", "forged", "x-object", "forged", "x-admin", "true", "x_user", "root", "X_None", "forged", "x-other", "mine"}
	send := func(claims map[string]any, header ...string) (bool, []string) {
		if claims != nil {
			header = append(header, "Authorization", "Bearer "+i.sign(t, jose.EdDSA, "ed", i.ed, with(claims), nil))
		}
		x := get(append(header, forged...)...)
		passed := g.serve("a/r", x)
		return passed, lines(x.Request.Header, "x")
	}
	passed, got := send(map[string]any{"object": map[string]any{"a": 1}})
	want := []string{"x-other: mine", "X-Admin: true", "X-Level: 3", "X-Roles: dev,ops", "X-User: ann"}
	if diff := cmp.Diff(want, got); !passed || diff != "" {
		t.Errorf("passed %v (-want +got):\n%s", passed, diff)
	}
	passed, got = send(nil, "apikey", "first key")
	if diff := cmp.Diff([]string{"x-other: mine"}, got); !passed || diff != "" {
		t.Errorf("by API key: passed %v (-want +got):\n%s", passed, diff)
	}
	for name, claims := range map[string]map[string]any{
		"line end": {"sub": "ann\r\nx-admin: true"}, "comma in an element": {"roles": []string{"a,ops"}}, "spaces": {"sub": " ann"}, "object in a list": {"roles": []any{map[string]any{}}},
	} {
		if passed, _ := send(claims); passed {
			t.Errorf("%s: the claim was passed on", name)
		}
	}
}

func TestGroupsOfATokensCaller(t *testing.T) {
	i := theIssuer()
	tests := []struct {
		name, config, allow string
		claims              map[string]any
		status              int
	}{
		{"the consumer's own", "", `{"groups": ["gold"]}`, nil, 200},
		{"of a caller who is no consumer", "", `{"groups": ["gold"]}`, map[string]any{"sub": "eve"}, 403},
		{"the token's", `, "groupsClaim": "roles"`, `{"groups": ["ops"]}`, nil, 200},
		{"the token's alone", `, "groupsClaim": "roles"`, `{"groups": ["gold"]}`, nil, 403},
		{"a token without the claim", `, "groupsClaim": "none"`, `{"groups": ["gold"]}`, nil, 403},
		{"by another claim", `, "consumerClaim": "client"`, `{"consumers": ["bob"]}`, map[string]any{"client": "bob"}, 200},
		{"without the claim", `, "consumerClaim": "client"`, `{"consumers": ["ann", ""]}`, nil, 403},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {`+jwtConfig(t, test.config)+`, "allow": `+test.allow+`}}`)
			x := get("Authorization", "Bearer "+i.sign(t, jose.EdDSA, "ed", i.ed, with(test.claims), nil))
			g.serve("a/r", x)
			if x.Response.Status != test.status {
				t.Errorf("status %d, reason %q, caller %+v, want %d", x.Response.Status, x.Reason, x.Caller, test.status)
			}
		})
	}
}
