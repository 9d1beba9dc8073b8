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

// checkReach: every route has a request that it takes, on every host of its API. What takes its requests is proved, by
// the match table's own order, and may be several routes together.
func checkReach(p *pass) {
	if p.table == nil {
		return
	}
	type lost struct {
		hosts []string
		by    []*routing.Entry
	}
	shadowed := map[*schema.Route]*lost{}
	hosts := map[*schema.Route]int{}
	var order []*routing.Entry
	for _, e := range p.table.Entries {
		hosts[e.Route]++
		by := p.shadow(e)
		if len(by) == 0 {
			continue
		}
		l := shadowed[e.Route]
		if l == nil {
			l = &lost{}
			shadowed[e.Route] = l
			order = append(order, e)
		}
		l.hosts = append(l.hosts, e.Host)
		for _, winner := range by {
			if !slices.ContainsFunc(l.by, func(w *routing.Entry) bool { return w.Route == winner.Route }) {
				l.by = append(l.by, winner)
			}
		}
	}
	for _, e := range order {
		l := shadowed[e.Route]
		p.unreachable(e, l.by, l.hosts, len(l.hosts) == hosts[e.Route])
	}
}

// shadow returns the entries that take all requests of one, at every listener that serves it; none: it has some.
func (p *pass) shadow(e *routing.Entry) []*routing.Entry {
	above := p.table.Above(e)
	if len(above) == 0 || len(e.Listeners) == 0 {
		return nil
	}
	var all []*routing.Entry
	asked := map[string]bool{}
	for _, listener := range e.Listeners {
		rivals := slices.DeleteFunc(slices.Clone(above), func(o *routing.Entry) bool { return !slices.Contains(o.Listeners, listener) })
		if key := names(rivals); asked[key] { // listeners mostly serve the same
			continue
		} else if asked[key] = true; len(rivals) == 0 {
			return nil
		}
		result := p.find(e, []*space.Match{e.Match}, routing.Matches(rivals))
		if result.Verdict != space.Empty {
			return nil
		}
		for _, i := range result.By {
			if !slices.Contains(all, rivals[i]) {
				all = append(all, rivals[i])
			}
		}
	}
	return all
}

func names(entries []*routing.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}

// maxUndecided bounds the questions that come to nothing: each has cost all that one may.
const maxUndecided = 50

// workOf bounds the work on all questions about a model: some seconds, and some for each thousand routes. It takes hundreds
// of expressions that overlap, and cannot be told apart by what they begin with, to come near.
func workOf(g *schema.Gateway) int {
	routes := 0
	for _, a := range g.APIs {
		routes += len(a.Routes)
	}
	return 150_000_000 + 40_000*routes
}

// sayUnasked reports that the bounds ended the search for what is wrong with routes.
func (p *pass) sayUnasked() {
	if p.unasked > 0 {
		p.report(diag.Finding{
			Code: "route-undecided", Severity: diag.Info, Path: schema.NewPath("apis"),
			Message: fmt.Sprintf("%d more questions about which requests routes share were not asked: the bound on all of them was reached", p.unasked),
			Hint:    "match path prefixes in place of expressions where many routes have one host",
		})
	}
}

// find asks about an entry's requests. A question that could not be decided is reported, once for a route.
func (p *pass) find(e *routing.Entry, in, out []*space.Match) space.Result {
	if p.undecided >= maxUndecided {
		p.unasked++
		return space.Result{Verdict: space.Undecided}
	}
	result := p.table.Space.Find(in, out)
	if result.Verdict != space.Undecided {
		return result
	}
	p.undecided++
	p.report(diag.Finding{
		Code: "route-undecided", Severity: diag.Info, Path: e.Path().Join("match"),
		Message: fmt.Sprintf("it was not found out within bounds whether route %q shares requests with others", e.Name),
		Hint:    "match a path prefix in place of the expression, or write a simpler one",
	})
	return result
}

// unreachable reports a route that loses all its requests, or those of some hosts.
func (p *pass) unreachable(e *routing.Entry, by []*routing.Entry, hosts []string, everywhere bool) {
	if p.conflicts[e.String()] { // said already
		return
	}
	f := diag.Finding{
		Code: "route-unreachable", Severity: diag.Error, Path: e.Path().Join("match"),
		Message: fmt.Sprintf("no request reaches route %q: %s", e.Name, takers(e, by)),
		Hint:    "remove it, or match something that the others do not take",
	}
	if !everywhere {
		f.Severity = diag.Warning
		f.Message = fmt.Sprintf("no request for %s reaches route %q: %s", quotedHosts(hosts), e.Name, takers(e, by))
	}
	if hint := split(e, by); hint != "" {
		f.Code, f.Hint = "canary-unsplit", hint
	}
	if everywhere {
		p.lost[e.String()] = true
	}
	for _, winner := range by[:min(len(by), maxRelated)] {
		text := "some of its requests"
		if r := p.table.Space.Find([]*space.Match{e.Match, winner.Match}, nil); r.Verdict == space.Found {
			text = r.Request.String()
			if f.Request == nil {
				f.Request = p.request(e, r.Request)
			}
		}
		f.Related = append(f.Related, diag.Related{
			Path: winner.Path().Join("match"), Message: fmt.Sprintf("route %s takes %s", title(winner, e), text),
		})
	}
	p.report(f)
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
	asks := func(e *routing.Entry) bool {
		return e.Route.Match != nil && len(e.Route.Match.Headers)+len(e.Route.Match.Query) > 0
	}
	beside := func(o *routing.Entry) bool { return o.Host == e.Host && onePath(o.Route, e.Route) }
	switch {
	case asks(e) && slices.ContainsFunc(by, func(o *routing.Entry) bool { return beside(o) && !asks(o) }):
		return "list the methods of the default route here too: a list of methods counts before header and query matches"
	case !asks(e) && !slices.ContainsFunc(by, func(o *routing.Entry) bool { return !beside(o) || !asks(o) }):
		return "have the header and query matches of the other routes leave some requests to this one"
	}
	return ""
}

// onePath reports whether two routes match the same paths, as they are written.
func onePath(a, b *schema.Route) bool {
	var p, q *schema.PathMatch
	if a.Match != nil {
		p = a.Match.Path
	}
	if b.Match != nil {
		q = b.Match.Path
	}
	return canonical(p) == canonical(q)
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
