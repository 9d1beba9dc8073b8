package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
)

// checkWeights: some backend of a route is in use.
func checkWeights(p *pass) {
	for _, r := range p.routes {
		sum := 0
		for _, b := range r.Backends {
			sum += b.Weight
		}
		if sum == 0 && len(r.Backends) > 0 {
			p.report(diag.Finding{
				Code: "weights-zero", Severity: diag.Error, Path: r.path("backends"),
				Message: fmt.Sprintf("all backends of route %q have weight 0, so that it can send no request", r.name),
				Hint:    "give one backend a weight above 0",
			})
		}
	}
}
