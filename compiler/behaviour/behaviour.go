// Package behaviour says which requests a change treats differently: model against model, by what requests meet and
// not by what is written.
//
//	report, err := behaviour.Compare(old, new)
//	for _, c := range report.Classes {
//		fmt.Println(c.Severity, c.Request, c.Reason)
//	}
//
// Requests are told apart by both match tables together. Each class of them whose treatment differs is there once, with
// a request of it, the route that took it and the one that takes it now, and what differs. It is complete: a request
// that is treated differently lies in some class, or in one that could not be decided, which is said. It is minimal:
// there is no class without a difference, and classes that differ alike are one. What means the same is no difference:
// other names of APIs, routes, upstreams and listeners, another order, routes that are split or merged, a filter
// written elsewhere.
//
// Two kinds of difference are not of single requests. What a listener asks of all connections, and which proxies are
// trusted, is a class of all requests. Whether requests that shared a rate limit still do is a class of its own.
package behaviour

import (
	"cmp"
	"fmt"
	"slices"

	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// A Report is all classes, the worst first.
type Report struct {
	Classes []*Class `json:"classes"`
}

// A Class is requests that are treated differently in one way.
type Class struct {
	Severity diff.Class `json:"class"`
	// Reason says in a few words why it has its severity.
	Reason string `json:"reason"`
	// Listeners are those, by their names in the new model, or in the old one where they are gone, at which it happens.
	Listeners []string `json:"listeners"`
	// Scheme is what the request is sent by, "http" or "https", and Port one of the listeners'.
	Scheme string `json:"scheme,omitempty"`
	Port   int    `json:"port,omitempty"`
	// Request is one of the class; nil: all requests of the listeners are in it.
	Request *space.Request `json:"-"`
	// Told names the header fields of Request that the gateway writes about the client, or takes from proxies alone that it
	// trusts: a client that sends them brings nothing about.
	Told []string `json:"told,omitempty"`
	// Old and New are the routes that took and take it; nil: none does.
	Old *Route `json:"old,omitempty"`
	New *Route `json:"new,omitempty"`
	// Changes are what differs, by path below the route.
	Changes []diff.Change `json:"changes,omitempty"`
	// Alike are other routes of which the same holds.
	Alike []*Class `json:"alike,omitempty"`
	// Undecided says that it was not found out within bounds whether there is such a request.
	Undecided bool `json:"undecided,omitempty"`
	// Approved says until when and why the class was accepted; empty: it was not.
	Approved string `json:"approved,omitempty"`
}

// A Route names a route and where it stands.
type Route struct {
	API  string      `json:"api"`
	Name string      `json:"route"`
	Path schema.Path `json:"path"`
}

// String returns the names of the API and the route; of none, "none".
func (r *Route) String() string {
	if r == nil {
		return "none"
	}
	return r.API + "/" + r.Name
}

func named(e *routing.Entry) *Route {
	if e == nil {
		return nil
	}
	return &Route{e.API, e.Name, e.Path()}
}

// Compare reports which requests two models treat differently. The error is for a model that the match table refuses.
func Compare(old, new *schema.Gateway) (*Report, error) {
	old, new = old.Resolve(), new.Resolve()
	s := space.New(0)
	s.Spend(workOf(old, new))
	alike, schemes := counter{}, schemesOf(old, new)
	before, err := layOut(s, old, schemes, alike)
	if err != nil {
		return nil, fmt.Errorf("the old model: %w", err)
	}
	after, err := layOut(s, new, schemes, alike)
	if err != nil {
		return nil, fmt.Errorf("the new model: %w", err)
	}
	r := &Report{}
	r.listeners(old, new)
	folded, undecided := newFolder(), 0
	var moves []move
	for _, group := range groups(before, after) {
		c := &comparison{space: s, group: group, before: before.at(group.old), after: after.at(group.new), undecided: &undecided}
		c.run(folded)
		moves = c.moves(moves)
	}
	folded.shared(moves)
	r.Classes = append(r.Classes, folded.classes...)
	slices.SortStableFunc(r.Classes, func(a, b *Class) int { return -cmp.Compare(a.Severity, b.Severity) })
	return r, nil
}

// workOf bounds the work on all questions: some seconds, and some for each thousand routes. It takes hundreds of expressions
// that overlap, and cannot be told apart by what they begin with, to come near.
func workOf(models ...*schema.Gateway) int {
	work := 150_000_000
	for _, g := range models {
		for _, a := range g.APIs {
			work += 40_000 * len(a.Routes)
		}
	}
	return work
}

// Reaches reports whether there is a class that is at least of a severity and was not approved.
func (r *Report) Reaches(least diff.Class) bool {
	return slices.ContainsFunc(r.Classes, func(c *Class) bool { return c.Severity >= least && c.Approved == "" })
}
