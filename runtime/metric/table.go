package metric

// A Table is the metrics of the routes of a table that is being built.
type Table struct {
	registry *Registry
	routes   map[key]*Route
}

// Stage begins a table. Nothing of it is reported before [Table.Commit].
func (r *Registry) Stage() *Table {
	return &Table{registry: r, routes: map[key]*Route{}}
}

// Route returns a route's metrics: those in use, where the route is there already.
func (t *Table) Route(api, name string) *Route {
	k := key{api, name}
	if route := t.routes[k]; route != nil {
		return route
	}
	t.registry.mu.Lock()
	route := t.registry.routes[k]
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
	r.routes = t.routes
}
