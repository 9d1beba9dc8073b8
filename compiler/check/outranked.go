package check

import (
	"fmt"
	"slices"
	"strings"

	"gwc.dev/compiler/diag"
)

// checkOutranked: a canary that a header asks for is not lost because the route beside it lists methods. A method
// match counts before any number of header and query matches (Gateway API, HTTPRouteRule), so that the route which
// looks less specific wins.
func checkOutranked(p *pass) {
	type place struct {
		host string
		path [2]string
	}
	listing := map[place][]*candidate{} // routes that list methods
	for _, c := range p.candidates {
		if len(c.methods) > 0 {
			for _, host := range c.hosts {
				at := place{host, c.path}
				listing[at] = append(listing[at], c)
			}
		}
	}
	left := maxComparisons
	for _, c := range p.candidates {
		if len(c.methods) > 0 || len(c.values) == 0 {
			continue
		}
		for _, host := range c.hosts {
			rivals := listing[place{host, c.path}]
			rivals = rivals[:min(len(rivals), left)]
			i := slices.IndexFunc(rivals, func(r *candidate) bool {
				return len(r.values) < len(c.values) && c.meets(r) && !disjoint(c.values, r.values)
			})
			if i >= 0 {
				p.outranked(c, rivals[i])
				break
			}
			left -= len(rivals)
		}
	}
}

func (p *pass) outranked(c, winner *candidate) {
	methods := strings.Join(winner.methods, ", ")
	e, example := p.both(c.route.path(), winner.route.path())
	p.report(diag.Finding{
		Code: "route-outranked", Severity: diag.Warning, Path: c.route.path("match"),
		Message: fmt.Sprintf("route %q asks for more than route %q, and yet loses its %s requests to it: methods count before header and query matches%s",
			c.name, winner.name, methods, instance(example)),
		Request: p.request(e, example),
		Hint:    fmt.Sprintf(`list the methods here too: methods: ["%s"]`, strings.Join(winner.methods, `", "`)),
		Related: []diag.Related{{Path: winner.route.path("match"), Message: fmt.Sprintf("the match of route %q", winner.name)}},
	})
}
