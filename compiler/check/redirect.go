package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkListenerRedirects: a listener redirects to one that exists and serves.
func checkListenerRedirects(p *pass) {
	for name, l := range schema.Sorted(p.Listeners) {
		if l.Redirect == nil {
			continue
		}
		at := schema.NewPath("listeners", name, "redirect", "listener")
		switch to, ok := p.Listeners[l.Redirect.Listener]; {
		case !ok:
			p.report(diag.Finding{
				Code: "listener-unknown", Severity: diag.Error, Path: at,
				Message: fmt.Sprintf("listener %q redirects to listener %q, which does not exist", name, l.Redirect.Listener),
				Hint: instead(l.Redirect.Listener, p.Listeners,
					fmt.Sprintf("define it: listeners: %q: port: ...", l.Redirect.Listener)),
			})
		case to.Redirect != nil:
			p.report(diag.Finding{
				Code: "listener-redirect", Severity: diag.Error, Path: at,
				Message: fmt.Sprintf("listener %q redirects to listener %q, which redirects itself", name, l.Redirect.Listener),
				Hint:    "name a listener that serves APIs",
				Related: []diag.Related{{
					Path:    schema.NewPath("listeners", l.Redirect.Listener, "redirect"),
					Message: "the other redirect",
				}},
			})
		}
	}
}
