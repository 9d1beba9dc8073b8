package check

import (
	"fmt"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// impossible reports a route that asks for what no request has, and says which part of its match that is.
func (p *pass) impossible(e *routing.Entry) {
	m := e.Route.Match
	if m == nil {
		return
	}
	f := diag.Finding{
		Code: "route-unreachable", Severity: diag.Error, Path: e.Path().Join("match"),
		Message: fmt.Sprintf("no request reaches route %q: its matches exclude each other", e.Name),
		Hint:    "remove it, or one of the matches",
	}
	say := func(why, hint string, at ...string) {
		f.Path, f.Hint = f.Path.Join(at...), hint
		f.Message = fmt.Sprintf("no request reaches route %q: %s", e.Name, why)
	}
	switch {
	case m.Path != nil && p.never(e, schema.Match{Path: m.Path}):
		why, hint := "no path matches its expression", "paths are matched in their normal form: without //, and with escapes in capitals where they are needed"
		if c, ok := begins(m.Path.Regex); ok && c != '/' {
			why += fmt.Sprintf(": it begins with %q, and a path with '/'", c)
			hint = "the expression is matched against the whole path: begin it with /"
		}
		say(why, hint, "path", "regex")
	case p.never(e, schema.Match{Methods: m.Methods}):
		say("no request has one of its methods", "name methods of up to 32 characters", "methods")
	default:
		for name, v := range schema.Sorted(m.Headers) {
			switch {
			case !p.never(e, schema.Match{Headers: map[string]schema.ValueMatch{name: v}}):
				continue
			case p.never(e, schema.Match{Headers: map[string]schema.ValueMatch{name: {Present: new(true)}}}):
				return // checkMatches says so
			case v.Present != nil:
				return // and so it does of a field that is always there
			case header.KindOf(name) == header.Written:
				say(fmt.Sprintf("the gateway writes field %q itself, and never in this way", name),
					"name the proxies before the gateway in trustedProxies, or match what it writes: the scheme, the client's address", "headers", name)
			case v.Exact != nil:
				say(fmt.Sprintf("no field %q has the value %q", name, *v.Exact), "blanks before and behind a value are not part of it, and it has no control characters",
					"headers", name)
			default:
				say(fmt.Sprintf("no value of field %q matches its expression", name), "the expression is matched against the whole value", "headers", name, "regex")
			}
			p.report(f)
			return
		}
		for name, v := range schema.Sorted(m.Query) {
			if p.never(e, schema.Match{Query: map[string]schema.ValueMatch{name: v}}) {
				say(fmt.Sprintf("no value of parameter %q matches its expression", name), "the expression is matched against the whole value", "query", name, "regex")
				break
			}
		}
	}
	if f.Path.Names()[len(f.Path.Names())-1] == "match" && repeated(m.Headers) { // which is said by itself
		return
	}
	p.report(f)
}

// repeated reports whether a header field is named twice.
func repeated(headers map[string]schema.ValueMatch) bool {
	names := map[string]bool{}
	for name := range headers {
		names[strings.ToLower(name)] = true
	}
	return len(names) < len(headers)
}

// never reports whether no request is in a match at any listener that serves an entry.
func (p *pass) never(e *routing.Entry, m schema.Match) bool {
	set, err := p.table.Space.Match(&m, "")
	if err != nil {
		return false
	}
	for _, v := range e.Views {
		p.assume(v)
		if p.table.Space.Find([]*space.Match{set}, nil).Verdict != space.Empty {
			return false
		}
	}
	return true
}
