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

// A refusal is what the proxy answers all requests of an entry with: 400, since their paths can be read as others.
type refusal struct {
	entry   *routing.Entry
	view    *routing.View
	request *space.Request
	read    string         // what its path can be read as; empty: as no path at all
	other   *routing.Entry // that takes it then
	proved  bool           // not of this request alone
}

// refused returns the refusal of an entry's requests; nil: some are answered, or it is not known that none is.
func (p *pass) refused(e *routing.Entry) *refusal {
	if !mayReadTwoWays(e.Route) {
		return nil
	}
	var last *refusal
	for _, v := range e.Views {
		others, read, broken := p.readings(e, v)
		for part := range v.Parts(e) {
			result, _ := p.takes(e, v, part)
			switch {
			case result.Verdict == space.Empty:
				continue
			case result.Verdict != space.Found, !schema.ReadsTwoWays(result.Request.Path):
				return nil
			}
			last = &refusal{entry: e, view: v, request: result.Request, proved: true}
			switch {
			case broken:
			case e.Regex():
				last.proved = false
				if last.read, last.other = p.otherwise(e, v, result.Request); last.other == nil {
					return nil
				}
			case len(others) == 0:
				return nil
			default:
				last.read, last.other = read[0], others[0]
				in := []*space.Match{part}
				if p.find(e, in, slices.Concat(routing.Matches(p.above(e, v, in)), p.anyPath(others))).Verdict != space.Empty {
					return nil
				}
			}
		}
	}
	return last
}

// mayReadTwoWays reports whether all paths of a route may be such as read in two ways, which matters where a backend reads
// them.
func mayReadTwoWays(r *schema.Route) bool {
	uses := func(b schema.Backend) bool { return b.Weight > 0 }
	called := false
	for _, b := range r.Backends {
		called = called || uses(b)
	}
	if !called || r.Match == nil || r.Match.Path == nil {
		return false
	}
	if m := r.Match.Path; m.Regex != "" {
		return strings.ContainsAny(m.Regex, "%;") || strings.Contains(m.Regex, `\x`)
	}
	return schema.ReadsTwoWays(ownPath(r))
}

// ownPath returns the path that a route asks for, or begins with, in normal form.
func ownPath(r *schema.Route) string {
	path, _ := schema.NormalizePath(r.Match.Path.Exact + r.Match.Path.Prefix) // it has one of them
	return path
}

// readings returns the entries of a view that take all that an entry's own path, with what follows a prefix, can be read as
// in some other way, each with how that is read. broken: it can be read as no path.
func (p *pass) readings(e *routing.Entry, v *routing.View) (others []*routing.Entry, read []string, broken bool) {
	if e.Regex() {
		return nil, nil, false
	}
	for path, ok := range schema.Readings(ownPath(e.Route)) {
		if !ok {
			return nil, nil, true
		}
		for _, o := range p.reading(e, v, path) {
			if e.Route.Match.Path.Exact != "" || o.Match.TakesBelow(strings.TrimSuffix(path, "/")) {
				others, read = append(others, o), append(read, path)
			}
		}
	}
	return others, read, false
}

// reading returns the entries of a view, but for those of e's route, that take requests of e if these have another path.
func (p *pass) reading(e *routing.Entry, v *routing.View, path string) []*routing.Entry {
	at, err := p.table.Space.Match(&schema.Match{Path: &schema.PathMatch{Exact: path}}, e.Host)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(p.table.Meeting(at), func(o *routing.Entry) bool {
		return o.Route == e.Route || !v.Serves(o) || !o.Match.TakesPath(path)
	})
}

// otherwise returns what a request's path can be read as, and an entry of another route that takes it then.
func (p *pass) otherwise(e *routing.Entry, v *routing.View, r *space.Request) (read string, other *routing.Entry) {
	for path, ok := range schema.Readings(r.Path) {
		if !ok {
			continue
		}
		moved := *r
		moved.Path = path
		list := p.reading(e, v, path)
		if i := slices.IndexFunc(list, func(o *routing.Entry) bool { return o.Match.Takes(&moved) }); i >= 0 && !p.beaten(list[i], p.own(e, v), &moved) {
			return path, list[i]
		}
	}
	return "", nil
}

// own returns the entries of an entry's route at a view.
func (p *pass) own(e *routing.Entry, v *routing.View) []*routing.Entry {
	return slices.DeleteFunc(slices.Clone(p.entries[e.Path()]), func(o *routing.Entry) bool { return !v.Serves(o) })
}

// anyPath returns the sets of entries on whatever path.
func (p *pass) anyPath(entries []*routing.Entry) []*space.Match {
	var out []*space.Match
	for _, o := range entries {
		out = append(out, p.table.Space.AnyPath(o.Match))
	}
	return out
}

// unread reports a route all of whose requests are refused.
func (p *pass) unread(r *refusal) {
	e := r.entry
	f := diag.Finding{
		Code: "route-unreachable", Severity: diag.Error, Path: e.Path().Join("match"), Request: p.request(r.view, r.request),
		Message: fmt.Sprintf("no request reaches route %q: its paths read in two ways, and are answered with 400: %s", e.Name, r.request),
		Hint:    "match a path without escaped slashes and without ';', or have no other route take what it can be read as",
	}
	if !r.proved {
		f.Code, f.Severity = "route-ambiguous", diag.Warning
		f.Message = fmt.Sprintf("all paths of route %q read in two ways, and requests are answered with 400: %s", e.Name, r.request)
	}
	if r.other != nil {
		f.Related = append(f.Related, diag.Related{
			Path: r.other.Path().Join("match"), Message: fmt.Sprintf("route %s takes %s, which it can be read as", title(r.other, e), r.read),
		})
	}
	p.report(f)
}
