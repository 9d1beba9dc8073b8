package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckBackends(t *testing.T) {
	run(t, []test{
		{"an upstream that is nearly there", only(func(r *schema.Route) { r.Backends["ehco"] = schema.Backend{Weight: 1} }), []string{
			`error upstream-unknown apis.echo.routes.default.backends.ehco: route "default" sends requests to upstream "ehco", which does not exist`,
			`  help: write "echo", or define it: upstreams: "ehco": endpoints: main: {host: ..., port: ...}`,
		}},
		{"an upstream that is not there", only(func(r *schema.Route) { r.Backends["users"] = schema.Backend{Weight: 1} }), []string{
			`error upstream-unknown apis.echo.routes.default.backends.users: route "default" sends requests to upstream "users", which does not exist`,
			`  help: define it: upstreams: "users": endpoints: main: {host: ..., port: ...}`,
		}},
	})
}
