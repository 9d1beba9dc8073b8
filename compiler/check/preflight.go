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

// checkPreflights: where a route speaks CORS, something answers the preflights of its requests. A preflight is an OPTIONS
// request that announces the method to come, and carries none of the header fields that a route's match may ask for
// (Fetch standard, section 4.8): so it may belong to another route, or to none.
func checkPreflights(p *pass) {
	seen := map[*schema.Route]bool{}
	for _, e := range p.table.Entries {
		if e.Route.CORS == nil || seen[e.Route] || p.lost[e.String()] {
			continue
		}
		for _, v := range e.Views {
			if u := p.unanswered(e, v); u != nil && !seen[e.Route] {
				seen[e.Route] = true
				p.sayUnanswered(e, v, u)
			}
		}
	}
}

// An unanswered is the preflight of a request that nothing answers.
type unanswered struct {
	method    string // that is announced
	preflight *space.Request
	silent    *routing.Entry // takes the requests announced, were they made without the fields, and speaks no CORS; nil: none does
}

// unanswered looks for a request of an entry's whose preflight nothing answers: no route takes it as the OPTIONS request
// that it is, and none that speaks CORS is the one for the method that it announces.
func (p *pass) unanswered(e *routing.Entry, v *routing.View) *unanswered {
	p.assume(v)
	methods := []string{"GET", "POST"}
	if e.Methods() {
		methods = e.Route.Match.Methods
	}
	rivals := slices.DeleteFunc(p.table.Meeting(p.table.Space.Bare(e.Match)), func(o *routing.Entry) bool { return !v.Serves(o) })
	for _, origin := range p.origins(e, rivals) {
		for _, method := range methods {
			if method == "OPTIONS" {
				continue
			}
			if u := p.unansweredOf(e, v, rivals, method, origin); u != nil {
				return u
			}
		}
	}
	return nil
}

// unansweredOf is unanswered for requests of one method from pages of one origin.
func (p *pass) unansweredOf(e *routing.Entry, v *routing.View, rivals []*routing.Entry, method, origin string) *unanswered {
	s := p.table.Space
	header := []space.Field{{Name: "access-control-request-method", Value: method}, {Name: "origin", Value: origin}}
	var asked []*space.Match // by routes that speak CORS, up to the one that is looked at
	var silent []*routing.Entry
	var ways [][2][]*space.Match // what the preflight has to be, and what it must not
	answered := false
	for _, o := range rivals {
		m, ok := s.Sent(o.Match, method, header...)
		switch {
		case !ok:
			continue
		case o.Route.CORS != nil:
			asked = append(asked, m)
			answered = o == e
		case !o.Before(e) || o.Route.Match != nil && len(o.Route.Match.Headers) > 0: // else it takes the request itself
			ways = append(ways, [2][]*space.Match{{m}, slices.Clone(asked)})
			silent = append(silent, o)
		}
		if answered {
			break
		}
	}
	if !answered {
		ways = append(ways, [2][]*space.Match{nil, asked})
		silent = append(silent, nil)
	}
	if len(ways) == 0 {
		return nil
	}
	var options []*space.Match
	for _, o := range rivals {
		if m, ok := s.Sent(o.Match, "OPTIONS", header...); ok {
			options = append(options, m)
		}
	}
	only, err := s.Match(&schema.Match{Methods: []string{method}, Headers: map[string]schema.ValueMatch{"origin": {Exact: &origin}}}, "")
	if err != nil {
		return nil
	}
	for part := range v.Parts(e) {
		in := []*space.Match{part, only}
		above := routing.Matches(p.above(e, v, in[:1]))
		for i, way := range ways[:min(len(ways), maxAnnounced)] {
			result := p.find(e, slices.Concat(in, way[0]), slices.Concat(above, options, way[1]))
			if r := result.Request; r != nil {
				preflight := &space.Request{Host: r.Host, Method: "OPTIONS", Path: r.Path, Query: r.Query, Header: header}
				return &unanswered{method, preflight, silent[i]}
			}
		}
	}
	return nil
}

// maxOrigins bounds the origins of which a route's preflights are looked at.
const maxOrigins = 8

// origins returns origins of pages that an entry's route speaks CORS with: of each that it names, of each that it or a rival
// asks for in its match, and one that none of these asks for.
func (p *pass) origins(e *routing.Entry, rivals []*routing.Entry) (out []string) {
	add := func(origin string) {
		if len(out) < maxOrigins && !slices.Contains(out, origin) {
			out = append(out, origin)
		}
	}
	for _, o := range e.Route.CORS.Origins {
		switch {
		case o == "*":
			add("https://page.example")
		default:
			add(strings.Replace(o, "//*.", "//www.", 1))
		}
	}
	with := func(v schema.ValueMatch) *space.Match {
		m, err := p.table.Space.Match(&schema.Match{Headers: map[string]schema.ValueMatch{"origin": v}}, "")
		if err != nil {
			return nil // an expression that is none, which is reported elsewhere
		}
		return m
	}
	example := func(in *space.Match, out []*space.Match) {
		if r := p.table.Space.Find([]*space.Match{in}, out).Request; r != nil && speaksWith(e.Route.CORS, r.Header[0].Value) {
			add(r.Header[0].Value)
		}
	}
	var asked []*space.Match
	for _, o := range append([]*routing.Entry{e}, rivals...) {
		if o.Route.Match == nil || len(asked) == maxOrigins {
			continue
		}
		for name, v := range schema.Sorted(o.Route.Match.Headers) {
			if !strings.EqualFold(name, "origin") || v.Exact == nil && v.Regex == "" {
				continue
			}
			if m := with(v); m != nil {
				asked = append(asked, m)
			}
		}
	}
	if len(asked) > 0 { // one that none of them asks for comes first, for there is but one of it
		example(with(schema.ValueMatch{Regex: "https://[a-z0-9.-]+"}), asked)
	}
	for _, m := range asked {
		example(m, nil)
	}
	return out
}

// speaksWith reports whether a route speaks CORS with pages of an origin.
func speaksWith(c *schema.CORS, origin string) bool {
	return slices.ContainsFunc(c.Origins, func(o string) bool {
		if before, after, ok := strings.Cut(o, "*"); ok {
			return len(origin) > len(before)+len(after) && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after)
		}
		return o == origin
	})
}

func (p *pass) sayUnanswered(e *routing.Entry, v *routing.View, u *unanswered) {
	fields := "that the request may have"
	if m := e.Route.Match; m != nil && len(m.Headers) > 0 {
		fields = "that the route asks for"
	}
	f := diag.Finding{
		Code: "preflight-unanswered", Severity: diag.Warning, Path: e.Path().Join("cors"),
		Message: fmt.Sprintf("nothing answers the preflight of a %s request to route %q, for instance %s: it carries none of the header fields %s",
			u.method, e.Name, u.preflight, fields),
		Request: p.request(v, u.preflight),
		Hint:    "add a route for the same path without header matches that speaks CORS",
	}
	if u.silent != nil {
		f.Hint = "have the other route speak CORS too, or take OPTIONS requests"
		f.Related = []diag.Related{{
			Path:    u.silent.Path().Join("match"),
			Message: fmt.Sprintf("route %s takes such %s requests where they have no such fields, and speaks no CORS", title(u.silent, e), u.method),
		}}
	}
	p.report(f)
}
