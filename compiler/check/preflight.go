package check

import (
	"fmt"
	"slices"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// checkPreflights: where a route speaks CORS, something answers the preflights of its requests. A preflight is an OPTIONS
// request that announces the method to come, and carries none of the header fields that a route's match may ask for
// (Fetch standard, section 4.8): so it may belong to another route, or to none.
func checkPreflights(p *pass) {
	if p.table == nil {
		return
	}
	seen := map[*schema.Route]bool{}
	for _, e := range p.table.Entries {
		if c := e.Route.CORS; c == nil || c.Disabled || seen[e.Route] || e.Route.Match == nil || len(e.Route.Match.Headers) == 0 {
			continue
		}
		if method, r := p.unanswered(e); r != nil {
			seen[e.Route] = true
			p.report(diag.Finding{
				Code: "preflight-unanswered", Severity: diag.Warning, Path: e.Path().Join("cors"),
				Message: fmt.Sprintf("nothing answers the preflight of a %s request to route %q, for instance OPTIONS %s%s: it carries none of the header fields that the route asks for",
					method, e.Name, r.Host, r.Path),
				Request: p.request(e, preflightOf(method, r)),
				Hint:    "add a route for the same path without header matches that speaks CORS",
			})
		}
	}
}

// preflightOf is the preflight that a browser sends for a page anywhere, before a request.
func preflightOf(method string, r *space.Request) *space.Request {
	return &space.Request{Host: r.Host, Method: "OPTIONS", Path: r.Path, Query: r.Query, Header: []space.Field{
		{Name: "origin", Value: "https://page.example"}, {Name: "access-control-request-method", Value: method},
	}}
}

// unanswered returns a request of an entry's, without its header fields, whose preflight nothing answers; nil: none was
// found.
func (p *pass) unanswered(e *routing.Entry) (method string, preflight *space.Request) {
	m := *e.Route.Match
	m.Headers = map[string]schema.ValueMatch{"origin": {Present: yes}, "access-control-request-method": {Present: yes}}
	for name := range e.Route.Match.Headers {
		m.Headers[name] = schema.ValueMatch{Present: no}
	}
	methods := e.Route.Match.Methods
	if len(methods) == 0 {
		methods = []string{"GET", "POST"}
	}
	for _, method := range methods {
		m.Methods = []string{method}
		bare, err := p.table.Space.Match(&m, e.Host)
		if err != nil {
			continue
		}
		rivals := slices.DeleteFunc(p.table.Meeting(bare), func(o *routing.Entry) bool { return !o.Meets(e) })
		speaking := slices.DeleteFunc(slices.Clone(rivals), func(o *routing.Entry) bool { return o.Route.CORS == nil || o.Route.CORS.Disabled })
		result := p.find(e, []*space.Match{bare}, routing.Matches(speaking))
		if result.Verdict != space.Found {
			continue
		}
		options := *result.Request
		options.Method = "OPTIONS"
		if !slices.ContainsFunc(p.table.Entries, func(o *routing.Entry) bool { return o.Meets(e) && o.Match.Takes(&options) }) {
			return method, result.Request
		}
	}
	return "", nil
}

var yes, no = new(true), new(false)
