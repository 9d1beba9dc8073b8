package schema

import "maps"

// Resolve returns the model with every default filled in and every route holding the filters that are in force
// there, so that nobody after the compiler asks where a filter was written. A filter that is turned off is
// absent; a rate limit's windows carry the scope that they were written at; a route without a path match has
// the prefix "/". Tests are left out, so that neither bundles nor diffs hold any.
//
// g is not changed. Resolve(Resolve(g)) equals Resolve(g).
func (g *Gateway) Resolve() *Gateway {
	out := *g
	out.Listeners = mapped(g.Listeners, Listener.filled)
	out.Upstreams = mapped(g.Upstreams, Upstream.filled)
	out.Targets = g.Targets.filled()
	top := g.Filters.filled().scoped("gateway")
	out.Filters, out.Tests = Filters{}, nil
	out.APIs = mapped(g.APIs, func(api API) API {
		api.SLO = api.SLO.filled()
		mid := api.Filters.filled().scoped("api").over(top)
		api.Filters = Filters{}
		api.Routes = mapped(api.Routes, func(route Route) Route {
			route = route.filled()
			route.Filters = route.Filters.filled().scoped("route").over(mid).withoutDisabled()
			return route
		})
		return api
	})
	return &out
}

// mapped returns a map with the same keys and f of the values; nil of an empty one.
func mapped[V any](m map[string]V, f func(V) V) map[string]V {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]V, len(m))
	for name, v := range m {
		out[name] = f(v)
	}
	return out
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
	if f.MaxBodyBytes == 0 {
		f.MaxBodyBytes = outer.MaxBodyBytes
	}
	if f.Retry == nil {
		f.Retry = outer.Retry
	}
	return f
}

// scoped returns f with the rate limit's windows marked as written at level. A window that counts by route
// has a bucket a route wherever it is written.
func (f Filters) scoped(level string) Filters {
	f.RateLimit = f.RateLimit.with(func(w *RateLimitWindow) {
		orDefault(&w.Scope, level)
		if w.By == "route" {
			w.Scope = "route"
		}
	})
	return f
}

// with returns r with a change of all its windows; where nothing changes that is r itself, which routes go on to share.
func (r *RateLimit) with(change func(*RateLimitWindow)) *RateLimit {
	if r == nil {
		return nil
	}
	out := r
	for name, w := range r.Windows {
		before := w
		if change(&w); w == before {
			continue
		}
		if out == r {
			out = &RateLimit{Disabled: r.Disabled, Windows: maps.Clone(r.Windows)}
		}
		out.Windows[name] = w
	}
	return out
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
