package metric

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gwc.dev/schema"
)

var classes = [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}

// A Route is the metrics of one route. It is used by many goroutines at once.
type Route struct {
	registry *Registry
	key      key
	answered answered

	mu     sync.Mutex
	live   bool
	events map[event]prometheus.Counter // nil: known of, without a series yet
}

// An event is a counter's name and the labels that it has after api and route.
type event struct{ name, first, second string }

func (r *Registry) newRoute(k key) *Route {
	return &Route{registry: r, key: k, events: map[event]prometheus.Counter{}}
}

// open creates the series of the route that it does not have yet.
func (r *Route) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for e, c := range r.events {
		if c == nil {
			r.events[e] = r.registry.vec(e.name).WithLabelValues(r.labels(e)...)
		}
	}
	r.live = true
}

// close deletes the route's series. What requests still under way count from here on is lost.
func (r *Route) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live = false
	for e := range r.events {
		r.registry.vec(e.name).DeleteLabelValues(r.labels(e)...)
	}
}

// Answered counts a request that was answered with status after d.
func (r *Route) Answered(status int, d time.Duration) {
	r.answered.count(status, d)
}

// Retried counts a try after the first.
func (r *Route) Retried(upstream string) { r.count(event{schema.MetricRetries, upstream, ""}) }

// Failed counts a try that an upstream failed to answer.
func (r *Route) Failed(upstream, reason string) {
	r.count(event{schema.MetricUpstreamErrors, upstream, reason})
}

// Counter returns the counter of one kind of event; its series begins, at zero, with the table. name is one of
// the metrics that have one label after api and route; of any other nothing is counted.
func (r *Route) Counter(name, label string) func() {
	if r.registry.vec(name) == nil {
		return func() {}
	}
	e := event{name, label, ""}
	r.mu.Lock()
	if _, ok := r.events[e]; !ok {
		r.events[e] = nil
	}
	r.mu.Unlock()
	var known atomic.Pointer[prometheus.Counter]
	return func() {
		if c := known.Load(); c != nil {
			(*c).Inc()
			return
		}
		if c := r.count(e); c != nil {
			known.Store(&c)
		}
	}
}

// count counts an event. It returns nil when the route is not reported.
func (r *Route) count(e event) prometheus.Counter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.live {
		return nil
	}
	c := r.events[e]
	if c == nil {
		c = r.registry.vec(e.name).WithLabelValues(r.labels(e)...)
		r.events[e] = c
	}
	c.Inc()
	return c
}

func (r *Route) labels(e event) []string {
	labels := []string{r.key.api, r.key.route, e.first}
	if e.name == schema.MetricUpstreamErrors {
		labels = append(labels, e.second)
	}
	return labels
}

func (r *Registry) vec(name string) *prometheus.CounterVec {
	switch name {
	case schema.MetricUpstreamErrors:
		return r.upstreamErrors
	case schema.MetricRetries:
		return r.retries
	case schema.MetricLimited:
		return r.limited
	case schema.MetricAuthFailures:
		return r.authFailures
	}
	return nil
}
