package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkReplicas: the autoscaler's bounds are in order.
func checkReplicas(p *pass) {
	if p.Targets == nil || p.Targets.Kube == nil {
		return
	}
	r := p.Targets.Kube.Replicas
	if r.Min > r.Max {
		p.report(diag.Finding{
			Code: "replicas-order", Severity: diag.Error, Path: schema.NewPath("targets", "kube", "replicas", "min"),
			Message: fmt.Sprintf("at least %d replicas are asked for and at most %d", r.Min, r.Max),
			Hint:    fmt.Sprintf("set targets.kube.replicas.max to %d or more", r.Min),
		})
	}
}
