package schema

// Resolve returns the model with every route holding the filters that are in force there, so that nobody
// after the compiler asks where a filter was written. A filter that is turned off is absent; a rate limit's
// windows carry the scope that they were written at; a route without a path match has the prefix "/".
//
// g is not changed. Resolve(Resolve(g)) equals Resolve(g).
func (g *Gateway) Resolve() *Gateway {
	out := *g
	top := g.Filters.scoped("gateway")
	out.Filters = Filters{}
	out.APIs = make(map[string]API, len(g.APIs))
	for name, api := range g.APIs {
		mid := api.Filters.scoped("api").over(top)
		api.Filters = Filters{}
		routes := make(map[string]Route, len(api.Routes))
		for name, route := range api.Routes {
			route.Filters = route.Filters.scoped("route").over(mid).withoutDisabled()
			route.Match = route.Match.orAnyPath()
			routes[name] = route
		}
		api.Routes = routes
		out.APIs[name] = api
	}
	return &out
}

func (m *Match) orAnyPath() *Match {
	if m != nil && m.Path != nil {
		return m
	}
	out := Match{}
	if m != nil {
		out = *m
	}
	out.Path = &PathMatch{Prefix: "/"}
	return &out
}

// over returns the filters of f, and those of outer of which f has none.
func (f Filters) over(outer Filters) Filters {
	if f.Auth == nil {
		f.Auth = outer.Auth
	}
	if f.RateLimit == nil {
		f.RateLimit = outer.RateLimit
	}
	if f.CORS == nil {
		f.CORS = outer.CORS
	}
	if f.Headers == nil {
		f.Headers = outer.Headers
	}
	if f.Timeout == 0 {
		f.Timeout = outer.Timeout
	}
	if f.Retry == nil {
		f.Retry = outer.Retry
	}
	return f
}

// scoped returns f with the rate limit's windows marked as written at level. A window that counts by route
// has a bucket a route wherever it is written.
func (f Filters) scoped(level string) Filters {
	if f.RateLimit == nil {
		return f
	}
	limit := RateLimit{Disabled: f.RateLimit.Disabled}
	for name, w := range f.RateLimit.Windows {
		if w.Scope == "" {
			w.Scope = level
		}
		if w.By == "route" {
			w.Scope = "route"
		}
		if limit.Windows == nil {
			limit.Windows = map[string]RateLimitWindow{}
		}
		limit.Windows[name] = w
	}
	f.RateLimit = &limit
	return f
}

func (f Filters) withoutDisabled() Filters {
	if f.Auth != nil && f.Auth.Disabled {
		f.Auth = nil
	}
	if f.RateLimit != nil && (f.RateLimit.Disabled || len(f.RateLimit.Windows) == 0) {
		f.RateLimit = nil
	}
	if f.CORS != nil && f.CORS.Disabled {
		f.CORS = nil
	}
	if f.Headers != nil && f.Headers.Disabled {
		f.Headers = nil
	}
	if f.Retry != nil && f.Retry.Disabled {
		f.Retry = nil
	}
	return f
}
