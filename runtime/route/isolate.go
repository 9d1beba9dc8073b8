package route

import (
	"slices"

	"gwc.dev/runtime/filter"
	"gwc.dev/schema"
)

// BuildIsolated is [BuildResolved] for a proxy that would rather serve some of its APIs than none of a new model. An
// API is left out that cannot be built: one of its filters, or an upstream that it uses and that upstreams says is
// broken, and why. [Table.LeftOut] names what is left out.
//
// An API that is left out keeps its matches. Its requests are answered with 503 and never fall through to a route
// that is less specific, which may ask for no credentials. For the same reason a match that cannot be compiled is a
// problem as in BuildResolved, and so is all that is wrong outside of APIs.
func BuildIsolated(g *schema.Gateway, deps filter.Deps, upstreams map[string][]schema.Problem) (*Table, []schema.Problem) {
	deps.Isolate = true
	b := newBuilder(g, deps)
	b.broken = upstreams
	return b.build()
}

// LeftOut is what a table does not serve as the model has it.
type LeftOut struct {
	// APIs are those whose routes answer 503, each with the problems that it has.
	APIs map[string][]schema.Problem
	// Consumers are those that cannot be recognised by one of their keys.
	Consumers map[string][]schema.Problem
}

// LeftOut returns what the table leaves out; nothing unless [BuildIsolated] has made it.
func (t *Table) LeftOut() LeftOut { return t.leftOut }

// isolate takes an API out of the table because of faults, or reports these.
func (b *builder) isolate(api string, matches []*match, faults []schema.Problem) {
	var inside []schema.Problem
	for _, p := range faults {
		switch {
		case !b.deps.Isolate, !below(p.Path, "apis", api) && !b.ofBrokenUpstream(p):
			b.problems = append(b.problems, p) // as with what many APIs share
		case !slices.Contains(inside, p):
			inside = append(inside, p)
		}
	}
	if len(inside) == 0 {
		return
	}
	b.table.leftOut.APIs[api] = inside
	for _, m := range matches {
		m.route.Chain, m.route.Backends = filter.Unavailable(), nil
	}
}

func (b *builder) ofBrokenUpstream(p schema.Problem) bool {
	names := p.Path.Names()
	return len(names) > 1 && names[0] == "upstreams" && slices.Contains(b.broken[names[1]], p)
}

// below reports whether a path is that of a place, or leads into it.
func below(p schema.Path, place ...string) bool {
	names := p.Names()
	return len(names) >= len(place) && slices.Equal(names[:len(place)], place)
}
