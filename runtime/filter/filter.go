// Package filter is the traffic behaviour of routes: one file a filter, and one ordered list that names them
// all.
//
// A filter is compiled from the model when a table is built; everything that can fail fails there. Serving a
// request cannot meet a bad configuration. To add one: a CUE definition in schema/v1, a struct in schema, a
// file here, and a line in [order].
//
//	builder := filter.NewBuilder(model, deps)
//	chain, problems := builder.Build(filter.Place{API: "echo", Name: "default", Route: &route})
//	...
//	seen, answered := chain.Request(x)
//	if !answered { ... send x.Request, fill in x.Response ... }
//	chain.Response(x, seen)
package filter

import (
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/jwks"
	"gwc.dev/runtime/limit"
	"gwc.dev/runtime/secret"
	"gwc.dev/schema"
)

// A Filter acts on requests of one route on their way in. It is used by many goroutines at once.
type Filter interface {
	// Request may change x.Request, or answer: then it has filled in x.Response and returns true, and neither
	// the filters after it nor the backend see the request.
	Request(x *exchange.Exchange) (answered bool)
}

// A Responder is a filter that also acts on the way out. Response is called for every filter whose Request was
// called, in reverse order, whoever answered.
type Responder interface {
	Response(x *exchange.Exchange)
}

// Deps is what filters need from the runtime. Its zero value builds every filter, for "gwc vet": references are
// taken to resolve, and nothing is read or fetched.
type Deps struct {
	// Secrets are the table's. Nil: no reference is resolved, and no caller has the keys that they stand for.
	Secrets *secret.Set
	// Limits keeps rate limit buckets across tables. Nil: each table counts for itself.
	Limits *limit.Store
	// Keys keeps JSON Web Key Sets across tables. Nil: no key set is fetched, and no token of theirs accepted.
	Keys *jwks.Store
	// Count returns the counter of one route's events: event is a metric's name of package schema, label the
	// value of its last label (a window's name, a reason). Nil: nothing is counted.
	Count func(event, api, route, label string) func()
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Isolate leaves out consumers whose keys cannot be had: nobody is recognised as one of them. Without it they
	// are problems.
	Isolate bool
}

// A Place is a route in its environment: what a filter is built from.
type Place struct {
	API   string
	Name  string
	Route *schema.Route
}

// Path returns the model path of names below the route.
func (p Place) Path(names ...string) schema.Path {
	return schema.NewPath(append([]string{"apis", p.API, "routes", p.Name}, names...)...)
}

// A Chain is a route's filters in the order in which they see requests.
type Chain []Filter

// Request runs the chain on the way in. It returns how many filters saw the request, for [Chain.Response], and
// whether the last of them answered it.
func (c Chain) Request(x *exchange.Exchange) (seen int, answered bool) {
	for i, f := range c {
		if f.Request(x) {
			return i + 1, true
		}
	}
	return len(c), false
}

// Response runs the first seen filters of the chain on the way out, the last one first.
func (c Chain) Response(x *exchange.Exchange, seen int) {
	for i := seen - 1; i >= 0; i-- {
		if r, ok := c[i].(Responder); ok {
			r.Response(x)
		}
	}
}
