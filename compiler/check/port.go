package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkPorts: every listener has a port of its own, and none has the admin server's.
func checkPorts(p *pass) {
	owner := map[int]string{}
	for name, l := range schema.Sorted(p.Listeners) {
		at := schema.NewPath("listeners", name, "port")
		if first, taken := owner[l.Port]; taken {
			p.report(diag.Finding{
				Code: "port-shared", Severity: diag.Error, Path: at,
				Message: fmt.Sprintf("listeners %q and %q have the same port %d", first, name, l.Port),
				Hint:    "give each listener a port of its own; several host names can share one listener",
				Related: []diag.Related{{
					Path: schema.NewPath("listeners", first, "port"), Message: fmt.Sprintf("the port of listener %q", first),
				}},
			})
			continue
		}
		owner[l.Port] = name
		if p.Targets != nil && p.Targets.Kube != nil && p.Targets.Kube.AdminPort == l.Port {
			p.report(diag.Finding{
				Code: "port-shared", Severity: diag.Error, Path: at,
				Message: fmt.Sprintf("listener %q has port %d, which is the admin port", name, l.Port),
				Hint:    "give the listener another port, or set targets.kube.adminPort",
				Related: []diag.Related{{
					Path: schema.NewPath("targets", "kube", "adminPort"), Message: "the admin port",
				}},
			})
		}
	}
}
