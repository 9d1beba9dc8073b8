package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckUpstreams(t *testing.T) {
	run(t, []test{
		{"no endpoints", func(g *schema.Gateway) {
			change(g.Upstreams, "echo", func(u *schema.Upstream) { u.Endpoints = nil })
		}, []string{
			`error endpoint-missing upstreams.echo.endpoints: upstream "echo" has no endpoints`,
			`  help: add one: endpoints: main: {host: "echo.default.svc", port: 80}`,
		}},
		{"no endpoint in use", func(g *schema.Gateway) {
			change(g.Upstreams["echo"].Endpoints, "main", func(e *schema.Endpoint) { e.Weight = 0 })
		}, []string{
			`error weights-zero upstreams.echo.endpoints: all endpoints of upstream "echo" have weight 0, so that it can take no request`,
			"  help: give one endpoint a weight above 0",
		}},
		{"one endpoint twice", func(g *schema.Gateway) {
			g.Upstreams["echo"].Endpoints["more"] = schema.Endpoint{Host: "Echo.default.svc", Port: 80, Weight: 1}
		}, []string{
			`warning endpoint-duplicate upstreams.echo.endpoints.more: endpoints "main" and "more" of upstream "echo" are both echo.default.svc:80`,
			"  help: remove one of them; a larger share is a larger weight",
			"  upstreams.echo.endpoints.main: the other endpoint",
		}},
		{"one endpoint of two out of use is fine", func(g *schema.Gateway) {
			g.Upstreams["echo"].Endpoints["more"] = schema.Endpoint{Host: "echo.default.svc", Port: 81}
		}, nil},
	})
}
