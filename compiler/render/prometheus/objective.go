package prometheus

import (
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"gwc.dev/schema"
)

// A burnRate is how fast an error budget of 30 days is used up, and how that is noticed: over both of two windows,
// the long one so that it matters, the short one so that the alert ends soon after its cause.
type burnRate struct {
	factor      float64
	long, short time.Duration
	severity    string
	spent       string // the share of the budget that is gone within the long window
}

// burnRates are those of the Site Reliability Workbook, table 5-8, and its companion for tickets.
func burnRates() []burnRate {
	const day = 24 * time.Hour
	return []burnRate{
		{14.4, time.Hour, 5 * time.Minute, "critical", "2%"},
		{6, 6 * time.Hour, 30 * time.Minute, "critical", "5%"},
		{3, day, 2 * time.Hour, "warning", "10%"},
		{1, 3 * day, 6 * time.Hour, "warning", "10%"},
	}
}

// windows returns every window of [burnRates] from the shortest to the longest.
func windows() []time.Duration {
	return []time.Duration{
		5 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour, 72 * time.Hour,
	}
}

// objectiveRules returns the alerts of an API's slo, and the recordings that they need.
func objectiveRules(q query, name string, api schema.API) ([]monitoringv1.Rule, error) {
	var rules []monitoringv1.Rule
	if api.SLO == nil {
		return nil, nil
	}
	if a := api.SLO.Availability; a > 0 {
		rules = append(rules, burnAlerts(q, name, api.Owner, objective{
			alert: "GatewayErrorBudgetBurn", slo: "availability", record: recordErrors, budget: (100 - a) / 100,
			promise: number(a) + "% of the requests are answered without a server error",
			hint:    "See which route and upstream fail on the gateway's dashboard and in gwproxy_upstream_errors_total; a change that was just published can be taken back by pushing the bundle before it again.",
		})...)
	}
	if l := api.SLO.Latency; l != nil {
		bound, ok := bucketFor(l.Below)
		if !ok {
			return rules, latencyProblem(name, l.Below)
		}
		for _, d := range windows() {
			// The label api is the rule's own, so that each API's rule differs from the others'.
			fast := "sum by (namespace, job) (rate(" + q.of(schema.MetricDuration+"_bucket", equal("api", name), atMost(bound)) + "[" + window(d) + "]))"
			all := "sum by (namespace, job) (rate(" + q.of(schema.MetricDuration+"_count", equal("api", name)) + "[" + window(d) + "]))"
			rules = append(rules, record(recordSlow+window(d), "1 - "+fast+" / "+all, map[string]string{"api": name}))
		}
		promise := fmt.Sprintf("%s%% of the requests are answered within %s", number(l.Quantile*100), l.Below)
		if bound != l.Below.Std().Seconds() {
			promise += fmt.Sprintf(" (measured at %ss, the nearest bucket above)", number(bound))
		}
		rules = append(rules, burnAlerts(q, name, api.Owner, objective{
			alert: "GatewayLatencyBudgetBurn", slo: "latency", record: recordSlow, budget: 1 - l.Quantile,
			promise: promise,
			hint:    "Compare the routes' latencies on the gateway's dashboard: one slow route points to its upstream, all of them to the proxies (CPU, replicas).",
		})...)
	}
	return rules, nil
}

func latencyProblem(api string, below schema.Duration) error {
	bounds := schema.MetricBuckets()
	largest := bounds[len(bounds)-1]
	return &schema.Problem{
		Path: schema.NewPath("apis", api, "slo", "latency", "below"), Code: "slo-latency",
		Message: fmt.Sprintf("the proxies do not tell latencies above %ss apart, so that a bound of %s cannot be watched", number(largest), below),
		Hint:    fmt.Sprintf("promise %ss or less, or leave the latency out", number(largest)),
	}
}

// An objective is a promise about a recorded ratio of bad requests.
type objective struct {
	alert, slo, record string
	budget             float64 // the ratio that is allowed
	promise, hint      string
}

// burnAlerts returns one alert for each burn rate that o's ratio, which is at most 1, can reach.
func burnAlerts(q query, api, owner string, o objective) []monitoringv1.Rule {
	var rules []monitoringv1.Rule
	for _, b := range burnRates() {
		limit := b.factor * o.budget
		if limit >= 1 {
			continue
		}
		over := func(d time.Duration) string {
			return q.of(o.record+window(d), equal("api", api)) + " > " + number(limit)
		}
		labels := map[string]string{"severity": b.severity, "slo": o.slo, "window": window(b.long)}
		if owner != "" {
			labels["owner"] = literal(owner)
		}
		rules = append(rules, alert(o.alert, over(b.long)+" and "+over(b.short), 0, labels, map[string]string{
			"summary": fmt.Sprintf("API {{ $labels.api }} uses up its %s budget at %s times the rate that its objective allows", o.slo, number(b.factor)),
			"description": fmt.Sprintf("{{ $value | humanizePercentage }} of the requests of API {{ $labels.api }} in the last %s were bad. "+
				"It promises that %s. At this rate %s of the budget of 30 days is gone within %s.", window(b.long), o.promise, b.spent, window(b.long)),
			"hint": o.hint,
		}))
	}
	return rules
}
