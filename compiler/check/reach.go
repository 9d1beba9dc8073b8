package check

import (
	"fmt"
	"slices"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// checkRoutes: every route has requests that it takes, on every host of its API, and takes or loses none by what people do
// not see. What the match table does with requests is proved; what takes those of a route may be several others together.
func checkRoutes(p *pass) {
	lost := map[*schema.Route]*loss{}
	entries := map[*schema.Route]int{}
	unread := map[*schema.Route]*refusal{} // nil: some of its requests are answered
	var order, perhaps []*routing.Entry
	for _, e := range p.table.Entries {
		if p.served(e) {
			entries[e.Route]++
		}
		by, isLost := p.shadow(e)
		if isLost {
			l := lost[e.Route]
			if l == nil {
				l = &loss{}
				lost[e.Route] = l
				order = append(order, e)
			}
			l.hosts = append(l.hosts, e.Host)
			l.entries = append(l.entries, e)
			for _, winner := range by {
				if !slices.ContainsFunc(l.by, func(w *routing.Entry) bool { return w.Route == winner.Route }) {
					l.by = append(l.by, winner)
				}
			}
		}
		if _, known := unread[e.Route]; !isLost && p.served(e) && (!known || unread[e.Route] != nil) {
			r := p.refused(e)
			if !known {
				perhaps = append(perhaps, e)
			}
			if !known || r == nil {
				unread[e.Route] = r
			}
		}
		p.contend(e, isLost)
		if isLost && p.conflicting(e, by) { // which is then all that is said of the loss
			p.contend(e, false)
		}
	}
	for _, e := range order {
		l := lost[e.Route]
		l.everywhere = len(l.hosts) == entries[e.Route]
		if l.everywhere {
			p.lost[e.String()] = true
		}
		switch {
		case len(l.by) == 0 && !l.everywhere:
			p.report(diag.Finding{
				Code: "route-unreachable", Severity: diag.Warning, Path: e.Path().Join("match"),
				Message: fmt.Sprintf("no request for %s reaches route %q: at no listener that takes it does the gateway write what the match asks for", quotedHosts(l.hosts), e.Name),
				Hint:    "match what it writes there, such as the scheme of the listener, or leave the host to another route",
			})
		case len(l.by) == 0:
			p.impossible(e)
		case !p.conflicting(e, l.by):
			p.unreachable(e, l)
		}
	}
	for _, e := range perhaps {
		if r := unread[e.Route]; r != nil {
			p.unread(r)
		}
	}
	p.sayContentions()
}

// conflicting reports whether an entry's route is reported as equal to one of others.
func (p *pass) conflicting(e *routing.Entry, others []*routing.Entry) bool {
	return slices.ContainsFunc(others, func(w *routing.Entry) bool { return p.conflicts[routePair{w.Route, e.Route}] })
}

// served reports whether requests for an entry's host come in at all.
func (p *pass) served(e *routing.Entry) bool {
	return slices.ContainsFunc(e.Views, func(v *routing.View) bool {
		for range v.Hosts(e) {
			return true
		}
		return false
	})
}

// A loss says where no request reaches a route, and what takes them instead.
type loss struct {
	entries    []*routing.Entry
	hosts      []string
	everywhere bool
	by         []*routing.Entry // none: there are no such requests
}

// shadow reports whether an entry has no request that it takes at any listener that serves it, and what takes them all;
// nothing does where no request is as the entry asks for.
func (p *pass) shadow(e *routing.Entry) (by []*routing.Entry, isLost bool) {
	if p.exhausted() {
		return nil, false
	}
	for _, v := range e.Views {
		if own, ok := v.Own(e); ok && p.has(e, v, own) == space.Found {
			return nil, false
		}
	}
	for _, v := range e.Views {
		for part := range v.Parts(e) {
			if p.has(e, v, part) != space.Empty {
				return nil, false
			}
			result, takers := p.takes(e, v, part)
			if result.Verdict != space.Empty {
				return nil, false
			}
			isLost = true
			for _, winner := range takers {
				if !slices.Contains(by, winner) {
					by = append(by, winner)
				}
			}
		}
	}
	if slices.ContainsFunc(by, func(w *routing.Entry) bool { return w.Route == e.Route }) { // which has them on another host
		return nil, false
	}
	return by, isLost
}

// has reports whether an entry takes a request, among those of a part of it, that is no preflight.
func (p *pass) has(e *routing.Entry, v *routing.View, part *space.Match) space.Verdict {
	p.assume(v)
	out := append(routing.Matches(p.above(e, v, []*space.Match{part})), p.preflights)
	return p.ask(e, func() space.Verdict { return p.table.Space.Has([]*space.Match{part}, out) })
}

// unreachable reports a route that loses all its requests, or those of some hosts.
func (p *pass) unreachable(e *routing.Entry, l *loss) {
	p.truly(l)
	f := diag.Finding{
		Code: "route-unreachable", Severity: diag.Error, Path: e.Path().Join("match"),
		Message: fmt.Sprintf("no request reaches route %q: %s", e.Name, takers(e, l.by)),
		Hint:    "remove it, or match something that the others do not take",
	}
	if !l.everywhere {
		f.Severity = diag.Warning
		f.Message = fmt.Sprintf("no request for %s reaches route %q: %s", quotedHosts(l.hosts), e.Name, takers(e, l.by))
	}
	if hint := split(e, l.by); hint != "" {
		f.Code, f.Hint = "canary-unsplit", hint
	}
	for _, winner := range l.by[:min(len(l.by), maxRelated)] {
		text := "some of its requests"
		if r, v := l.taken(p, winner); r != nil {
			text = r.String()
			if f.Request == nil {
				f.Request = p.request(v, r)
			}
			if r.Preflight() && winner.Route.CORS != nil && f.Code == "route-unreachable" {
				f.Hint = "a CORS preflight goes to the route of the method that it announces, where that route speaks CORS: leave it to that one"
			}
		}
		f.Related = append(f.Related, diag.Related{
			Path: winner.Path().Join("match"), Message: fmt.Sprintf("route %s takes %s", title(winner, e), text),
		})
	}
	p.report(f)
}

// taken returns a request of those that are lost, which a route takes.
func (l *loss) taken(p *pass, winner *routing.Entry) (*space.Request, *routing.View) {
	for _, e := range l.entries {
		for _, w := range p.entries[winner.Path()] {
			if r, v := p.shared(w, e); r != nil {
				return r, v
			}
			if r, v := p.announced(w, e); r != nil {
				return r, v
			}
		}
	}
	return nil, nil
}

// truly leaves of those that would take all requests of a route the ones that do take some, where others win over them.
func (p *pass) truly(l *loss) {
	takesSome := func(winner *routing.Entry) bool {
		r, _ := l.taken(p, winner)
		return r != nil
	}
	if len(l.by) > maxRelated || !slices.ContainsFunc(l.by, func(w *routing.Entry) bool { return !takesSome(w) }) {
		return
	}
	var all []*routing.Entry
	for _, e := range l.entries {
		for _, o := range p.table.Above(e) {
			if !slices.ContainsFunc(all, func(w *routing.Entry) bool { return w.Route == o.Route }) && len(all) < 8*maxRelated && takesSome(o) {
				all = append(all, o)
			}
		}
	}
	if len(l.entries) == 1 { // of those, the fewest that are enough
		p.assume(nil)
		if result := p.table.Space.Find([]*space.Match{l.entries[0].Match}, routing.Matches(all)); result.Verdict == space.Empty {
			all = chosen(all, result.By)
		}
	}
	if len(all) > 0 {
		l.by = all
	}
}

// maxRelated bounds the routes that are shown beside one.
const maxRelated = 8

// takers names the routes that take what one would.
func takers(e *routing.Entry, by []*routing.Entry) string {
	if len(by) == 1 {
		return fmt.Sprintf("route %s takes them all", title(by[0], e))
	}
	var titles []string
	for _, winner := range by[:min(len(by), maxRelated)] {
		titles = append(titles, title(winner, e))
	}
	if more := len(by) - len(titles); more > 0 {
		return fmt.Sprintf("routes %s and %d more take them all", strings.Join(titles, ", "), more)
	}
	return fmt.Sprintf("routes %s take them all, together", strings.Join(titles, ", "))
}

// split says what to do about a route that was meant to share the requests of a path with others by header or query
// matches, and cannot: the one loses all of them, or the others take all of them. "": it is no such route.
func split(e *routing.Entry, by []*routing.Entry) (hint string) {
	asks := func(e *routing.Entry) bool { return e.Values() > 0 }
	beside := func(o *routing.Entry) bool { return o.Host == e.Host && onePath(o.Route, e.Route) }
	byMethods := func(o *routing.Entry) bool { return beside(o) && !asks(o) && o.Methods() && !e.Methods() }
	switch {
	case asks(e) && slices.ContainsFunc(by, byMethods):
		return "list the methods of the default route here too: a list of methods counts before header and query matches"
	case !asks(e) && !slices.ContainsFunc(by, func(o *routing.Entry) bool { return !beside(o) || !asks(o) }):
		return "have the header and query matches of the other routes leave some requests to this one"
	}
	return ""
}

// title names a route beside another one.
func title(e, beside *routing.Entry) string {
	if e.API == beside.API {
		return fmt.Sprintf("%q", e.Name)
	}
	return fmt.Sprintf("%q of API %q", e.Name, e.API)
}

func quotedHosts(hosts []string) string {
	var out []string
	for _, h := range hosts {
		if h == "" {
			h = "any host"
		} else {
			h = fmt.Sprintf("%q", h)
		}
		out = append(out, h)
	}
	return strings.Join(out, ", ")
}
