package metric

import (
	"github.com/prometheus/client_golang/prometheus"

	"gwc.dev/schema"
)

// secrets are series that come and go with the faults of secrets.
type secrets struct {
	unusable func() []string
	changes  func() uint64
}

func unusableDesc() *prometheus.Desc {
	return prometheus.NewDesc(schema.MetricSecretUnusable,
		"Secrets whose newest value cannot be used, so that the one before is; always 1.", []string{"secret"}, nil)
}

func changesDesc() *prometheus.Desc {
	return prometheus.NewDesc(schema.MetricSecretChanges, "New values of secrets that were put to use.", nil, nil)
}

// Describe implements [prometheus.Collector].
func (s *secrets) Describe(out chan<- *prometheus.Desc) {
	out <- unusableDesc()
	out <- changesDesc()
}

// Collect implements [prometheus.Collector].
func (s *secrets) Collect(out chan<- prometheus.Metric) {
	for _, name := range s.unusable() {
		out <- prometheus.MustNewConstMetric(unusableDesc(), prometheus.GaugeValue, 1, name)
	}
	out <- prometheus.MustNewConstMetric(changesDesc(), prometheus.CounterValue, float64(s.changes()))
}
