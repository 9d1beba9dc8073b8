package behaviour

import (
	"slices"

	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// A CORS preflight belongs to the route of the request that it announces, if that one speaks CORS, and is else an OPTIONS
// request like others. So it may go from one route to another where no other request does.

// A way is how preflights come to a route, or to none: first is the route of the request that they announce.
type way struct {
	first   *routing.Entry
	in, out []*space.Match
}

// ways returns all ways in which preflights of a set come to e on its side.
func (c *comparison) ways(s *served, e *routing.Entry, of *space.Match) []way {
	list := s.whatever(of)
	before := func(e *routing.Entry) []*routing.Entry { return above(e, list) }
	announced := func(entries ...*routing.Entry) []*space.Match {
		var out []*space.Match
		for _, e := range entries {
			out = append(out, c.space.Announced(e.Match))
		}
		return out
	}
	var out []way
	own := way{in: []*space.Match{c.space.Preflights()}, out: routing.Matches(before(e))}
	if e != nil {
		own.in = append(own.in, e.Match)
		if speaksCORS(e) {
			out = append(out, way{e, announced(e), announced(before(e)...)})
		}
	}
	for _, first := range list {
		if !speaksCORS(first) {
			out = append(out, way{first, append(announced(first), own.in...), append(announced(before(first)...), own.out...)})
		}
	}
	return append(out, way{nil, own.in, append(announced(list...), own.out...)})
}

func speaksCORS(e *routing.Entry) bool { return e != nil && e.Route.CORS != nil }

// preflight looks for a preflight of a set that came to old and comes to new, and that they do not answer alike.
func (c *comparison) preflight(old, new *routing.Entry, in, out []*space.Match) space.Result {
	if speaksCORS(old) && speaksCORS(new) {
		all, some := answersDiffer(old, new)
		switch {
		case !all && len(some) == 0:
			return space.Result{Verdict: space.Empty}
		case !all:
			in = append(slices.Clip(in), c.space.Announced(c.matches(schema.Match{Methods: some})[0]))
		}
	}
	for _, was := range c.ways(c.before, old, old.Match) {
		for _, is := range c.ways(c.after, new, new.Match) {
			result := c.served(slices.Concat(in, was.in, is.in), slices.Concat(out, was.out, is.out))
			if result.Verdict != space.Empty {
				return result
			}
		}
	}
	return space.Result{Verdict: space.Empty}
}

// lonePreflight looks for a preflight that comes to e on its side and in one of some ways to nobody on the other.
func (c *comparison) lonePreflight(s *served, e *routing.Entry, under *space.Match, others []way) space.Result {
	for _, was := range c.ways(s, e, e.Match) {
		for _, is := range others {
			result := c.find(slices.Concat([]*space.Match{under}, was.in, is.in), slices.Concat(was.out, is.out))
			if result.Verdict != space.Empty {
				return result
			}
		}
	}
	return space.Result{Verdict: space.Empty}
}

// preflights adds the preflights that a route answers on one side only, because there alone it speaks CORS or is there,
// beside the class of the requests that they announce.
func (c *comparison) preflights(to *folder) {
	for _, old := range c.before.entries {
		c.moved(to, c.before, old, c.after, func(new *routing.Entry) bool { return c.may(old, new) }, func(e *routing.Entry) *Class {
			return &Class{Old: named(old), New: named(e), Severity: diff.Breaking, Reason: "preflights are no longer answered"}
		})
	}
	for _, new := range c.after.entries {
		c.moved(to, c.after, new, c.before, func(old *routing.Entry) bool { return c.may(old, new) }, func(e *routing.Entry) *Class {
			return &Class{Old: named(e), New: named(new), Severity: diff.Risky, Reason: "preflights are answered"}
		})
	}
}

// moved adds the preflights that e answers on its side, and that on the other are treated as any OPTIONS request, since the
// request that they announce goes to nobody there, or to a route that does not speak CORS.
func (c *comparison) moved(to *folder, s *served, e *routing.Entry, other *served, may func(*routing.Entry) bool, class func(*routing.Entry) *Class) {
	if !speaksCORS(e) {
		return
	}
	list := other.whatever(e.Match)
	lacks := func(r *routing.Entry) bool { return !speaksCORS(r) && may(r) }
	if c.stays(e) && !slices.ContainsFunc(list, lacks) {
		return
	}
	answered := c.ways(s, e, e.Match)[0]
	for _, taker := range append(slices.Clone(list), nil) {
		in := answered.in
		if speaksCORS(taker) {
			all, some := answersDiffer(e, taker)
			if !all && len(some) == 0 {
				continue
			}
			if !all {
				in = append(slices.Clip(in), c.space.Announced(c.matches(schema.Match{Methods: some})[0]))
			}
		}
		for _, way := range c.ways(other, taker, e.Match) {
			if way.first != nil && !lacks(way.first) {
				continue
			}
			result := c.served(slices.Concat(in, way.in), slices.Concat(answered.out, way.out))
			if result.Verdict == space.Found {
				found := class(taker)
				c.show(found, result)
				to.beside(found, announcedPair(found, s == c.before, way.first))
				break
			}
		}
	}
}

// answersDiffer reports whether two routes answer preflights differently whatever these announce, or for which methods they
// do.
func answersDiffer(a, b *routing.Entry) (all bool, some []string) {
	if corsSettings(a.Route) != corsSettings(b.Route) || responseText(a.Route.Headers) != responseText(b.Route.Headers) {
		return true, nil
	}
	was, is := corsMethods(a.Route), corsMethods(b.Route)
	if len(a.Route.CORS.Methods)+len(b.Route.CORS.Methods) > 0 {
		return !slices.Equal(was, is), nil
	}
	return false, slices.DeleteFunc(sorted(slices.Concat(was, is)), func(m string) bool { return slices.Contains(was, m) == slices.Contains(is, m) })
}

// announcedPair returns the routes of the requests that the preflights of a class announce.
func announcedPair(c *Class, lost bool, first *routing.Entry) [2]Route {
	pair := &Class{Old: named(first), New: c.New}
	if lost {
		pair = &Class{Old: c.Old, New: named(first)}
	}
	return pair.pair()
}
