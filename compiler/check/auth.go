package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// checkAuth: auth can recognise somebody, and looks where requests can have something.
func checkAuth(p *pass) {
	keys := false
	for _, c := range p.Consumers {
		keys = keys || len(c.APIKeys) > 0
	}
	seen := once[*schema.Auth]{}
	for _, r := range p.routes {
		a := r.Auth
		if a == nil || !seen.first(a) {
			continue
		}
		if a.APIKey != nil {
			p.credential(a.APIKey.Header, r.path("auth", "apiKey", "header"), "no request brings a key in it")
		}
		if a.JWT != nil {
			p.credential(a.JWT.Header, r.path("auth", "jwt", "header"), "no request brings a token in it")
		}
		switch {
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

// credential reports the name of a field that clients are to show something in, and cannot.
func (p *pass) credential(name string, at schema.Path, so string) {
	if header.KindOf(name) != header.Written {
		p.unseenField(name, at, so)
		return
	}
	p.report(diag.Finding{
		Code: "header-unseen", Severity: diag.Error, Path: at,
		Message: fmt.Sprintf("header %q is written by the gateway itself: %s", name, so),
		Hint:    "name a header field of your own",
	})
}
