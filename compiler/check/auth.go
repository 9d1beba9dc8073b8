package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkAuth: auth can recognise somebody.
func checkAuth(p *pass) {
	keys := false
	for _, c := range p.Consumers {
		keys = keys || len(c.APIKeys) > 0
	}
	seen := once[*schema.Auth]{}
	for _, r := range p.routes {
		switch a := r.Auth; {
		case a == nil || !seen.first(a):
		case a.APIKey == nil && a.JWT == nil:
			p.report(diag.Finding{
				Code: "auth-empty", Severity: diag.Error, Path: r.path("auth"),
				Message: fmt.Sprintf("auth of route %q has neither apiKey nor jwt, so that it recognises nobody", r.name),
				Hint:    "add auth: apiKey: {} or auth: jwt: {...}, or write auth: disabled: true",
			})
		case a.JWT == nil && !keys:
			p.report(diag.Finding{
				Code: "auth-no-keys", Severity: diag.Warning, Path: r.path("auth", "apiKey"),
				Message: fmt.Sprintf("route %q asks for an API key and no consumer has one, so that nobody can call it", r.name),
				Hint:    `give a consumer one: consumers: NAME: apiKeys: primary: secret: "NAME/api-key"`,
			})
		}
	}
}
