package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckUnused(t *testing.T) {
	run(t, []test{
		{"an upstream", func(g *schema.Gateway) { g.Upstreams["echo-v2"] = g.Upstreams["echo"] }, []string{
			`warning unused-upstream upstreams.echo-v2: no route sends requests to upstream "echo-v2"`,
			`  help: remove it, or send requests to it: backends: "echo-v2": {}`,
		}},
		{"keys that no route asks for", only(func(r *schema.Route) { r.Auth = nil }), []string{
			`info unused-consumer consumers.alice.apiKeys: consumer "alice" has API keys, and no route asks for one`,
			"  help: add auth: apiKey: {} to an API, or remove the keys",
		}},
	})
}
