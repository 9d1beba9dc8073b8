package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkRateLimits: what requests are counted by is there.
func checkRateLimits(p *pass) {
	type combination struct {
		limit *schema.RateLimit
		auth  *schema.Auth
	}
	seen := once[combination]{}
	windows := once[*schema.RateLimit]{}
	for _, r := range p.routes {
		if r.RateLimit == nil || !seen.first(combination{r.RateLimit, r.Auth}) {
			continue
		}
		first := windows.first(r.RateLimit)
		for name, w := range schema.Sorted(r.RateLimit.Windows) {
			if first && (w.By == "header") != (w.Header != "") {
				f := diag.Finding{
					Code: "rate-limit-header", Severity: diag.Error, Path: r.path("rateLimit", name),
					Message: fmt.Sprintf("window %q counts requests by a header that it does not name", name),
					Hint:    `name it: by: "header", header: "x-tenant"`,
				}
				if w.Header != "" {
					f.Message = fmt.Sprintf("window %q names header %q and counts requests by %s", name, w.Header, w.By)
					f.Hint = `write by: "header", or remove header`
				}
				p.report(f)
			}
			if first && w.By == "header" {
				p.unseenField(w.Header, r.path("rateLimit", name, "header"), "all requests are counted by address")
			}
			if w.By == "consumer" && r.Auth == nil {
				p.report(diag.Finding{
					Code: "rate-limit-anonymous", Severity: diag.Warning, Path: r.path("rateLimit", name, "by"),
					Message: fmt.Sprintf("window %q counts requests by consumer, and route %q knows none without auth", name, r.name),
					Hint:    `add auth, or write by: "ip", which is what requests are counted by as it stands`,
				})
			}
		}
	}
}
