package prometheus

import (
	"errors"
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

// Names of recorded series; a window follows those that end in "rate".
const (
	recordRequests = "api:gwproxy_requests:rate5m"
	recordErrors   = "api:gwproxy_errors:ratio_rate"
	recordSlow     = "api:gwproxy_slow:ratio_rate"
	recordQuantile = "api:gwproxy_request_duration_seconds:quantile5m"
)

// by is what recorded series are told apart by.
const by = "by (namespace, job, api) "

// ruleGroups returns everything that Prometheus evaluates: recordings first, because alerts read them.
func ruleGroups(in manifest.Input) ([]monitoringv1.RuleGroup, error) {
	q, env := newQuery(in), in.Gateway.Environment
	groups := []monitoringv1.RuleGroup{
		{Name: "gwc." + env + ".requests", Rules: requestRules(q)},
		{Name: "gwc." + env + ".gateway", Rules: gatewayAlerts(in, q)},
	}
	var problems []error
	for name, api := range schema.Sorted(in.Gateway.APIs) {
		rules, err := objectiveRules(q, name, api)
		if err != nil {
			problems = append(problems, err)
		}
		if len(rules) > 0 {
			groups = append(groups, monitoringv1.RuleGroup{Name: "gwc." + env + ".slo." + name, Rules: rules})
		}
	}
	return groups, errors.Join(problems...)
}

// requestRules records what dashboards and alerts ask for of every API.
func requestRules(q query) []monitoringv1.Rule {
	rules := []monitoringv1.Rule{
		record(recordRequests, "sum "+by+"(rate("+q.of(schema.MetricRequests)+"[5m]))", nil),
	}
	for _, d := range windows() {
		w := "[" + window(d) + "]"
		all := "sum " + by + "(rate(" + q.of(schema.MetricRequests) + w + "))"
		failed := "sum " + by + "(rate(" + q.of(schema.MetricRequests, equal("status_class", "5xx")) + w + "))"
		// An API that never failed has no series of failures, and its ratio is 0.
		rules = append(rules, record(recordErrors+window(d), "("+failed+" or 0 * "+all+") / "+all, nil))
	}
	for _, quantile := range []string{"0.5", "0.95", "0.99"} {
		expr := fmt.Sprintf("histogram_quantile(%s, sum by (namespace, job, api, le) (rate(%s[5m])))",
			quantile, q.of(schema.MetricDuration+"_bucket"))
		rules = append(rules, record(recordQuantile, expr, map[string]string{"quantile": quantile}))
	}
	return rules
}

func record(name, expr string, labels map[string]string) monitoringv1.Rule {
	return monitoringv1.Rule{Record: name, Expr: intstr.FromString(expr), Labels: labels}
}

// alert returns an alerting rule; a pending time of 0 fires at once.
func alert(name, expr string, pending time.Duration, labels, annotations map[string]string) monitoringv1.Rule {
	r := monitoringv1.Rule{Alert: name, Expr: intstr.FromString(expr), Labels: labels, Annotations: annotations}
	if pending > 0 {
		r.For = new(monitoringv1.Duration(window(pending)))
	}
	return r
}
