package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkUnused: what is defined is used.
func checkUnused(p *pass) {
	used, keys := map[string]bool{}, false
	for _, r := range p.routes {
		for name := range r.Backends {
			used[name] = true
		}
		keys = keys || r.Auth != nil && r.Auth.APIKey != nil
	}
	for name := range schema.Sorted(p.Upstreams) {
		if !used[name] {
			p.report(diag.Finding{
				Code: "unused-upstream", Severity: diag.Warning, Path: schema.NewPath("upstreams", name),
				Message: fmt.Sprintf("no route sends requests to upstream %q", name),
				Hint:    fmt.Sprintf("remove it, or send requests to it: backends: %q: {}", name),
			})
		}
	}
	for name, c := range schema.Sorted(p.Consumers) {
		if len(c.APIKeys) > 0 && !keys {
			p.report(diag.Finding{
				Code: "unused-consumer", Severity: diag.Info, Path: schema.NewPath("consumers", name, "apiKeys"),
				Message: fmt.Sprintf("consumer %q has API keys, and no route asks for one", name),
				Hint:    "add auth: apiKey: {} to an API, or remove the keys",
			})
		}
	}
}
