package metric

import (
	"maps"
	"sync"
)

// A Table is the metrics of a table's routes. It is used by many goroutines at once.
type Table struct {
	registry *Registry

	mu     sync.RWMutex
	routes map[key]*Route // whole once the table is committed
}

// Stage begins a table. Nothing of it is reported before [Table.Commit].
func (r *Registry) Stage() *Table {
	return &Table{registry: r, routes: map[key]*Route{}}
}

// Route returns a route's metrics: those in use, where the route is there already.
func (t *Table) Route(api, name string) *Route {
	k := key{api, name}
	t.mu.RLock()
	route := t.routes[k]
	t.mu.RUnlock()
	if route != nil {
		return route
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.registry.mu.Lock()
	route = t.registry.routes[k]
	t.registry.mu.Unlock()
	if route == nil {
		route = t.registry.newRoute(k)
	}
	t.routes[k] = route
	return route
}

// Commit makes t's routes the ones that are reported.
func (t *Table) Commit() {
	r := t.registry
	t.mu.RLock()
	defer t.mu.RUnlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, route := range t.routes {
		route.open()
	}
	for k, route := range r.routes {
		if t.routes[k] != route {
			route.close()
		}
	}
	r.routes = maps.Clone(t.routes)
}
