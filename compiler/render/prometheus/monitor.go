package prometheus

import (
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gwc.dev/compiler/render/manifest"
)

// defaultScrapeTimeout is Prometheus's own.
const defaultScrapeTimeout = 10 * time.Second

// monitor finds the proxies by the Service of their admin port. The label job of what is scraped is the
// gateway's name, which rules and dashboard select by.
func monitor(in manifest.Input) *monitoringv1.ServiceMonitor {
	interval := in.Gateway.Targets.Prometheus.Interval.Std()
	endpoint := monitoringv1.Endpoint{
		Port:     manifest.AdminPort,
		Path:     "/metrics",
		Interval: monitoringv1.Duration(window(interval)),
	}
	if interval < defaultScrapeTimeout {
		// Prometheus refuses a timeout above the interval.
		endpoint.ScrapeTimeout = endpoint.Interval
	}
	return &monitoringv1.ServiceMonitor{
		TypeMeta:   metav1.TypeMeta{APIVersion: "monitoring.coreos.com/v1", Kind: "ServiceMonitor"},
		ObjectMeta: meta(in),
		Spec: monitoringv1.ServiceMonitorSpec{
			JobLabel:  "app.kubernetes.io/instance",
			Selector:  metav1.LabelSelector{MatchLabels: in.Selector(manifest.Admin)},
			Endpoints: []monitoringv1.Endpoint{endpoint},
		},
	}
}
