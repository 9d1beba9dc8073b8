package metric

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gwc.dev/schema"
)

// A Certificate is what is reported of a secret with certificates.
type Certificate struct {
	Kind, Secret string
	End          time.Time
}

// Certificates has the registry ask for the certificates in use, so that a series is there no longer than its secret.
func (r *Registry) Certificates(of func() []Certificate) {
	r.registry.MustRegister(&certificates{of, prometheus.NewDesc(schema.MetricCertificateExpiry,
		"When a certificate in use ends, or the last of an authority's, in Unix seconds.", []string{"kind", "secret"}, nil)})
}

// certificates is their collector.
type certificates struct {
	of   func() []Certificate
	desc *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *certificates) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect implements [prometheus.Collector].
func (c *certificates) Collect(out chan<- prometheus.Metric) {
	for _, one := range c.of() {
		out <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(one.End.Unix()), one.Kind, one.Secret)
	}
}
