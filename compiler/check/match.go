package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
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

// unseen reports matches of fields that the proxy takes for itself before it looks for a route.
func (p *pass) unseen(matches map[string]schema.ValueMatch, at schema.Path) {
	for name, v := range schema.Sorted(matches) {
		key := strings.ToLower(name)
		lacks := v.Present != nil && !*v.Present
		why := "belongs to the connection"
		switch {
		case key == "expect", key == "proxy-authenticate", key == "proxy-authorization", forbidden(key):
		case space.Withheld(key):
			why = "is removed from every request, since clients could write anything there,"
		case p.nobodys(key):
			why = "is removed from every request, since no proxy is trusted to write it,"
		case lacks && toldToBackends(key):
			p.report(diag.Finding{
				Code: "header-unseen", Severity: diag.Error, Path: at.Join(name),
				Message: fmt.Sprintf("header %q is written by the gateway itself and is always there for a match: no request lacks it", name),
				Hint:    "remove the match, and the route if others take its requests",
			})
			continue
		default:
			continue
		}
		f := diag.Finding{
			Code: "header-unseen", Severity: diag.Error, Path: at.Join(name),
			Message: fmt.Sprintf("header %q %s and is never there for a match: no request has it", name, why),
			Hint:    "match something else, such as a header field of your own",
		}
		if key == "host" {
			f.Hint = `write hosts: ["..."] in the API`
		}
		if p.nobodys(key) {
			f.Hint = "name the proxies that write it in trustedProxies, or match a header field of your own"
		}
		if lacks {
			f.Severity, f.Message = diag.Warning, fmt.Sprintf("header %q %s and is never there for a match: every request lacks it", name, why)
		}
		p.report(f)
	}
}

// toldToBackends reports whether the proxy writes a field, by its name in lower case, before it looks for a route.
func toldToBackends(key string) bool {
	switch key {
	case "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id":
		return true
	}
	return false
}

// nobodys reports whether a field, by its name in lower case, passes from trusted proxies only, and there are none.
func (p *pass) nobodys(key string) bool {
	if len(p.TrustedProxies) > 0 || toldToBackends(key) {
		return false
	}
	forwards := func(l schema.Listener) bool {
		return l.TLS != nil && l.TLS.ClientCertificates != nil && l.TLS.ClientCertificates.Forward
	}
	switch {
	case key == "client-cert":
		return !slices.ContainsFunc(slices.Collect(maps.Values(p.Listeners)), forwards)
	case key == "client-cert-chain":
		return true
	}
	return strings.HasPrefix(key, "x-forwarded-")
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
