package check_test

import (
	"strings"
	"testing"

	"gwc.dev/schema"
)

func TestCheckEndpointHosts(t *testing.T) {
	run(t, []test{
		{"names and addresses are fine", hosts("a", "a_b.svc", "svc.", "10.0.0.7", "::1", "x--y.example", "1a"), nil},
		{"an IPv6 address in brackets", hosts("[::1]"), []string{
			`error endpoint-host upstreams.echo.endpoints.a.host: host "[::1]" of endpoint "a" is neither a host name nor an IP address`,
			`  help: write an IPv6 address without brackets: "::1"`,
		}},
		{"a host with a port", hosts("echo.svc:80"), []string{
			`error endpoint-host upstreams.echo.endpoints.a.host: host "echo.svc:80" of endpoint "a" is neither a host name nor an IP address`,
			`  help: write the port in its own field: {host: "echo.svc", port: 80}`,
		}},
		{"a number that is no address", hosts("10.0.0", "256.1.1.1"), []string{
			`error endpoint-host upstreams.echo.endpoints.a.host: host "10.0.0" of endpoint "a" is neither a host name nor an IP address`,
			"  help: write a name of letters, digits, '-' and '_' in labels of at most 63, or an IP address",
			`error endpoint-host upstreams.echo.endpoints.b.host: host "256.1.1.1" of endpoint "b" is neither a host name nor an IP address`,
			"  help: write a name of letters, digits, '-' and '_' in labels of at most 63, or an IP address",
		}},
		{"no name at all", hosts("a..b", "-a", "a-", ""), []string{
			`error endpoint-host upstreams.echo.endpoints.a.host: host "a..b" of endpoint "a" is neither a host name nor an IP address`,
			"  help: write a name of letters, digits, '-' and '_' in labels of at most 63, or an IP address",
			`error endpoint-host upstreams.echo.endpoints.b.host: host "-a" of endpoint "b" is neither a host name nor an IP address`,
			"  help: write a name of letters, digits, '-' and '_' in labels of at most 63, or an IP address",
			`error endpoint-host upstreams.echo.endpoints.c.host: host "a-" of endpoint "c" is neither a host name nor an IP address`,
			"  help: write a name of letters, digits, '-' and '_' in labels of at most 63, or an IP address",
			`error endpoint-host upstreams.echo.endpoints.d.host: host "" of endpoint "d" is neither a host name nor an IP address`,
			"  help: write a name of letters, digits, '-' and '_' in labels of at most 63, or an IP address",
		}},
		{"longer than names can be", hosts(strings.Repeat("a.", 127) + "a"), []string{
			`error endpoint-host upstreams.echo.endpoints.a.host: host "` + strings.Repeat("a.", 127) + `a" of endpoint "a" is neither a host name nor an IP address`,
			"  help: write a name of letters, digits, '-' and '_' in labels of at most 63, or an IP address",
		}},
	})
}

// hosts gives the upstream one endpoint for each host.
func hosts(hosts ...string) func(*schema.Gateway) {
	return func(g *schema.Gateway) {
		endpoints := map[string]schema.Endpoint{}
		for i, h := range hosts {
			endpoints[string(rune('a'+i))] = schema.Endpoint{Host: h, Port: 80, Weight: 1}
		}
		change(g.Upstreams, "echo", func(u *schema.Upstream) { u.Endpoints = endpoints })
	}
}
