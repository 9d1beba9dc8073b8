package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckWeights(t *testing.T) {
	run(t, []test{
		{"no backend in use", only(func(r *schema.Route) { r.Backends["echo"] = schema.Backend{} }), []string{
			`error weights-zero apis.echo.routes.default.backends: all backends of route "default" have weight 0, so that it can send no request`,
			"  help: give one backend a weight above 0",
		}},
		{"one of two in use is fine", func(g *schema.Gateway) {
			g.Upstreams["echo-v2"] = g.Upstreams["echo"]
			g.APIs["echo"].Routes["default"].Backends["echo-v2"] = schema.Backend{}
		}, nil},
	})
}
