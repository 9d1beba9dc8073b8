// Package diff says what a change of an environment does: model against model, by name.
//
//	report := diff.Compare(old, new)
//	err := diff.WriteText(os.Stdout, report)
//
// It reports nothing for what means the same: order, comments, defaults that are spelled out, files that are
// moved, a filter that is written at a route instead of at its API. Lists are sets. It omits nothing else:
// whatever differs in the models' canonical form is in some change. What is added or removed is one change, not
// one for each of its fields.
//
// Each change has a class. The whole classification stands in table.go; in short:
//
//	breaking  requests that were answered may fail: an API, route, host, method or used upstream is removed, a
//	          match is narrower or other, auth or a client certificate is required or stronger, a limit or timeout
//	          is lower, CORS is narrower, a credential or consumer is gone
//	risky     more is let in, or traffic goes elsewhere: auth is weaker or gone, a route comes without auth, CORS,
//	          hosts or trusted proxies are wider, a limit or timeout is higher, TLS is older, endpoints
//	          or rewrites change, a backend comes into or goes out of use, a waiver is new; proxies trust somebody
//	          else, bundles come from elsewhere, what is old is noticed later
//	safe      the rest: owner, description, objectives, response headers, shifted weights, more replicas, ...
package diff

import (
	"cmp"
	"fmt"
	"slices"

	"gwc.dev/schema"
)

// Class orders changes by how much they matter.
type Class int

// The classes.
const (
	Safe Class = iota
	Risky
	Breaking
)

// String returns the class's name as it is printed.
func (c Class) String() string {
	switch c {
	case Breaking:
		return "breaking"
	case Risky:
		return "risky"
	default:
		return "safe"
	}
}

// MarshalText implements [encoding.TextMarshaler].
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseThreshold returns the least class that a person wants to fail on: "breaking", "risky", or "any" for
// every change.
func ParseThreshold(s string) (Class, error) {
	switch s {
	case "breaking":
		return Breaking, nil
	case "risky":
		return Risky, nil
	case "any":
		return Safe, nil
	}
	return 0, fmt.Errorf("threshold %q: want breaking, risky or any", s)
}

// Kind is what happened to a place of the model.
type Kind int

// The kinds.
const (
	Added Kind = iota
	Removed
	Changed
)

// String returns the kind's name as it is printed.
func (k Kind) String() string { return [...]string{"added", "removed", "changed"}[k] }

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// A Change is one difference.
type Change struct {
	Path  schema.Path `json:"path"`
	Kind  Kind        `json:"kind"`
	Class Class       `json:"class"`
	// Reason says in a few words why the change has its class.
	Reason string `json:"reason"`
	// Old and New are the values as short text on one line; of what is added or removed, a summary.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// A Report is all changes between two models, by path.
type Report struct {
	Changes []Change
}

// Compare reports what changes between two models, which it resolves if they are not.
func Compare(old, new *schema.Gateway) *Report {
	old, new = old.Resolve(), new.Resolve()
	stateLimits(old, new)
	w := newWalker(old, new)
	w.compare()
	slices.SortFunc(w.changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return &Report{Changes: w.changes}
}

// Count returns the number of changes of each class.
func (r *Report) Count() (n [Breaking + 1]int) {
	for _, c := range r.Changes {
		n[c.Class]++
	}
	return n
}
