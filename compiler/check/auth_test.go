package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckAuth(t *testing.T) {
	run(t, []test{
		{"no way to recognise anybody", only(func(r *schema.Route) { r.Auth = &schema.Auth{Allow: &schema.Allow{Groups: []string{"free"}}} }), []string{
			`error auth-empty apis.echo.routes.default.auth: auth of route "default" has neither apiKey nor jwt, so that it recognises nobody`,
			"  help: add auth: apiKey: {} or auth: jwt: {...}, or write auth: disabled: true",
			`info unused-consumer consumers.alice.apiKeys: consumer "alice" has API keys, and no route asks for one`,
			"  help: add auth: apiKey: {} to an API, or remove the keys",
		}},
		{"API keys that nobody has", func(g *schema.Gateway) { g.Consumers = nil }, []string{
			`warning auth-no-keys apis.echo.routes.default.auth.apiKey: route "default" asks for an API key and no consumer has one, so that nobody can call it`,
			`  help: give a consumer one: consumers: NAME: apiKeys: primary: secret: "NAME/api-key"`,
		}},
		{"keys and tokens where nobody can bring them", only(func(r *schema.Route) {
			r.Auth = &schema.Auth{
				APIKey: &schema.APIKeyAuth{Header: "X-Forwarded-Key"},
				JWT:    &schema.JWTAuth{Header: "Proxy-Authorization", JWKS: schema.JWKS{URL: "https://issuer.example.com/keys"}},
			}
		}), []string{
			`error header-unseen apis.echo.routes.default.auth.apiKey.header: header "X-Forwarded-Key" is removed from every request, since no proxy is trusted to write it, and is never there for a filter: no request brings a key in it`,
			"  help: name a header field of your own",
			`error header-unseen apis.echo.routes.default.auth.jwt.header: header "Proxy-Authorization" belongs to the connection and is never there for a filter: no request brings a token in it`,
			"  help: name a header field of your own",
		}},
		{"keys where the gateway writes", only(func(r *schema.Route) { r.Auth = &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "X-Request-Id"}} }), []string{
			`error header-unseen apis.echo.routes.default.auth.apiKey.header: header "X-Request-Id" is written by the gateway itself: no request brings a key in it`,
			"  help: name a header field of your own",
		}},
		{"API keys that nobody has beside tokens are fine", func(g *schema.Gateway) {
			g.Consumers = nil
			g.APIs["echo"].Routes["default"].Auth.JWT = &schema.JWTAuth{JWKS: schema.JWKS{URL: "https://issuer.example.com/keys"}}
		}, nil},
	})
}
