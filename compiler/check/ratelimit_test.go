package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckRateLimits(t *testing.T) {
	run(t, []test{
		{"by a header without a name", limit(schema.RateLimitWindow{Requests: 1, Per: "minute", By: "header"}), []string{
			`error rate-limit-header apis.echo.routes.default.rateLimit.burst: window "burst" counts requests by a header that it does not name`,
			`  help: name it: by: "header", header: "x-tenant"`,
		}},
		{"a header that does not count", limit(schema.RateLimitWindow{Requests: 1, Per: "minute", By: "ip", Header: "x-tenant"}), []string{
			`error rate-limit-header apis.echo.routes.default.rateLimit.burst: window "burst" names header "x-tenant" and counts requests by ip`,
			`  help: write by: "header", or remove header`,
		}},
		{"by a header that is never there", limit(schema.RateLimitWindow{Requests: 1, Per: "minute", By: "header", Header: "X-Real-IP"}), []string{
			`error header-unseen apis.echo.routes.default.rateLimit.burst.header: header "X-Real-IP" is removed from every request, since clients could write anything there, and is never there for a filter: all requests are counted by address`,
			"  help: name a header field of your own",
		}},
		{"by a header is fine", limit(schema.RateLimitWindow{Requests: 1, Per: "minute", By: "header", Header: "x-tenant"}), nil},
		{"by consumer is fine with auth", limit(schema.RateLimitWindow{Requests: 1, Per: "minute", By: "consumer"}), nil},
		{"by consumer where some routes know none", func(g *schema.Gateway) {
			limit(schema.RateLimitWindow{Requests: 1, Per: "minute", By: "consumer"})(g)
			for _, name := range []string{"open", "open-too"} {
				g.APIs["echo"].Routes[name] = schema.Route{Match: prefix("/" + name), Backends: to("echo")}
			}
		}, []string{
			`warning rate-limit-anonymous apis.echo.routes.open.rateLimit.burst.by: window "burst" counts requests by consumer, and route "open" knows none without auth`,
			`  help: add auth, or write by: "ip", which is what requests are counted by as it stands`,
		}},
	})
}

// limit gives the API one window.
func limit(w schema.RateLimitWindow) func(*schema.Gateway) {
	return api(func(a *schema.API) {
		a.RateLimit = &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"burst": w}}
	})
}
