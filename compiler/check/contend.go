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

// A routePair is two routes, of which the first wins.
type routePair struct{ winner, loser *schema.Route }

// A contention is what one route loses, in one way, to others.
type contention struct {
	code   string
	nested bool // of route-taken: the paths of the winners lie within those of the loser
	loser  *routing.Entry
	rivals []rival
}

// A rival takes a request that the loser matches too.
type rival struct {
	entry   *routing.Entry
	request *space.Request
	view    *routing.View
}

type contentionKey struct {
	route  *schema.Route
	code   string
	nested bool
}

// contend looks for the routes that an entry loses requests to in ways that people do not see: by the order of names, by
// a list of methods, or to another owner. Whether it loses them all is asked elsewhere: then only equal matches count.
func (p *pass) contend(e *routing.Entry, isLost bool) {
	if p.exhausted() {
		return
	}
	rivals := p.table.OfHost(e.Match)
	p.table.Space.Charge(len(rivals))
	for _, w := range rivals {
		if !w.Before(e) {
			break
		}
		if w.Route == e.Route || !slices.ContainsFunc(w.Views, func(v *routing.View) bool { return v.Serves(e) }) {
			continue
		}
		kinds := p.kinds(w, e, isLost)
		if len(kinds) == 0 {
			continue
		}
		if p.exhausted() {
			return
		}
		r, v := p.shared(w, e)
		if r == nil {
			continue
		}
		for _, key := range kinds {
			c := p.contentions[key]
			if c == nil {
				c = &contention{code: key.code, nested: key.nested, loser: e}
				p.contentions[key] = c
				p.found = append(p.found, c)
			}
			c.rivals = append(c.rivals, rival{w, r, v})
			if key.code == "route-conflict" {
				p.conflicts[routePair{w.Route, e.Route}] = true
			}
		}
	}
}

// kinds returns the ways to lose requests that are possible between two entries of one host, and are still to be shown.
func (p *pass) kinds(w, e *routing.Entry, isLost bool) []contentionKey {
	var out []contentionKey
	add := func(key contentionKey) {
		key.route = e.Route
		c := p.contentions[key]
		if c == nil || len(c.rivals) < maxRelated && !slices.ContainsFunc(c.rivals, func(r rival) bool { return r.entry.Route == w.Route }) {
			out = append(out, key)
		}
	}
	beside, samePath := w.Beside(e), onePath(w.Route, e.Route)
	if tied := w.Tied(e); tied && samePath && p.signature(w.Route) == p.signature(e.Route) {
		add(contentionKey{code: "route-conflict"})
		return out
	} else if isLost {
		return nil
	} else if tied {
		add(contentionKey{code: "route-overlap"})
	} else if samePath && w.Methods() && !e.Methods() && w.Values() < e.Values() {
		add(contentionKey{code: "route-outranked"})
	}
	switch one, other := p.APIs[w.API].Owner, p.APIs[e.API].Owner; {
	case w.API == e.API || one == other || one == "" || other == "": // nobody is surprised
	case beside || !p.within(w, e):
		add(contentionKey{code: "route-taken"})
	case !takesEverything(e):
		add(contentionKey{code: "route-taken", nested: true})
	}
	return out
}

// within reports whether all paths of one entry are paths of another one with the same host.
func (p *pass) within(w, e *routing.Entry) bool {
	if !e.Regex() {
		return true
	}
	s := p.table.Space
	return s.Find([]*space.Match{s.Path(w.Match)}, []*space.Match{s.Path(e.Match)}).Verdict != space.Found
}

// takesEverything reports whether an entry is there for what no other one takes.
func takesEverything(e *routing.Entry) bool {
	m := e.Route.Match
	if m == nil || m.Path == nil {
		return true
	}
	if p := canonical(m.Path); p[0] != "regex" {
		return p == [2]string{"prefix", "/"}
	}
	return e.Match.TakesPath("/") && e.Match.TakesPath("/any-path/of-2.many")
}

// signature is the same for routes that ask for the same header fields and query parameters.
func (p *pass) signature(r *schema.Route) string {
	if s, ok := p.signatures[r]; ok || r.Match == nil {
		return s
	}
	var values []string
	for name, v := range r.Match.Headers {
		values = append(values, fmt.Sprintf("header %q %s", strings.ToLower(name), text(v)))
	}
	for name, v := range r.Match.Query {
		values = append(values, fmt.Sprintf("query %q %s", name, text(v)))
	}
	slices.Sort(values)
	p.signatures[r] = strings.Join(values, "\n")
	return p.signatures[r]
}

// text is the same for equal matches only.
func text(v schema.ValueMatch) string {
	switch {
	case v.Exact != nil:
		return fmt.Sprintf("= %q", *v.Exact)
	case v.Regex != "":
		return fmt.Sprintf("~ %q", v.Regex)
	default:
		return fmt.Sprint(v.Present == nil || *v.Present)
	}
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

// canonical returns the kind of a path match and its text in the form that paths are compared in: a prefix is the
// same with a slash at its end.
func canonical(m *schema.PathMatch) [2]string {
	switch {
	case m == nil:
		return [2]string{"prefix", "/"}
	case m.Exact != "":
		return [2]string{"exact", normal(m.Exact)}
	case m.Regex != "":
		return [2]string{"regex", m.Regex}
	default:
		return [2]string{"prefix", "/" + strings.Trim(normal(m.Prefix), "/")}
	}
}

// normal returns a path's normal form; of one that has none, which the table build reports, the path itself.
func normal(path string) string {
	if n, ok := schema.NormalizePath(path); ok {
		return n
	}
	return path
}

// sayContentions reports what was found. A route that loses everything is not said to lose some.
func (p *pass) sayContentions() {
	for _, c := range p.found {
		if c.code == "route-conflict" || !p.lost[c.loser.String()] {
			p.report(p.said(c))
		}
	}
}

func (p *pass) said(c *contention) diag.Finding {
	e, first := c.loser, c.rivals[0]
	w := first.entry
	f := diag.Finding{Code: c.code, Severity: diag.Warning, Path: e.Path().Join("match"), Request: p.request(first.view, first.request)}
	loser, winner, role := "route "+title(e, w), "route "+title(w, e), "which wins"
	if c.code == "route-taken" {
		loser = fmt.Sprintf("route %q of %q", e.Name, p.APIs[e.API].Owner)
		winner += fmt.Sprintf(" of %q", p.APIs[w.API].Owner)
	}
	switch {
	case c.code == "route-conflict":
		f.Severity = diag.Error
		f.Message = fmt.Sprintf("%s and %s take the same requests, for instance %s", loser, winner, first.request)
		f.Hint = "remove one of them, or give them different hosts, paths, methods, header or query matches"
		role = ""
	case c.code == "route-outranked":
		f.Message = fmt.Sprintf("%s asks for more than %s, and yet loses %s requests to it: methods count before header and query matches, for instance %s",
			loser, winner, strings.Join(w.Route.Match.Methods, ", "), first.request)
		f.Hint = fmt.Sprintf(`list the methods here too: methods: ["%s"]`, strings.Join(w.Route.Match.Methods, `", "`))
	case c.code == "route-overlap" && e.Regex() && !onePath(e.Route, w.Route):
		f.Message = fmt.Sprintf("the expressions of %s and %s match some of the same paths, and only the order of their names decides, for instance of %s",
			loser, winner, first.request)
		f.Hint = "have the expressions exclude each other, or add a method, header or query match to the one that is to win"
	case c.code == "route-overlap":
		f.Message = fmt.Sprintf("%s and %s take some of the same requests, and only the order of their names decides, for instance %s",
			loser, winner, first.request)
		f.Hint = "add a method, header or query match to the one that is to win, or tell their values apart"
	case c.nested:
		f.Severity = diag.Info
		f.Message = fmt.Sprintf("%s takes requests from %s, whose paths it lies within, for instance %s", winner, loser, first.request)
		f.Hint = "agree on who serves them"
	default:
		f.Message = fmt.Sprintf("%s takes requests from %s, for instance %s", winner, loser, first.request)
		f.Hint = "agree on who serves them, and give the two routes hosts or paths that tell them apart"
	}
	for i, r := range c.rivals {
		text := "the match of route " + title(r.entry, e)
		if role != "" {
			text += ", " + role
		}
		if i > 0 {
			text += ", for instance " + r.request.String()
		}
		f.Related = append(f.Related, diag.Related{Path: r.entry.Path().Join("match"), Message: text})
	}
	return f
}
