package filter_test

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestOneOfTwoWaysSuffices(t *testing.T) {
	i := theIssuer()
	g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {"apiKey": {"forward": true}, `+jwtConfig(t, `, "forward": true`)+`}}`)
	good := "Bearer " + i.sign(t, jose.EdDSA, "ed", i.ed, with(map[string]any{"sub": "tom"}), nil)
	bad := "Bearer " + i.sign(t, jose.EdDSA, "ed", i.ed, with(map[string]any{"exp": 1}), nil)
	tests := []struct {
		name       string
		header     []string
		reason     string
		consumer   string
		challenges []string
		left       []string
	}{
		{"neither", nil, "auth-missing", "", []string{`ApiKey realm="a"`, `Bearer realm="a"`}, nil},
		{"key", []string{"apikey", "first key"}, "", "ann", nil, []string{"apikey: first key"}},
		{"token", []string{"authorization", good}, "", "tom", nil, []string{"authorization: " + good}},
		{"both: what was not verified is not passed on", []string{"apikey", "first key", "authorization", bad}, "", "ann", nil, []string{"apikey: first key"}},
		{"bad key, good token", []string{"apikey", "wrong", "authorization", good}, "", "tom", nil, []string{"authorization: " + good}},
		{"bad key", []string{"apikey", "wrong"}, "key-unknown", "", []string{`ApiKey realm="a"`, `Bearer realm="a"`}, nil},
		{"bad token", []string{"authorization", bad}, "token-expired", "", []string{`ApiKey realm="a"`,
			`Bearer realm="a", error="invalid_token", error_description="The token has expired"`}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := get(test.header...)
			passed := g.serve("a/r", x)
			if x.Reason != test.reason || x.Caller.Consumer != test.consumer {
				t.Errorf("reason %q, consumer %q, want %q, %q", x.Reason, x.Caller.Consumer, test.reason, test.consumer)
			}
			var got []string
			for _, f := range x.Response.Header {
				if f.Name == "WWW-Authenticate" {
					got = append(got, f.Value)
				}
			}
			if diff := cmp.Diff(test.challenges, got); diff != "" {
				t.Errorf("challenges (-want +got):\n%s", diff)
			}
			if passed {
				if diff := cmp.Diff(test.left, lines(x.Request.Header, "apikey:", "authorization:")); diff != "" {
					t.Errorf("credentials (-want +got):\n%s", diff)
				}
			}
		})
	}
}
