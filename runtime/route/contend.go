package route

import (
	"fmt"
	"slices"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
)

// A Contender is a route that a request's host and path fit.
type Contender struct {
	Route *Route
	// Lost says why the route does not take the request; empty: it does.
	Lost string
}

// Contenders returns the routes that the host and path of a request fit, each once and by precedence: what [Table.Match] looks at, with
// the reason why it takes one of them and not the others. Announced says that they are told apart by the method that a
// CORS preflight announces.
func (t *Table) Contenders(listener string, r *exchange.Request) (all []Contender, announced bool) {
	winner := t.Match(listener, r)
	if !t.Serves(listener, r.Host) || r.Path == "" || r.Path[0] != '/' {
		return nil, false
	}
	l, host := t.listeners[listener], strings.TrimSuffix(r.Host, ".")
	asked := &request{r, r.Method}
	if method, ok := filter.Preflight(r); ok && winner != nil && winner.cors {
		if preflight := (&request{r, method}); l.match(host, preflight) == winner {
			asked, announced = preflight, true
		}
	}
	var won *match
	seen := map[*Route]bool{} // at the most specific of their hosts that fits
	for s := range l.sites.lookup(host) {
		here := won == nil // no site before had a route for it
		for _, m := range s.fitting(r.Path) {
			if seen[m.route] {
				continue
			}
			seen[m.route] = true
			c := Contender{Route: m.route}
			switch lost := m.misses(asked); {
			case lost != "":
				c.Lost = lost
			case won == nil:
				won = m
			case !here:
				c.Lost = "its host is less specific"
			default:
				c.Lost = m.loses(won)
			}
			all = append(all, c)
		}
	}
	return all, announced
}

// fitting returns the matches of a site that a path fits, by precedence.
func (s *site) fitting(path string) []*match {
	out := s.exact[path].matches()
	deepest := s.root.walk(path)
	for n := deepest; n != nil; n = n.parent {
		out = append(out, n.prefix.matches()...)
	}
	var regexes []*match
	for n := deepest; n != nil; n = n.parent {
		for _, m := range n.regexes.matches() {
			if m.path.regex.MatchString(path) {
				regexes = append(regexes, m)
			}
		}
	}
	slices.SortFunc(regexes, func(a, b *match) int { return a.rank - b.rank })
	return append(out, regexes...)
}

// matches returns all that was added, by rank.
func (c *candidates) matches() []*match {
	if c == nil {
		return nil
	}
	out := slices.Clone(c.all)
	for _, index := range c.values {
		for _, some := range index.matches {
			out = append(out, some...)
		}
	}
	for _, some := range c.methods {
		out = append(out, some...)
	}
	slices.SortFunc(out, func(a, b *match) int { return a.rank - b.rank })
	return slices.Compact(out)
}

// misses says what of a match a request does not fulfil, whose path fits; "": nothing.
func (m *match) misses(r *request) string {
	if len(m.methods) > 0 && !slices.Contains(m.methods, r.method) {
		return fmt.Sprintf("it takes %s, not %s", strings.Join(m.methods, ", "), r.method)
	}
	for i := range m.values {
		if v := &m.values[i]; !v.fits(r) {
			return v.misses(r)
		}
	}
	return ""
}

func (v *valueMatch) misses(r *request) string {
	what := fmt.Sprintf("header %s", v.name)
	if v.query {
		what = fmt.Sprintf("query parameter %s", v.name)
	}
	value, there := v.of(r)
	is := fmt.Sprintf("is %q", value)
	if !there {
		is = "is not there"
	}
	switch {
	case v.exact != nil:
		return fmt.Sprintf("%s %s: it has to be %q", what, is, *v.exact)
	case v.regex != nil:
		return fmt.Sprintf("%s %s: it has to match the expression", what, is)
	case v.present:
		return what + " is not there"
	}
	return what + " is there"
}

// loses says by which rule another match of the same host wins.
func (m *match) loses(to *match) string {
	kinds := [...]string{exactPath: "an exact path", prefixPath: "a prefix", regexPath: "an expression"}
	switch {
	case to.path.kind != m.path.kind:
		return fmt.Sprintf("%s wins over %s", kinds[to.path.kind], kinds[m.path.kind])
	case to.path.kind == prefixPath && len(strings.Trim(to.path.text, "/")) != len(strings.Trim(m.path.text, "/")):
		return "its prefix is shorter"
	case (len(to.methods) > 0) != (len(m.methods) > 0):
		return "it lists no methods"
	case to.headers != m.headers:
		return "it has fewer header matches"
	case len(to.values) != len(m.values):
		return "it has fewer query matches"
	}
	return "only its name comes later"
}
