package check

import (
	"fmt"
	"strings"

	"gwc.dev/compiler/diag"
)

// checkActions: a route does exactly one thing with a request.
func checkActions(p *pass) {
	for _, r := range p.routes {
		var has []string
		if len(r.Backends) > 0 {
			has = append(has, "backends")
		}
		if r.Redirect != nil {
			has = append(has, "redirect")
		}
		if r.Respond != nil {
			has = append(has, "respond")
		}
		f := diag.Finding{Code: "route-action", Severity: diag.Error, Path: r.path()}
		switch len(has) {
		case 1:
			continue
		case 0:
			f.Message = fmt.Sprintf("route %q has none of backends, redirect and respond", r.name)
			f.Hint = "say where requests go: backends: NAME: {}, redirect: {...} or respond: {...}"
		default:
			f.Message = fmt.Sprintf("route %q has %s, of which only one can be", r.name, strings.Join(has, " and "))
			f.Hint = fmt.Sprintf("keep one of them; to send some requests elsewhere, write a second route beside %q", r.name)
		}
		p.report(f)
	}
}
