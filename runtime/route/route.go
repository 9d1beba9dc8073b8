// Package route turns a model into an immutable match table, and requests into routes.
//
//	table, problems := route.Build(model, deps)
//	r := table.Match("https", &x.Request) // nil: 404
//	seen, answered := r.Chain.Request(x)
//
// [Build] is the last that looks at a model before it serves, and the one check that a bundle from elsewhere
// cannot go around: it takes nothing for granted and reports everything that it finds. "gwc vet" runs it too.
//
// Which route takes a request never depends on the order in which routes are written. Of all that match, the
// first by these is taken:
//
//  1. host: exact, then the longest wildcard, then any
//  2. path: exact, then the longest prefix by whole segments, then regex
//  3. whether methods are listed
//  4. the number of header matches, then that of query matches
//  5. the names of the API and the route
//
// A match costs the same with ten routes and with a hundred thousand: hosts, exact paths, path segments, methods
// and header values are looked up and not searched. Only routes that expressions alone tell apart are tried one
// after the other, and of those only the ones whose literal beginning the path has.
package route

import (
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/schema"
)

// A Table matches requests to routes. It never changes, and is used by many goroutines at once.
type Table struct {
	listeners map[string]*listener
	routes    []*Route
	keySets   []string
	leftOut   LeftOut
}

// A Route is one route of a table.
type Route struct {
	filter.Place
	// Chain is the route's filters. A route with a redirect or a fixed response ends in a filter that answers.
	Chain filter.Chain
	// Backends are sorted by name. Those of weight 0 are left out; a route that answers itself has none.
	Backends []Backend

	cors bool
}

// A Backend is an upstream's share of a route's requests.
type Backend struct {
	Upstream string
	Weight   int
}

// A listener is what one listener serves.
type listener struct {
	hosts *hosts[struct{}] // nil: any
	sites *hosts[*site]
}

// Match returns the route that takes a request which came in on listener, or nil.
//
// The methods of a match are what they say: a route for GET does not take HEAD. A CORS preflight belongs to the
// route of the request that it announces, if that one speaks CORS; else it is an OPTIONS request like others.
func (t *Table) Match(listener string, r *exchange.Request) *Route {
	if !t.Serves(listener, r.Host) || r.Path == "" || r.Path[0] != '/' {
		return nil
	}
	l, host := t.listeners[listener], strings.TrimSuffix(r.Host, ".")
	if method, ok := filter.Preflight(r); ok {
		if found := l.match(host, &request{r, method}); found != nil && found.cors {
			return found
		}
	}
	return l.match(host, &request{r, r.Method})
}

func (l *listener) match(host string, r *request) *Route {
	for s := range l.sites.lookup(host) {
		if found := s.match(r); found != nil {
			return found.route
		}
	}
	return nil
}

// Serves reports whether a listener takes requests for a host at all.
func (t *Table) Serves(listener, host string) bool {
	l := t.listeners[listener]
	return l != nil && (l.hosts == nil || l.hosts.covers(strings.TrimSuffix(host, ".")))
}

// Routes returns all routes, sorted by API and name.
func (t *Table) Routes() []*Route { return t.routes }

// KeySets returns the URLs of the key sets that the table's filters need, sorted, for jwks.Store.Retain.
func (t *Table) KeySets() []string { return t.keySets }

// Normalize returns the normal form of a path, which requests and configuration are compared in; false: refuse
// the request with 400. See [schema.NormalizePath].
func Normalize(path string) (string, bool) { return schema.NormalizePath(path) }
