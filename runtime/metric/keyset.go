package metric

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gwc.dev/schema"
)

// A KeySet is what is reported of an issuer's keys.
type KeySet struct {
	URL     string
	Keys    int
	Success time.Time // zero: never

	Successes, Failures uint64 // fetches
	Asked, Bounded      uint64 // tokens with unknown keys, whether the issuer was asked again
	DiskErrors          uint64
}

// KeySets has the registry ask for the key sets in use.
func (r *Registry) KeySets(of func() []KeySet) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"url"}, labels...), nil)
	}
	r.registry.MustRegister(&keySets{
		of:         of,
		keys:       desc(schema.MetricKeySetKeys, "Keys of an issuer to verify tokens with; 0: tokens are answered with 503."),
		success:    desc(schema.MetricKeySetSuccess, "When an issuer's keys were fetched, in Unix seconds; 0: never."),
		fetches:    desc(schema.MetricKeySetFetches, "Fetches of an issuer's keys.", "result"),
		unknown:    desc(schema.MetricKeySetUnknown, "Tokens with unknown keys, by whether the issuer was asked again.", "outcome"),
		diskErrors: desc(schema.MetricKeySetDiskErrors, "Keys of an issuer that could not be read from disk or written to it."),
	})
}

// keySets is the collector of key sets.
type keySets struct {
	of                                          func() []KeySet
	keys, success, fetches, unknown, diskErrors *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (k *keySets) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{k.keys, k.success, k.fetches, k.unknown, k.diskErrors} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (k *keySets) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	for _, set := range k.of() {
		at := 0.0
		if !set.Success.IsZero() {
			at = float64(set.Success.UnixMilli()) / 1e3
		}
		gauge(k.keys, float64(set.Keys), set.URL)
		gauge(k.success, at, set.URL)
		counter(k.fetches, set.Successes, set.URL, "success")
		counter(k.fetches, set.Failures, set.URL, "failure")
		counter(k.unknown, set.Asked, set.URL, "asked")
		counter(k.unknown, set.Bounded, set.URL, "bounded")
		counter(k.diskErrors, set.DiskErrors, set.URL)
	}
}
