package check

import (
	"cmp"
	"fmt"
	"time"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle/trust"
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

// leastPoll keeps a fleet from being a flood at its registry.
const leastPoll = schema.Duration(time.Second)

// checkStaleness: proxies take the bounds on how old their news may be.
func checkStaleness(p *pass) {
	if p.Targets == nil || p.Targets.Kube == nil {
		return
	}
	k, at := p.Targets.Kube, schema.NewPath("targets", "kube")
	looks := cmp.Or(k.PollInterval, schema.Duration(schema.PollInterval))
	switch {
	case looks < leastPoll:
		p.report(diag.Finding{
			Code: "staleness", Severity: diag.Error, Path: at.Join("pollInterval"),
			Message: fmt.Sprintf("each proxy asks the registry again after %v", looks),
			Hint:    fmt.Sprintf("set targets.kube.pollInterval to %v or more", leastPoll),
		})
	case p.Targets.Prometheus != nil && p.Targets.Prometheus.StaleAfter > 0 && p.Targets.Prometheus.StaleAfter <= looks:
		p.report(diag.Finding{
			Code: "staleness", Severity: diag.Error, Path: schema.NewPath("targets", "prometheus", "staleAfter"),
			Message: fmt.Sprintf("proxies look at the registry every %v, and the alert would fire between two looks after %v", looks, p.Targets.Prometheus.StaleAfter),
			Hint:    "allow for some looks that fail: write several times targets.kube.pollInterval",
		})
	case k.MaxStaleness == 0 && k.UnreadyWhenStale:
		p.report(diag.Finding{
			Code: "staleness", Severity: diag.Error, Path: at.Join("unreadyWhenStale"),
			Message: "proxies are to be unready when they are stale, and nothing says when that is",
			Hint:    "set targets.kube.maxStaleness, or leave unreadyWhenStale out",
		})
	case k.MaxStaleness > 0 && k.MaxStaleness <= looks:
		p.report(diag.Finding{
			Code: "staleness", Severity: diag.Error, Path: at.Join("maxStaleness"),
			Message: fmt.Sprintf("proxies look at the registry every %v, and would be stale between two looks after %v", looks, k.MaxStaleness),
			Hint:    "allow for some looks that fail: write several minutes or more",
		})
	}
}

// checkKeyAge: proxies take the time for which issuers' keys are used.
func checkKeyAge(p *pass) {
	if p.Targets == nil || p.Targets.Kube == nil {
		return
	}
	if age := p.Targets.Kube.JWKSMaxAge; age > 0 && age.Std() < schema.LeastKeyAge {
		p.report(diag.Finding{
			Code: "key-age", Severity: diag.Error, Path: schema.NewPath("targets", "kube", "jwksMaxAge"),
			Message: fmt.Sprintf("issuers' keys are to be used for %v, and proxies take no less than %v", age, schema.Duration(schema.LeastKeyAge)),
			Hint:    fmt.Sprintf("set targets.kube.jwksMaxAge to %v or more: an outage of an issuer that is longer fails its tokens", schema.Duration(schema.LeastKeyAge)),
		})
	}
}

// checkTrust: proxies can read whom they are told to trust.
func checkTrust(p *pass) {
	if p.Targets == nil || p.Targets.Kube == nil {
		return
	}
	_, problems := trust.Of(p.Targets.Kube)
	for _, f := range diag.FromProblems(problems, diag.Error) {
		p.report(f)
	}
}
