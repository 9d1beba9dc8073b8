package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkBackends: the upstreams that routes send requests to exist.
func checkBackends(p *pass) {
	for _, r := range p.routes {
		for name := range schema.Sorted(r.Backends) {
			if _, ok := p.Upstreams[name]; ok {
				continue
			}
			p.report(diag.Finding{
				Code: "upstream-unknown", Severity: diag.Error, Path: r.path("backends", name),
				Message: fmt.Sprintf("route %q sends requests to upstream %q, which does not exist", r.name, name),
				Hint:    instead(name, p.Upstreams, fmt.Sprintf("define it: upstreams: %q: endpoints: main: {host: ..., port: ...}", name)),
			})
		}
	}
}
