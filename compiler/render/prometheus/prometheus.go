// Package prometheus renders how the gateway is watched: rules, alerts, a monitor that finds the proxies, and a
// dashboard, for the Prometheus operator and Grafana.
//
// Every query is bound to one gateway by the labels namespace and job (targets.kube's namespace and name), so that
// the environments of one Prometheus stay apart. Recorded series are named level:metric:operation:
//
//	api:gwproxy_requests:rate5m                   requests a second
//	api:gwproxy_errors:ratio_rate<window>         share of the requests that were answered with 5xx
//	api:gwproxy_slow:ratio_rate<window>           share of the requests above the API's latency bound
//	api:gwproxy_request_duration_seconds:quantile5m{quantile="0.95"}
//
// An API with an slo gets alerts on the rate at which it uses up its error budget, each over a long and a short
// window, as chapter 5 of the Site Reliability Workbook has them: see [burnRates].
package prometheus

import (
	"encoding/json"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gwc.dev/compiler/render/manifest"
)

// Target renders monitoring.
type Target struct{}

// Name returns "prometheus".
func (Target) Name() string { return "prometheus" }

// maxRules bounds the rules of one object, in bytes. The Prometheus operator puts those of each into a file, and takes none that is
// larger than half a mebibyte; an API server takes no object of more than one and a half.
const maxRules = 256 << 10

// Render returns PrometheusRules, as many as it takes to hold the rules, a ServiceMonitor and a ConfigMap with the dashboard. What is
// wrong with the model is a [schema.Problem] in the error's tree.
func (Target) Render(in manifest.Input) ([]manifest.File, error) {
	groups, err := ruleGroups(in)
	if err != nil {
		return nil, err
	}
	board, err := dashboard(in)
	if err != nil {
		return nil, err
	}
	parts, err := split(groups)
	if err != nil {
		return nil, err
	}
	var files []manifest.File
	for i, part := range parts {
		rules := &monitoringv1.PrometheusRule{
			TypeMeta:   metav1.TypeMeta{APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule"},
			ObjectMeta: meta(in),
			Spec:       monitoringv1.PrometheusRuleSpec{Groups: part},
		}
		name := ""
		if i > 0 {
			name = fmt.Sprintf("-%d", i+1)
		}
		rules.Name += name
		file, err := manifest.Encode("prometheus/prometheusrule"+name+".yaml", rules)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	for _, encode := range []func() (manifest.File, error){
		func() (manifest.File, error) { return manifest.Encode("prometheus/servicemonitor.yaml", monitor(in)) },
		func() (manifest.File, error) { return manifest.Encode("prometheus/configmap-dashboard.yaml", board) },
	} {
		file, err := encode()
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// split returns the groups in their order, in parts that an object each can hold.
func split(groups []monitoringv1.RuleGroup) ([][]monitoringv1.RuleGroup, error) {
	var parts [][]monitoringv1.RuleGroup
	size := maxRules
	for _, g := range groups {
		data, err := json.Marshal(g)
		if err != nil {
			return nil, fmt.Errorf("encoding the rules %q: %w", g.Name, err)
		}
		if size += len(data); size > maxRules {
			parts, size = append(parts, nil), len(data)
		}
		last := &parts[len(parts)-1]
		*last = append(*last, g)
	}
	return parts, nil
}

// meta returns the metadata of what the Prometheus operator selects by the user's labels.
func meta(in manifest.Input) metav1.ObjectMeta {
	m := in.Meta(in.Gateway.Targets.Kube.Name, manifest.Monitor)
	for k, v := range in.Gateway.Targets.Prometheus.Labels {
		m.Labels[k] = v
	}
	return m
}
