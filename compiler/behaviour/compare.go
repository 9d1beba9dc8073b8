package behaviour

import (
	"slices"

	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// A comparison looks for the requests that are treated differently at the listeners of a group.
type comparison struct {
	space         *space.Space
	group         group
	before, after *served
	twins         map[*routing.Entry]*routing.Entry
	hostsDiffer   bool             // of the listeners
	told          space.Assumption // about clients
	schemes       []string         // that requests come by
	undecided     *int             // how many questions were, at all listeners
}

// run adds the classes that it finds.
func (c *comparison) run(to *folder) {
	c.pairUp()
	c.told = c.toldOf()
	c.schemes = sorted(append(c.before.schemesAt(), c.after.schemesAt()...))
	for _, old := range c.before.entries {
		for _, new := range c.after.meeting(old.Match) {
			if c.worthAsking(old, new) {
				c.add(to, old, new, c.differ(old, new))
			}
		}
		if !c.stays(old) {
			c.add(to, old, nil, c.unanswered(c.before, old, c.after))
		}
	}
	for _, new := range c.after.entries {
		if !c.stays(new) {
			c.add(to, nil, new, c.unanswered(c.after, new, c.before))
		}
	}
	c.preflights(to)
}

// pairUp remembers for each entry the other side's of the same requests at the same hosts.
func (c *comparison) pairUp() {
	c.twins = map[*routing.Entry]*routing.Entry{}
	for _, side := range [][2]*served{{c.before, c.after}, {c.after, c.before}} {
		for _, e := range side[0].entries {
			c.twins[e] = side[1].byKey[side[0].keys[e]]
		}
	}
	c.hostsDiffer = !slices.Equal(c.before.hostNames(), c.after.hostNames())
}

// stays reports whether the other side has an entry of the same requests at the same hosts: then none of these is left
// unanswered there.
func (c *comparison) stays(e *routing.Entry) bool { return c.twins[e] != nil && !c.hostsDiffer }

// worthAsking reports whether there may be requests that old took, new takes, and which are treated differently.
func (c *comparison) worthAsking(old, new *routing.Entry) bool {
	return c.may(old, new) && !c.before.of(old).same(c.after.of(new), c.schemes)
}

// may reports whether there may be requests that old took and new takes: not if something on old's side takes what new
// does and wins over old, or the other way round. Of two routes that are on both sides so one wins on both.
func (c *comparison) may(old, new *routing.Entry) bool {
	was, is := c.twins[new], c.twins[old]
	return (was == nil || !was.Before(old)) && (is == nil || !is.Before(new))
}

// differ looks for a request that old took, new takes, and which are treated differently.
func (c *comparison) differ(old, new *routing.Entry) space.Result {
	if c.exhausted(old, new) {
		return space.Result{Verdict: space.Undecided}
	}
	for _, where := range c.before.of(old).differs(c.after.of(new), c.schemes).where {
		if result := c.both(old, new, where); result.Verdict != space.Empty {
			return result
		}
	}
	return space.Result{Verdict: space.Empty}
}

// both looks for a request that old took and new takes.
func (c *comparison) both(old, new *routing.Entry, where scope) space.Result {
	in, out := []*space.Match{old.Match, new.Match}, []*space.Match(nil)
	if len(where.methods) > 0 {
		in = append(in, c.matches(schema.Match{Methods: where.methods})...)
	}
	for _, path := range where.except {
		out = append(out, c.matches(schema.Match{Path: &schema.PathMatch{Exact: path}})...)
	}
	higher := routing.Matches(c.above(c.before, old, new))
	higher = append(higher, routing.Matches(c.above(c.after, new, old))...)
	result := c.served(in, append(higher, out...))
	if result.Request != nil && result.Request.Preflight() {
		return c.preflight(old, new, in, out)
	}
	return result
}

// served looks for a request that listeners of both sides serve.
func (c *comparison) served(in, out []*space.Match) space.Result {
	common := ""
	for _, m := range in {
		var ok bool
		if common, ok = routing.Meet(common, m.Host()); !ok {
			return space.Result{Verdict: space.Empty}
		}
	}
	result := c.find(in, out)
	if result.Verdict == space.Empty || c.before.hosts.TakesAll(common) && c.after.hosts.TakesAll(common) {
		return result
	}
	for was := range c.before.hosts.On(common) {
		for host := range c.after.hosts.On(was) {
			if result := c.find(append(slices.Clip(in), c.on(host)), out); result.Verdict != space.Empty {
				return result
			}
		}
	}
	return space.Result{Verdict: space.Empty}
}

// on returns the requests on the hosts of a pattern.
func (c *comparison) on(host string) *space.Match {
	m, err := c.space.Match(nil, host)
	if err != nil { // without a path there is nothing that could be wrong
		panic(err)
	}
	return m
}

// matches returns the requests of a match on any host; none of what is no path, which no request has.
func (c *comparison) matches(m schema.Match) []*space.Match {
	out, err := c.space.Match(&m, "")
	if err != nil {
		return nil
	}
	return []*space.Match{out}
}

// maxUndecided bounds the questions that end undecided: each has cost all that one may, and it takes expressions made
// for it that there is more than one.
const maxUndecided = 100

// exhausted reports whether so many questions have come to nothing that others about expressions are not worth asking.
func (c *comparison) exhausted(entries ...*routing.Entry) bool {
	return *c.undecided >= maxUndecided && slices.ContainsFunc(entries, (*routing.Entry).Regex)
}

// find asks a question, unless too many have come to nothing.
func (c *comparison) find(in, out []*space.Match) space.Result {
	if *c.undecided >= maxUndecided {
		return space.Result{Verdict: space.Undecided}
	}
	c.space.Assume(c.told)
	result := c.space.Find(in, out)
	if result.Verdict == space.Undecided { // it may be for many that have nothing to do with it
		apart := func(m *space.Match) bool { return c.space.Find(append(slices.Clip(in), m), nil).Verdict == space.Empty }
		if near := slices.DeleteFunc(slices.Clone(out), apart); len(near) < len(out) {
			result = c.space.Find(in, near)
		}
	}
	if result.Verdict == space.Undecided {
		*c.undecided++
	}
	return result
}

// above returns the entries of e's side that win over it, of requests that it has in common with another entry.
func (c *comparison) above(s *served, e, with *routing.Entry) []*routing.Entry {
	rivals := s.meeting(e.Match)
	if fewer := s.meeting(with.Match); len(fewer) < len(rivals) {
		rivals = fewer
	}
	return above(e, rivals)
}

// unanswered looks for a request that e takes on its side and that nobody takes on the other.
func (c *comparison) unanswered(s *served, e *routing.Entry, other *served) space.Result {
	if c.exhausted(e) {
		return space.Result{Verdict: space.Undecided}
	}
	higher := routing.Matches(above(e, s.meeting(e.Match)))
	lacks := func(host string, out []*space.Match, preflights func() []way) space.Result {
		under := c.on(host)
		result := c.find([]*space.Match{e.Match, under}, slices.Concat(out, higher))
		if result.Request != nil && result.Request.Preflight() {
			return c.lonePreflight(s, e, under, preflights())
		}
		return result
	}
	routes, preflights := routing.Matches(other.meeting(e.Match)), func() []way { return c.ways(other, nil, e.Match) }
	result := lacks(e.Host, routes, preflights)
	if result.Verdict != space.Empty && s.hosts.TakesAll(e.Host) {
		return result
	}
	for host := range s.hosts.On(e.Host) {
		if result.Verdict != space.Empty { // on some host, which need not be one of the listener
			if result := lacks(host, routes, preflights); result.Verdict != space.Empty {
				return result
			}
		}
		if hosts, whole := c.taken(other, host); !whole {
			if result := lacks(host, hosts, func() []way { return []way{{out: hosts}} }); result.Verdict != space.Empty {
				return result
			}
		}
	}
	return space.Result{Verdict: space.Empty}
}

// taken returns what of a pattern's hosts the listener of a side takes; whole: that is all.
func (c *comparison) taken(s *served, pattern string) (hosts []*space.Match, whole bool) {
	if s.hosts.TakesAll(pattern) {
		return nil, true
	}
	for host := range s.hosts.On(pattern) {
		hosts = append(hosts, c.on(host))
	}
	return hosts, false
}

// add adds a class, if there are requests in it.
func (c *comparison) add(to *folder, old, new *routing.Entry, result space.Result) {
	if result.Verdict == space.Empty {
		return
	}
	if result.Verdict == space.Undecided && *c.undecided >= maxUndecided {
		to.rest(c)
		return
	}
	class := judge(c.before.side, c.after.side, old, new, c.schemes)
	c.show(class, result)
	alike := ""
	if old == nil || new == nil {
		alike = c.before.of(old).whole() + " -> " + c.after.of(new).whole()
	}
	to.add(class, alike)
}

// show gives a class its example, and says where that is sent.
func (c *comparison) show(class *Class, result space.Result) {
	class.Request, class.Listeners = result.Request, c.group.names
	class.Undecided = result.Verdict == space.Undecided
	c.address(class)
	class.tell()
}

// address says how the listeners are reached.
func (c *comparison) address(class *Class) {
	l := c.after.gateway.Listeners[c.group.new]
	class.Scheme, class.Port = "http", l.Port
	if l.TLS != nil {
		class.Scheme = "https"
	}
}

// Routes names the routes on both sides.
func (c *Class) Routes() string {
	if c.Old.String() == c.New.String() {
		return c.Old.String()
	}
	return c.Old.String() + " -> " + c.New.String()
}
