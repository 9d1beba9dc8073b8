package check

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkUpstreams: an upstream has endpoints, one of them in use, and none twice.
func checkUpstreams(p *pass) {
	for name, u := range schema.Sorted(p.Upstreams) {
		at := schema.NewPath("upstreams", name, "endpoints")
		if len(u.Endpoints) == 0 {
			p.report(diag.Finding{
				Code: "endpoint-missing", Severity: diag.Error, Path: at,
				Message: fmt.Sprintf("upstream %q has no endpoints", name),
				Hint:    fmt.Sprintf(`add one: endpoints: main: {host: "%s.default.svc", port: 80}`, name),
			})
			continue
		}
		sum, owner := 0, map[string]string{}
		for endpoint, e := range schema.Sorted(u.Endpoints) {
			sum += e.Weight
			target := net.JoinHostPort(strings.ToLower(e.Host), strconv.Itoa(e.Port))
			if first, taken := owner[target]; taken {
				p.report(diag.Finding{
					Code: "endpoint-duplicate", Severity: diag.Warning, Path: at.Join(endpoint),
					Message: fmt.Sprintf("endpoints %q and %q of upstream %q are both %s", first, endpoint, name, target),
					Hint:    "remove one of them; a larger share is a larger weight",
					Related: []diag.Related{{Path: at.Join(first), Message: "the other endpoint"}},
				})
				continue
			}
			owner[target] = endpoint
		}
		if sum == 0 {
			p.report(diag.Finding{
				Code: "weights-zero", Severity: diag.Error, Path: at,
				Message: fmt.Sprintf("all endpoints of upstream %q have weight 0, so that it can take no request", name),
				Hint:    "give one endpoint a weight above 0",
			})
		}
	}
}
