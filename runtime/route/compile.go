package route

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gwc.dev/runtime/filter"
	"gwc.dev/schema"
)

// maxSegments bounds the depth of the tree of prefixes.
const maxSegments = 256

// match compiles a route's match. A resolved route has a path match.
func (b *builder) match(r *Route) *match {
	out := &match{route: r}
	in := r.Route.Match
	if in == nil {
		in = &schema.Match{}
	}
	out.path = b.path(r.Place, in.Path)
	for i, method := range in.Methods {
		if method == "" || strings.ContainsFunc(method, notMethod) || method == "CONNECT" {
			b.report(r.Path("match", "methods").Index(i), "method", `write for instance "GET"`, "%q is not a method that can be routed", method)
		}
		if !slices.Contains(out.methods, method) {
			out.methods = append(out.methods, method)
		}
	}
	for name, v := range schema.Sorted(in.Headers) {
		out.values = append(out.values, b.value(r.Path("match", "headers", name), strings.ToLower(name), v, false))
	}
	out.headers = len(out.values)
	for name, v := range schema.Sorted(in.Query) {
		out.values = append(out.values, b.value(r.Path("match", "query", name), name, v, true))
	}
	// Cheap ones first: they decide most often.
	slices.SortStableFunc(out.values, func(a, b valueMatch) int { return cmp.Compare(a.cost(), b.cost()) })
	return out
}

func notMethod(r rune) bool {
	return !('A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
}

func (b *builder) path(p filter.Place, in *schema.PathMatch) pathMatch {
	if in == nil {
		return pathMatch{kind: prefixPath, text: "/"}
	}
	set := 0
	for _, s := range []string{in.Exact, in.Prefix, in.Regex} {
		if s != "" {
			set++
		}
	}
	if set != 1 {
		b.report(p.Path("match", "path"), "path-match", "set exactly one of exact, prefix and regex",
			"the path match has %d of exact, prefix and regex", set)
	}
	switch {
	case in.Exact != "":
		return pathMatch{kind: exactPath, text: b.normal(p, "exact", in.Exact)}
	case in.Regex != "":
		regex := b.regex(p.Path("match", "path", "regex"), in.Regex)
		return pathMatch{kind: regexPath, text: literalSegments(in.Regex), regex: regex}
	}
	if in.Prefix == "" {
		return pathMatch{kind: prefixPath, text: "/"}
	}
	return pathMatch{kind: prefixPath, text: b.normal(p, "prefix", in.Prefix)}
}

// normal returns a field of a path match in the form that requests have when they are matched.
func (b *builder) normal(p filter.Place, field, path string) string {
	out, ok := Normalize(path)
	switch {
	case !ok:
		b.report(p.Path("match", "path", field), "path", "begin it with '/' and percent-encode what cannot stand in a path",
			"%q is not a path", path)
	case strings.Count(out, "/") > maxSegments:
		b.report(p.Path("match", "path", field), "path", "match a shorter prefix",
			"the path has more than %d segments", maxSegments)
	}
	return out
}

func (b *builder) value(at schema.Path, name string, in schema.ValueMatch, query bool) valueMatch {
	set := 0
	for _, is := range []bool{in.Exact != nil, in.Regex != "", in.Present != nil} {
		if is {
			set++
		}
	}
	if set != 1 || name == "" && !query {
		b.report(at, "value-match", "set exactly one of exact, regex and present", "the match of %q has %d of exact, regex and present", name, set)
	}
	out := valueMatch{query: query, name: name, exact: in.Exact}
	if in.Regex != "" {
		out.regex = b.regex(at.Join("regex"), in.Regex)
	}
	if in.Present != nil {
		out.present = *in.Present
	}
	return out
}

func (v *valueMatch) cost() int {
	switch {
	case v.regex != nil:
		return 2
	case v.query:
		return 1
	}
	return 0
}

func (b *builder) regex(at schema.Path, expr string) *regexp.Regexp {
	re, err := compileRegex(expr)
	if err != nil {
		b.report(at, "regex", "write an RE2 expression: no look-around and no back-references", "the expression cannot be used: %v", err)
	}
	return re
}
