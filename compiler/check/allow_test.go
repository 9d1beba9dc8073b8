package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckAllow(t *testing.T) {
	run(t, []test{
		{"a consumer that is nearly there", only(func(r *schema.Route) { r.Auth.Allow = &schema.Allow{Consumers: []string{"alice", "alcie"}} }), []string{
			`error consumer-unknown apis.echo.routes.default.auth.allow.consumers.1: auth of route "default" allows consumer "alcie", which does not exist`,
			`  help: write "alice", or define it: consumers: "alcie": {...}`,
		}},
		{"a consumer that only a token could name", only(func(r *schema.Route) {
			r.Auth.Allow = &schema.Allow{Consumers: []string{"batch-job"}}
			r.Auth.JWT = &schema.JWTAuth{JWKS: schema.JWKS{URL: "https://issuer.example.com/keys"}}
		}), []string{
			`warning consumer-unknown apis.echo.routes.default.auth.allow.consumers.0: auth of route "default" allows consumer "batch-job", which does not exist; only a token could name it`,
			`  help: define it: consumers: "batch-job": {...}`,
		}},
		{"a group that nobody is in", only(func(r *schema.Route) { r.Auth.Allow = &schema.Allow{Groups: []string{"free", "fre", "gold"}} }), []string{
			`warning group-unknown apis.echo.routes.default.auth.allow.groups.1: auth of route "default" allows group "fre", which no consumer is in`,
			`  help: write "free", or put a consumer in it: consumers: NAME: groups: ["fre"]`,
			`warning group-unknown apis.echo.routes.default.auth.allow.groups.2: auth of route "default" allows group "gold", which no consumer is in`,
			`  help: put a consumer in it: consumers: NAME: groups: ["gold"]`,
		}},
		{"a group that tokens name is fine", only(func(r *schema.Route) {
			r.Auth.Allow = &schema.Allow{Groups: []string{"gold"}}
			r.Auth.JWT = &schema.JWTAuth{JWKS: schema.JWKS{URL: "https://issuer.example.com/keys"}, GroupsClaim: "groups"}
		}), nil},
		{"a group that tokens cannot name", only(func(r *schema.Route) {
			r.Auth.Allow = &schema.Allow{Groups: []string{"gold"}}
			r.Auth.JWT = &schema.JWTAuth{JWKS: schema.JWKS{URL: "https://issuer.example.com/keys"}}
		}), []string{
			`warning group-unknown apis.echo.routes.default.auth.allow.groups.0: auth of route "default" allows group "gold", which no consumer is in`,
			`  help: put a consumer in it: consumers: NAME: groups: ["gold"]`,
		}},
	})
}
