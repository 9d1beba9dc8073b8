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
	s := p.table.Space
	methods := []string{"GET", "POST"}
	if e.Methods() {
		methods = e.Route.Match.Methods
	}
	origin := space.Field{Name: "origin", Value: originOf(e.Route.CORS)}
	rivals := slices.DeleteFunc(p.table.Meeting(s.Bare(e.Match)), func(o *routing.Entry) bool { return !v.Serves(o) })
	for _, method := range methods {
		if method == "OPTIONS" {
			continue
		}
		header := []space.Field{{Name: "access-control-request-method", Value: method}, origin}
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
			continue
		}
		var options []*space.Match
		for _, o := range rivals {
			if m, ok := s.Sent(o.Match, "OPTIONS", header...); ok {
				options = append(options, m)
			}
		}
		only, err := s.Match(&schema.Match{Methods: []string{method}}, "")
		if err != nil {
			continue
		}
		for part := range v.Parts(e) {
			in := []*space.Match{part, only}
			above := routing.Matches(p.above(e, v, in))
			for i, way := range ways[:min(len(ways), maxAnnounced)] {
				result := p.find(e, slices.Concat(in, way[0]), slices.Concat(above, options, way[1]))
				if r := result.Request; r != nil {
					preflight := &space.Request{Host: r.Host, Method: "OPTIONS", Path: r.Path, Query: r.Query, Header: header}
					return &unanswered{method, preflight, silent[i]}
				}
			}
		}
	}
	return nil
}

// originOf returns the origin of a page that a route speaks CORS with.
func originOf(c *schema.CORS) string {
	if len(c.Origins) == 0 || c.Origins[0] == "*" {
		return "https://page.example"
	}
	return strings.Replace(c.Origins[0], "//*.", "//www.", 1)
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
