package check_test

import (
	"strings"
	"testing"

	"gwc.dev/schema"
)

func TestRegexes(t *testing.T) {
	run(t, []test{
		{"RE2 expressions are fine", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{Regex: `/users/(?:[0-9]+|me)(?i:/profile)?`} }), nil},
		{"a path without a slash", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{Regex: "^(users|user)/.*"} }), []string{
			`error route-unreachable apis.echo.routes.default.match.path.regex: no request reaches route "default": no path matches its expression: it begins with 'u', and a path with '/'`,
			"  help: the expression is matched against the whole path: begin it with /",
		}},
		{"paths with a slash", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{Regex: "^(/a|/b)+|.*"} }), nil},
		{"look-ahead in a path", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{Regex: "/(?!admin).*"} }), []string{
			`error regex apis.echo.routes.default.match.path.regex: RE2 refuses the expression: invalid or unsupported Perl syntax: "(?!"`,
			"  help: write an RE2 expression: no look-around, no back-references, at most 1000 repetitions",
		}},
		{"an open bracket in a header", only(func(r *schema.Route) { r.Match.Headers = map[string]schema.ValueMatch{"x-version": {Regex: "v[12"}} }), []string{
			`error regex apis.echo.routes.default.match.headers.x-version.regex: RE2 refuses the expression: missing closing ]: "[12"`,
			"  help: write an RE2 expression: no look-around, no back-references, at most 1000 repetitions",
		}},
		{"an open group in a query parameter", only(func(r *schema.Route) { r.Match.Query = map[string]schema.ValueMatch{"q": {Regex: "(a"}} }), []string{
			`error regex apis.echo.routes.default.match.query.q.regex: RE2 refuses the expression: missing closing ): "(a"`,
			"  help: write an RE2 expression: no look-around, no back-references, at most 1000 repetitions",
		}},
		{"a repeat bomb", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{Regex: "/(a{1000}){1000}"} }), []string{
			`error regex apis.echo.routes.default.match.path.regex: RE2 refuses the expression: invalid repeat count: "{1000}"`,
			"  help: write an RE2 expression: no look-around, no back-references, at most 1000 repetitions",
		}},
		{"a bomb of many repeats", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{Regex: "/" + strings.Repeat("a{1000}", 20)} }), []string{
			"error regex-size apis.echo.routes.default.match.path.regex: the expression compiles to 20003 steps, above the bound of 10000",
			"  help: match a prefix and leave the rest to the backend, or write several routes",
		}},
		{"deep nesting", only(func(r *schema.Route) {
			r.Match.Path = &schema.PathMatch{Regex: strings.Repeat("(", 999) + strings.Repeat(")", 999)}
		}), []string{
			"error regex apis.echo.routes.default.match.path.regex: RE2 refuses the expression: expression nests too deeply: " + `"\\A(?:` + strings.Repeat("(", 75) + `"`,
			"  help: write an RE2 expression: no look-around, no back-references, at most 1000 repetitions",
		}},
		{"a long expression", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{Regex: "/" + strings.Repeat("a", 4096)} }), []string{
			"error regex-size apis.echo.routes.default.match.path.regex: the expression is 4097 bytes long, above the bound of 4096",
			"  help: match a prefix and leave the rest to the backend, or write several routes",
		}},
	})
}
