package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckDurations(t *testing.T) {
	run(t, []test{
		{"one try longer than all", only(func(r *schema.Route) {
			r.Timeout = second(2)
			r.Retry = &schema.Retry{Attempts: 1, PerTryTimeout: second(3), Backoff: second(4)}
		}), []string{
			`error duration-order apis.echo.routes.default.retry.backoff: backoff 4s lies above the timeout of route "default", 2s`,
			"  help: write a backoff below 2s, or a longer timeout",
			"  apis.echo.routes.default.timeout: the timeout",
			`error duration-order apis.echo.routes.default.retry.perTryTimeout: perTryTimeout 3s lies above the timeout of route "default", 2s`,
			"  help: write a perTryTimeout below 2s, or a longer timeout",
			"  apis.echo.routes.default.timeout: the timeout",
		}},
		{"no timeout, no bound to lie above", only(func(r *schema.Route) { r.Retry = &schema.Retry{Attempts: 1, PerTryTimeout: second(3)} }), nil},
		{"equal bounds are fine", only(func(r *schema.Route) {
			r.Timeout = second(2)
			r.Retry = &schema.Retry{Attempts: 1, PerTryTimeout: second(2)}
		}), nil},
		{"a connection may take longer than the whole", func(g *schema.Gateway) {
			change(g.Upstreams, "echo", func(u *schema.Upstream) { u.ConnectTimeout = second(7) })
			only(func(r *schema.Route) { r.Timeout = second(6) })(g)
		}, []string{
			`error duration-order apis.echo.routes.default.timeout: the timeout of route "default", 6s, ends before the connectTimeout of upstream "echo", 7s`,
			"  help: write a timeout above 7s, or a connectTimeout below 6s",
			"  upstreams.echo.connectTimeout: the longer bound",
		}},
		{"the default of connectTimeout above a short timeout is fine", only(func(r *schema.Route) { r.Timeout = second(1) }), nil},
		{"an objective that every answer meets", api(func(a *schema.API) {
			a.Timeout = second(1)
			a.SLO = &schema.SLO{Latency: &schema.SLOLatency{Quantile: 0.9, Below: second(2)}}
			a.Routes["more"] = schema.Route{Match: prefix("/more"), Backends: to("echo")}
		}), []string{
			`warning slo-unreachable apis.echo.slo.latency.below: the latency objective of API "echo", 2s, lies above the timeout of route "default", 1s`,
			"  help: write an objective below 1s: no answer takes longer",
			"  apis.echo.routes.default.timeout: the timeout",
		}},
	})
}
