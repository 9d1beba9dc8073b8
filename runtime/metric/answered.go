package metric

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gwc.dev/schema"
)

// answered counts a route's answers, by class of status and by the time that they took. It is a few hundred bytes,
// where the library's own counters and histogram are some thousand: a proxy has as many of these as it has routes.
type answered struct {
	classes [len(classes)]atomic.Uint64
	buckets [len(bounds) + 1]atomic.Uint64 // each without those below; the last has what is above all bounds
	nanos   atomic.Uint64                  // all together
}

// bounds are those of the contract, as durations.
var bounds = func() (out [11]time.Duration) {
	if len(schema.MetricBuckets()) != len(out) {
		panic("the contract has another number of buckets")
	}
	for i, seconds := range schema.MetricBuckets() {
		out[i] = time.Duration(seconds * float64(time.Second))
	}
	return out
}()

func (a *answered) count(status int, took time.Duration) {
	if class := status/100 - 1; class >= 0 && class < len(classes) {
		a.classes[class].Add(1)
	}
	i := 0
	for i < len(bounds) && took > bounds[i] {
		i++
	}
	a.buckets[i].Add(1)
	a.nanos.Add(uint64(max(took, 0)))
}

// An answers is the collector of all routes' answers.
type answers struct {
	registry           *Registry
	requests, duration *prometheus.Desc
}

func newAnswers(r *Registry) *answers {
	route := []string{"api", "route"}
	return &answers{
		r,
		prometheus.NewDesc(schema.MetricRequests, "Requests answered, by route and class of status.", append(route, "status_class"), nil),
		prometheus.NewDesc(schema.MetricDuration, "Time from a request's first byte to its answer's last.", route, nil),
	}
}

// Describe implements [prometheus.Collector].
func (a *answers) Describe(to chan<- *prometheus.Desc) { to <- a.requests; to <- a.duration }

// Collect implements [prometheus.Collector].
func (a *answers) Collect(to chan<- prometheus.Metric) {
	for _, route := range a.registry.reported() {
		for i, class := range classes {
			to <- prometheus.MustNewConstMetric(a.requests, prometheus.CounterValue,
				float64(route.answered.classes[i].Load()), route.key.api, route.key.route, class)
		}
		to <- route.answered.histogram(a.duration, route.key)
	}
}

// histogram returns what is counted by now.
func (a *answered) histogram(desc *prometheus.Desc, k key) prometheus.Metric {
	below, cumulative := uint64(0), make(map[float64]uint64, len(bounds))
	for i, bound := range schema.MetricBuckets() {
		below += a.buckets[i].Load()
		cumulative[bound] = below
	}
	below += a.buckets[len(bounds)].Load()
	sum := time.Duration(a.nanos.Load()).Seconds()
	return prometheus.MustNewConstHistogram(desc, below, sum, cumulative, k.api, k.route)
}
