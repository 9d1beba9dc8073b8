package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckActions(t *testing.T) {
	run(t, []test{
		{"nothing", func(g *schema.Gateway) {
			g.APIs["echo"].Routes["none"] = schema.Route{Match: prefix("/none")}
		}, []string{
			`error route-action apis.echo.routes.none: route "none" has none of backends, redirect and respond`,
			"  help: say where requests go: backends: NAME: {}, redirect: {...} or respond: {...}",
		}},
		{"a backend and a fixed response", only(func(r *schema.Route) { r.Respond = &schema.Respond{Status: 200} }), []string{
			`error route-action apis.echo.routes.default: route "default" has backends and respond, of which only one can be`,
			`  help: keep one of them; to send some requests elsewhere, write a second route beside "default"`,
		}},
		{"everything", only(func(r *schema.Route) {
			r.Respond, r.Redirect = &schema.Respond{Status: 200}, &schema.Redirect{Scheme: "https"}
		}), []string{
			`error route-action apis.echo.routes.default: route "default" has backends and redirect and respond, of which only one can be`,
			`  help: keep one of them; to send some requests elsewhere, write a second route beside "default"`,
		}},
	})
}
