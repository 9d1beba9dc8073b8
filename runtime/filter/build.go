package filter

import (
	"fmt"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/limit"
	"gwc.dev/schema"
)

// order is the one list of filters, in the order in which they see requests; answers pass them the other way
// round. The order is fixed: whoever writes a route says what is to happen, never when.
func order() []constructor {
	return []constructor{
		// Sees every answer last, also those of the filters below, so that a header that is set or removed is so
		// on all of them.
		responseHeaders,
		// Before auth: a preflight carries no credentials, and a refusal has to be readable by the page.
		cors,
		// Before anything that counts, or sees, who calls.
		auth,
		// After auth: windows count by consumer, and strangers spend nobody's tokens.
		rateLimit,
		// Answers of the gateway's own, which are protected and limited like a backend's.
		redirect,
		respond,
		// What the backend sees. Before requestHeaders, which has the last word.
		rewrite,
		requestHeaders,
	}
}

// A constructor compiles one filter of a route, or returns nil where the route has none. It reports everything
// that is wrong; with a problem it may return anything.
type constructor func(c *compilation) Filter

// A compilation is what a constructor builds from.
type compilation struct {
	*Builder
	Place
	problems []schema.Problem
}

// report notes a problem at a model path below the route.
func (c *compilation) report(path schema.Path, code, hint, format string, args ...any) {
	c.problems = append(c.problems, schema.Problem{
		Path: path, Code: code, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// A Builder compiles the filters of one model's routes. What many routes share is compiled once. It is not
// for several goroutines at once.
type Builder struct {
	gateway *schema.Gateway
	deps    Deps
	keys    *keyring
	sets    map[string]inlineSet
	leftOut map[string][]schema.Problem // consumers

	requestChanges  shared[*schema.HeaderChange, *requestChange]
	responseChanges shared[*schema.HeaderChange, *responseChange]
	origins         shared[corsConfig, *crossOrigin]
}

// NewBuilder returns a builder for the routes of g.
func NewBuilder(g *schema.Gateway, deps Deps) *Builder {
	if deps.Limits == nil {
		deps.Limits = limit.New(limit.Options{})
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &Builder{gateway: g, deps: deps, sets: map[string]inlineSet{}, leftOut: map[string][]schema.Problem{}}
}

// LeftOut returns the consumers that are left out, with the problems that their keys have: see [Deps].
func (b *Builder) LeftOut() map[string][]schema.Problem { return b.leftOut }

// Build compiles the filters of one route. It reports all problems; with any of them the chain is not for use.
func (b *Builder) Build(p Place) (Chain, []schema.Problem) {
	c := &compilation{Builder: b, Place: p}
	var few [8]Filter
	found := few[:0]
	for _, construct := range order() {
		if f := construct(c); f != nil {
			found = append(found, f)
		}
	}
	chain := make(Chain, len(found)) // with no room to spare: a table has one of them a route
	copy(chain, found)
	return chain, c.problems
}

// settle moves the fields of that name that a filter owes the answer into it, in place of the backend's.
func settle(x *exchange.Exchange, name string) {
	if value, ok := x.Owed.Lookup(name); ok {
		x.Response.Header.Set(name, value)
	}
}
