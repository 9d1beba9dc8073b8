// Package metric holds gwproxy's Prometheus metrics. Their names and labels are part of the contract: see
// package schema.
//
// Series of routes come and go with tables. A [Table] is staged while a table is built and creates nothing;
// [Table.Commit] makes the series of new routes, starting at zero, and deletes those of routes that are gone.
// Serving a request looks up no label.
package metric

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gwc.dev/schema"
)

// unmatched is the api and route label of requests that no route took.
const unmatched = "-"

// A Registry holds the metrics of one proxy.
type Registry struct {
	registry *prometheus.Registry

	upstreamErrors, retries, limited, authFailures *prometheus.CounterVec

	refused                                  *prometheus.CounterVec
	connections                              *prometheus.GaugeVec
	bundleInfo                               *prometheus.GaugeVec
	bundleRefusals                           *prometheus.CounterVec
	bundleRefused, sourceChecked, unverified prometheus.Gauge
	isolatedAPIs, isolatedConsumers          prometheus.Gauge
	bundleSwaps, logDropped                  prometheus.Counter
	trustExpiry                              *prometheus.GaugeVec

	unmatched *Route

	mu        sync.Mutex
	routes    map[key]*Route // of the table in use
	listeners map[string]*Listener
}

type key struct{ api, route string }

// New returns a registry that also reports the Go runtime and the process.
func New() *Registry {
	r := &Registry{registry: prometheus.NewRegistry()}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.registry.MustRegister(v)
		return v
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		r.registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		r.registry.MustRegister(g)
		return g
	}
	r.upstreamErrors = counters(schema.MetricUpstreamErrors, "Tries that an upstream failed to answer.", "api", "route", "upstream", "reason")
	r.retries = counters(schema.MetricRetries, "Tries after the first one.", "api", "route", "upstream")
	r.limited = counters(schema.MetricLimited, "Requests refused by a rate limit.", "api", "route", "window")
	r.authFailures = counters(schema.MetricAuthFailures, "Requests refused by authentication or authorization.", "api", "route", "reason")
	r.refused = counters(schema.MetricRefused, "Connections and requests refused before a route took them.", "listener", "reason")
	r.connections = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: schema.MetricConnections, Help: "Client connections that are open.",
	}, []string{"listener"})
	r.bundleInfo = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: schema.MetricBundleInfo, Help: "The bundle that is served; always 1.",
	}, []string{"environment", "revision", "serial"})
	r.bundleRefusals = counters(schema.MetricBundleRefusals, "Bundles refused, by reason.", "reason")
	r.bundleRefused = gauge(schema.MetricBundleRefused, "1 while the newest bundle seen is refused.")
	r.bundleSwaps = counter(schema.MetricBundleSwaps, "Bundles put into force.")
	r.isolatedAPIs = gauge(schema.MetricIsolatedAPIs, "APIs that answer 503 because they cannot be built.")
	r.isolatedConsumers = gauge(schema.MetricIsolatedConsumers, "Consumers who are not recognised because a key of theirs cannot be read.")
	r.sourceChecked = gauge(schema.MetricSourceChecked, "When the bundle source was last read, in Unix seconds.")
	r.unverified = gauge(schema.MetricUnverified, "1 while the signatures of bundles are not verified.")
	r.trustExpiry = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: schema.MetricTrustExpiry, Help: "When new bundles by a signer are not taken any more, in Unix seconds.",
	}, []string{"signer"})
	r.logDropped = counter(schema.MetricLogDropped, "Access log lines that were not written.")
	r.registry.MustRegister(newAnswers(r), r.connections, r.bundleInfo, r.trustExpiry, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.unmatched = r.newRoute(key{unmatched, unmatched})
	r.unmatched.open()
	return r
}

// Secrets has the registry ask for the names of the secrets that cannot be used, and for the number of changes.
func (r *Registry) Secrets(unusable func() []string, changes func() uint64) {
	r.registry.MustRegister(&secrets{unusable, changes})
}

// Handler serves the metrics in Prometheus' formats.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{})
}

// reported returns the routes whose series there are.
func (r *Registry) reported() []*Route {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*Route, 0, len(r.routes)+1)
	out = append(out, r.unmatched)
	for _, route := range r.routes {
		out = append(out, route)
	}
	return out
}

// Unmatched returns the metrics of requests that no route took.
func (r *Registry) Unmatched() *Route { return r.unmatched }

// Swapped records that a bundle was put into force.
func (r *Registry) Swapped(environment, revision string, serial uint64) {
	r.bundleInfo.Reset()
	r.bundleInfo.WithLabelValues(environment, revision, strconv.FormatUint(serial, 10)).Set(1)
	r.bundleSwaps.Inc()
}

// Refused records that a bundle was refused.
func (r *Registry) Refused(reason string) { r.bundleRefusals.WithLabelValues(reason).Inc() }

// Refusing says whether the newest bundle seen is refused.
func (r *Registry) Refusing(yes bool) { r.bundleRefused.Set(number(yes)) }

// Isolated says how much of the bundle in force is left out.
func (r *Registry) Isolated(apis, consumers int) {
	r.isolatedAPIs.Set(float64(apis))
	r.isolatedConsumers.Set(float64(consumers))
}

// Unverified says whether bundles are served unverified.
func (r *Registry) Unverified(yes bool) { r.unverified.Set(number(yes)) }

// Trust records when the trust in signers ends.
func (r *Registry) Trust(ends map[string]time.Time) {
	r.trustExpiry.Reset()
	for signer, end := range ends {
		r.trustExpiry.WithLabelValues(signer).Set(float64(end.Unix()))
	}
}

// SourceChecked records when the source was last read.
func (r *Registry) SourceChecked(at time.Time) {
	r.sourceChecked.Set(float64(at.UnixMilli()) / 1e3)
}

// Freshness has the metrics say when a source last confirmed what is served, and whether that is too long ago.
func (r *Registry) Freshness(read func() (confirmed time.Time, stale bool)) {
	r.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: schema.MetricConfirmed, Help: "When the source last had what is served, in Unix seconds; 0: never yet.",
	}, func() float64 {
		at, _ := read()
		return max(0, float64(at.UnixMilli())/1e3) // never is long before 1970
	}), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: schema.MetricStale, Help: "1 while what is served was confirmed longer ago than --max-staleness.",
	}, func() float64 {
		_, stale := read()
		return number(stale)
	}))
}

// LogDropped records an access log line that was not written.
func (r *Registry) LogDropped() { r.logDropped.Inc() }

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
