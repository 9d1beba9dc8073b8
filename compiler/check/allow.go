package check

import (
	"fmt"
	"strconv"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkAllow: whom auth allows exists. A token may name consumers that are not defined here, and groups where
// it has a claim for them.
func checkAllow(p *pass) {
	groups := map[string]struct{}{}
	for _, c := range p.Consumers {
		for _, group := range c.Groups {
			groups[group] = struct{}{}
		}
	}
	seen := once[*schema.Auth]{}
	for _, r := range p.routes {
		a := r.Auth
		if a == nil || a.Allow == nil || !seen.first(a) {
			continue
		}
		severity, open := diag.Error, ""
		if a.JWT != nil {
			severity, open = diag.Warning, "; only a token could name it"
		}
		for i, name := range a.Allow.Consumers {
			if _, ok := p.Consumers[name]; !ok {
				p.report(diag.Finding{
					Code: "consumer-unknown", Severity: severity, Path: r.path("auth", "allow", "consumers", strconv.Itoa(i)),
					Message: fmt.Sprintf("auth of route %q allows consumer %q, which does not exist%s", r.name, name, open),
					Hint:    instead(name, p.Consumers, fmt.Sprintf("define it: consumers: %q: {...}", name)),
				})
			}
		}
		if a.JWT != nil && a.JWT.GroupsClaim != "" {
			continue
		}
		for i, name := range a.Allow.Groups {
			if _, ok := groups[name]; !ok {
				p.report(diag.Finding{
					Code: "group-unknown", Severity: diag.Warning, Path: r.path("auth", "allow", "groups", strconv.Itoa(i)),
					Message: fmt.Sprintf("auth of route %q allows group %q, which no consumer is in", r.name, name),
					Hint:    instead(name, groups, fmt.Sprintf("put a consumer in it: consumers: NAME: groups: [%q]", name)),
				})
			}
		}
	}
}
