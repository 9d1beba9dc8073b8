package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// checkMatches: every path and value match says one thing, in an expression that can be run.
func checkMatches(p *pass) {
	bad := regexes{}
	for _, r := range p.routes {
		m := r.Match
		if m == nil {
			continue
		}
		if m.Path != nil {
			if n := count(m.Path.Exact != "", m.Path.Prefix != "", m.Path.Regex != ""); n != 1 {
				p.report(diag.Finding{
					Code: "path-match", Severity: diag.Error, Path: r.path("match", "path"),
					Message: fmt.Sprintf("the path match has %s of exact, prefix and regex, and needs exactly one", number(n)),
					Hint:    `write one of them, for instance path: prefix: "/echo"`,
				})
			}
			if m.Path.Regex != "" {
				p.regex(bad, m.Path.Regex, func() schema.Path { return r.path("match", "path", "regex") })
			}
		}
		if len(m.Headers) == 0 && len(m.Query) == 0 {
			continue
		}
		p.values(bad, m.Headers, r.path("match", "headers"))
		p.unseen(m.Headers, r.path("match", "headers"))
		p.values(bad, m.Query, r.path("match", "query"))
		sameHeaders(p, m.Headers, r.path("match", "headers"), "the other match")
	}
}

// values checks the matches of header fields or query parameters that stand at a path.
func (p *pass) values(bad regexes, matches map[string]schema.ValueMatch, at schema.Path) {
	for name, v := range schema.Sorted(matches) {
		if n := count(v.Exact != nil, v.Regex != "", v.Present != nil); n != 1 {
			p.report(diag.Finding{
				Code: "value-match", Severity: diag.Error, Path: at.Join(name),
				Message: fmt.Sprintf("the match of %q has %s of exact, regex and present, and needs exactly one", name, number(n)),
				Hint:    `write one of them, for instance exact: "v2"`,
			})
		}
		if v.Regex != "" {
			p.regex(bad, v.Regex, func() schema.Path { return at.Join(name, "regex") })
		}
	}
}

// unseen reports matches of fields that no request has once it is matched, and of those that every request has.
func (p *pass) unseen(matches map[string]schema.ValueMatch, at schema.Path) {
	for name, v := range schema.Sorted(matches) {
		lacks := v.Present != nil && !*v.Present
		why, hint := p.whyUnseen(name)
		f := diag.Finding{Code: "header-unseen", Severity: diag.Error, Path: at.Join(name), Hint: hint}
		switch {
		case why != "" && lacks:
			f.Severity, f.Message = diag.Warning, fmt.Sprintf("header %q %s and is never there for a match: every request lacks it", name, why)
		case why != "":
			f.Message = fmt.Sprintf("header %q %s and is never there for a match: no request has it", name, why)
		case lacks && header.IsAlwaysThere(name):
			f.Message = fmt.Sprintf("header %q is written by the gateway itself and is always there for a match: no request lacks it", name)
			f.Hint = "remove the match, and the route if others take its requests"
		default:
			continue
		}
		p.report(f)
	}
}

// unseenField reports the name of a field that a filter reads, and that no request has once it does.
func (p *pass) unseenField(name string, at schema.Path, so string) {
	if why, _ := p.whyUnseen(name); why != "" {
		p.report(diag.Finding{
			Code: "header-unseen", Severity: diag.Error, Path: at,
			Message: fmt.Sprintf("header %q %s and is never there for a filter: %s", name, why, so),
			Hint:    "name a header field of your own",
		})
	}
}

// whyUnseen returns why no request has a field once it is matched, and what to do; "": requests may have it.
func (p *pass) whyUnseen(name string) (why, hint string) {
	hint = "match something else, such as a header field of your own"
	switch kind := header.KindOf(name); {
	case strings.EqualFold(name, "Host"):
		return "belongs to the connection", `write hosts: ["..."] in the API`
	case kind == header.Connection:
		return "belongs to the connection", hint
	case kind == header.Lookalike:
		return "is refused with 400, since backends could take it for one that frames the body,", hint
	case kind == header.Removed:
		return "is removed from every request, since clients could write anything there,", hint
	case (kind == header.Trusted || kind == header.Certificate) && len(p.TrustedProxies) == 0 && !p.writes(name):
		return "is removed from every request, since no proxy is trusted to write it,",
			"name the proxies that write it in trustedProxies, or match a header field of your own"
	}
	return "", ""
}

// writes reports whether a listener writes the certificates that clients show into a field.
func (p *pass) writes(name string) bool {
	forwards := func(l schema.Listener) bool {
		return l.TLS != nil && l.TLS.ClientCertificates != nil && l.TLS.ClientCertificates.Forward
	}
	return strings.EqualFold(name, "Client-Cert") && slices.ContainsFunc(slices.Collect(maps.Values(p.Listeners)), forwards)
}

func count(set ...bool) int {
	n := 0
	for _, s := range set {
		if s {
			n++
		}
	}
	return n
}

func number(n int) string { return [...]string{"none", "one", "two", "three"}[n] }
