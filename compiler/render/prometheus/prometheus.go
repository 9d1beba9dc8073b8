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
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gwc.dev/compiler/render/manifest"
)

// Target renders monitoring.
type Target struct{}

// Name returns "prometheus".
func (Target) Name() string { return "prometheus" }

// Render returns a PrometheusRule, a ServiceMonitor and a ConfigMap with the dashboard. What is wrong with the
// model is a [schema.Problem] in the error's tree.
func (Target) Render(in manifest.Input) ([]manifest.File, error) {
	groups, err := ruleGroups(in)
	if err != nil {
		return nil, err
	}
	board, err := dashboard(in)
	if err != nil {
		return nil, err
	}
	rules := &monitoringv1.PrometheusRule{
		TypeMeta:   metav1.TypeMeta{APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule"},
		ObjectMeta: meta(in),
		Spec:       monitoringv1.PrometheusRuleSpec{Groups: groups},
	}
	var files []manifest.File
	for _, encode := range []func() (manifest.File, error){
		func() (manifest.File, error) { return manifest.Encode("prometheus/prometheusrule.yaml", rules) },
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

// meta returns the metadata of what the Prometheus operator selects by the user's labels.
func meta(in manifest.Input) metav1.ObjectMeta {
	m := in.Meta(in.Gateway.Targets.Kube.Name, manifest.Monitor)
	for k, v := range in.Gateway.Targets.Prometheus.Labels {
		m.Labels[k] = v
	}
	return m
}
