package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckServed(t *testing.T) {
	run(t, []test{
		{"no listener", func(g *schema.Gateway) { g.Listeners = nil }, []string{
			"error listener-missing listeners: no listener is defined, so that no API is served",
			"  help: add one: listeners: http: port: 8080",
		}},
		{"an API without routes", func(g *schema.Gateway) { g.APIs["empty"] = schema.API{} }, []string{
			`warning api-empty apis.empty: API "empty" has no routes`,
			`  help: add one: routes: default: {match: path: prefix: "/empty", backends: ...}, or remove the API`,
		}},
		{"only a listener that redirects", func(g *schema.Gateway) {
			change(g.APIs, "echo", func(a *schema.API) { a.Listeners = []string{"plain"} })
			g.Listeners["plain"] = schema.Listener{Port: 80, Redirect: &schema.ListenerRedirect{Listener: "http"}}
		}, []string{
			`error api-unserved apis.echo.listeners: no listener serves API "echo": all that it could have are redirects, for instance GET api.example.com/echo`,
			"  help: name a listener without redirect",
		}},
		{"a host that no listener takes", func(g *schema.Gateway) {
			g.Listeners["http"] = schema.Listener{Port: 8080, Hosts: []string{"www.example.com"}}
		}, []string{
			`error host-unserved apis.echo.hosts.0: no listener of API "echo" takes host "api.example.com", for instance GET api.example.com/echo`,
			`  help: add "api.example.com" to the hosts of a listener, or remove it here`,
			`  listeners.http.hosts: what listener "http" takes`,
		}},
		{"a host of a listener of another API", func(g *schema.Gateway) {
			change(g.APIs, "echo", func(a *schema.API) { a.Listeners = []string{"http"} })
			g.Listeners["http"] = schema.Listener{Port: 8080, Hosts: []string{"www.example.com"}}
			g.Listeners["other"] = schema.Listener{Port: 8081, Hosts: []string{"api.example.com"}}
		}, []string{
			`error host-unserved apis.echo.hosts.0: no listener of API "echo" takes host "api.example.com", for instance GET api.example.com/echo`,
			`  help: add "api.example.com" to the hosts of a listener, or remove it here`,
			`  listeners.http.hosts: what listener "http" takes`,
		}},
		{"a host that a wildcard takes is fine", func(g *schema.Gateway) {
			g.Listeners["http"] = schema.Listener{Port: 8080, Hosts: []string{"*.Example.com"}}
		}, nil},
		{"a listener that is named and takes no host", func(g *schema.Gateway) {
			change(g.APIs, "echo", func(a *schema.API) { a.Listeners = []string{"http", "inside"} })
			g.Listeners["inside"] = schema.Listener{Port: 8081, Hosts: []string{"*.internal"}}
		}, []string{
			`warning host-unserved apis.echo.listeners.1: listener "inside" takes none of the hosts of API "echo", for instance GET api.example.com/echo`,
			"  help: add one of them to the hosts of the listener, or do not name it here",
			"  listeners.inside: the listener",
		}},
		{"a wildcard is not its own domain", func(g *schema.Gateway) {
			g.Listeners["http"] = schema.Listener{Port: 8080, Hosts: []string{"*.api.example.com", "*.xample.com"}}
		}, []string{
			`error host-unserved apis.echo.hosts.0: no listener of API "echo" takes host "api.example.com", for instance GET api.example.com/echo`,
			`  help: add "api.example.com" to the hosts of a listener, or remove it here`,
			`  listeners.http.hosts: what listener "http" takes`,
		}},
		{"a wildcard of which a listener takes a part is fine", func(g *schema.Gateway) {
			g.Listeners["http"] = schema.Listener{Port: 8080, Hosts: []string{"*.eu.example.com"}}
			g.Listeners["us"] = schema.Listener{Port: 8081, Hosts: []string{"api.us.example.com"}}
			change(g.APIs, "echo", func(a *schema.API) { a.Hosts = []string{"*.example.com", "*.us.example.com", "*.a.eu.example.com"} })
		}, nil},
	})
}
