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
		{"API keys that nobody has beside tokens are fine", func(g *schema.Gateway) {
			g.Consumers = nil
			g.APIs["echo"].Routes["default"].Auth.JWT = &schema.JWTAuth{JWKS: schema.JWKS{URL: "https://issuer.example.com/keys"}}
		}, nil},
	})
}
