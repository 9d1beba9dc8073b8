package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkRewrites: a rewrite or a redirect can do what it says.
func checkRewrites(p *pass) {
	for _, r := range p.routes {
		prefix := r.Match == nil || r.Match.Path == nil || r.Match.Path.Prefix != ""
		if w := r.Rewrite; w != nil {
			at := r.path("rewrite")
			if len(r.Backends) == 0 && (r.Redirect != nil || r.Respond != nil) {
				p.report(diag.Finding{
					Code: "rewrite-unused", Severity: diag.Error, Path: at,
					Message: fmt.Sprintf("route %q rewrites requests that it sends to no backend", r.name),
					Hint:    "remove rewrite; a redirect changes the path with redirect: path: {...}",
				})
			}
			p.replacement(at, w.Prefix, w.Full, prefix)
		}
		if d := r.Redirect; d != nil {
			if d.Path != nil {
				p.replacement(r.path("redirect", "path"), d.Path.Prefix, d.Path.Full, prefix)
			}
			if d.Scheme == "" && d.Host == "" && d.Port == 0 && samePath(d.Path, r.Match) {
				p.report(diag.Finding{
					Code: "redirect-loop", Severity: diag.Error, Path: r.path("redirect"),
					Message: fmt.Sprintf("the redirect of route %q leads to the same address again", r.name),
					Hint:    "set at least one of scheme, host, port and path to something else",
				})
			}
		}
	}
}

// samePath reports whether a redirect leaves the path as it was matched.
func samePath(to *schema.RedirectPath, m *schema.Match) bool {
	if to == nil || *to == (schema.RedirectPath{}) {
		return true
	}
	from := schema.PathMatch{Prefix: "/"}
	if m != nil && m.Path != nil {
		from = *m.Path
	}
	return to.Prefix != "" && to.Prefix == from.Prefix || to.Full != "" && to.Full == from.Exact
}

// replacement checks what takes the place of a path.
func (p *pass) replacement(at schema.Path, prefix, full string, matched bool) {
	if prefix != "" && full != "" {
		p.report(diag.Finding{
			Code: "rewrite-ambiguous", Severity: diag.Error, Path: at,
			Message: "prefix and full are both set, and only one can take the place of the path",
			Hint:    "keep prefix to replace what the match took, or full to replace the whole path",
		})
	}
	if prefix != "" && !matched {
		p.report(diag.Finding{
			Code: "prefix-without-match", Severity: diag.Error, Path: at.Join("prefix"),
			Message: "prefix takes the place of the matched prefix, and the route matches none",
			Hint:    `write match: path: prefix: "/...", or replace the whole path with full`,
		})
	}
}
