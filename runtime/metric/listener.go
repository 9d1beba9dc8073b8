package metric

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// A Listener is the metrics of one listener. It is used by many goroutines at once.
type Listener struct {
	registry *Registry
	name     string
	open     prometheus.Gauge

	mu      sync.Mutex
	refused map[string]prometheus.Counter
}

// Listener returns the metrics of a listener, the same ones for the same name.
func (r *Registry) Listener(name string) *Listener {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.listeners[name]
	if l == nil {
		l = &Listener{registry: r, name: name, open: r.connections.WithLabelValues(name), refused: map[string]prometheus.Counter{}}
		if r.listeners == nil {
			r.listeners = map[string]*Listener{}
		}
		r.listeners[name] = l
	}
	return l
}

// Opened counts a connection, until Closed.
func (l *Listener) Opened() { l.open.Inc() }

// Closed ends what Opened began.
func (l *Listener) Closed() { l.open.Dec() }

// Refused counts a connection or request that was refused. There are few reasons, each one word.
func (l *Listener) Refused(reason string) {
	l.mu.Lock()
	c := l.refused[reason]
	if c == nil {
		c = l.registry.refused.WithLabelValues(l.name, reason)
		l.refused[reason] = c
	}
	l.mu.Unlock()
	c.Inc()
}
