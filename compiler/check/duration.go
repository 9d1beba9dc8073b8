package check

import (
	"fmt"
	"time"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// defaultConnect is what the definition gives an upstream that says nothing. That it lies above a short timeout
// is nobody's mistake.
const defaultConnect = schema.Duration(5 * time.Second)

// checkDurations: a bound inside another is not above it.
func checkDurations(p *pass) {
	type pair struct {
		retry   *schema.Retry
		timeout schema.Duration
	}
	seen := once[pair]{}
	for _, r := range p.routes {
		if r.Timeout == 0 {
			continue
		}
		if r.Retry != nil && seen.first(pair{r.Retry, r.Timeout}) {
			p.order(&r, "perTryTimeout", r.Retry.PerTryTimeout)
			p.order(&r, "backoff", r.Retry.Backoff)
		}
		for name := range schema.Sorted(r.Backends) {
			connect := p.Upstreams[name].ConnectTimeout
			if connect > r.Timeout && connect != defaultConnect {
				p.report(diag.Finding{
					Code: "duration-order", Severity: diag.Error, Path: r.path("timeout"),
					Message: fmt.Sprintf("the timeout of route %q, %v, ends before the connectTimeout of upstream %q, %v",
						r.name, r.Timeout, name, connect),
					Hint: fmt.Sprintf("write a timeout above %v, or a connectTimeout below %v", connect, r.Timeout),
					Related: []diag.Related{{
						Path: schema.NewPath("upstreams", name, "connectTimeout"), Message: "the longer bound",
					}},
				})
			}
		}
	}
	checkObjectives(p)
}

func (p *pass) order(r *route, field string, d schema.Duration) {
	if d <= r.Timeout {
		return
	}
	p.report(diag.Finding{
		Code: "duration-order", Severity: diag.Error, Path: r.path("retry", field),
		Message: fmt.Sprintf("%s %v lies above the timeout of route %q, %v", field, d, r.name, r.Timeout),
		Hint:    fmt.Sprintf("write a %s below %v, or a longer timeout", field, r.Timeout),
		Related: []diag.Related{{Path: r.path("timeout"), Message: "the timeout"}},
	})
}

// checkObjectives warns of a latency objective above a timeout: slower answers are 504s, so that the objective
// measures nothing. One warning an API suffices.
func checkObjectives(p *pass) {
	apis := once[string]{}
	for _, r := range p.routes {
		slo := p.APIs[r.api].SLO
		if slo == nil || slo.Latency == nil || r.Timeout == 0 || slo.Latency.Below <= r.Timeout || !apis.first(r.api) {
			continue
		}
		p.report(diag.Finding{
			Code: "slo-unreachable", Severity: diag.Warning, Path: schema.NewPath("apis", r.api, "slo", "latency", "below"),
			Message: fmt.Sprintf("the latency objective of API %q, %v, lies above the timeout of route %q, %v",
				r.api, slo.Latency.Below, r.name, r.Timeout),
			Hint:    fmt.Sprintf("write an objective below %v: no answer takes longer", r.Timeout),
			Related: []diag.Related{{Path: r.path("timeout"), Message: "the timeout"}},
		})
	}
}
