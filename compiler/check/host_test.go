package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckHosts(t *testing.T) {
	run(t, []test{
		{"an API lists a host twice", api(func(a *schema.API) { a.Hosts = []string{"a.example.com", "b.example.com", "A.example.com"} }), []string{
			`warning host-duplicate apis.echo.hosts.2: host "A.example.com" is listed twice`,
			"  help: remove one of the two; the case of a host does not count",
		}},
		{"a listener lists a host twice", func(g *schema.Gateway) {
			g.Listeners["http"] = schema.Listener{Port: 8080, Hosts: []string{"*.example.com", "*.example.com"}}
		}, []string{
			`warning host-duplicate listeners.http.hosts.1: host "*.example.com" is listed twice`,
			"  help: remove one of the two; the case of a host does not count",
		}},
	})
}
