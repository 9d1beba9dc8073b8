package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckEmptyLists(t *testing.T) {
	none := []string{}
	run(t, []test{
		{"lists that are left out mean any", only(func(*schema.Route) {}), nil},
		{"methods", only(func(r *schema.Route) { r.Match = &schema.Match{Methods: none} }), []string{
			"error list-empty apis.echo.routes.default.match.methods: the list is empty, which would mean every method",
			"  help: name one at least, or leave the list out where every method is meant",
		}},
		{"hosts", func(g *schema.Gateway) {
			api := g.APIs["echo"]
			api.Hosts = none
			g.APIs["echo"] = api
		}, []string{
			"error list-empty apis.echo.hosts: the list is empty, which would mean any host",
			"  help: name one at least, or leave the list out where any host is meant",
		}},
	})
}
