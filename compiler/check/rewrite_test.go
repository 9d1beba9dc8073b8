package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckRewrites(t *testing.T) {
	run(t, []test{
		{"a prefix after an exact match", only(func(r *schema.Route) {
			r.Match.Path = &schema.PathMatch{Exact: "/echo"}
			r.Rewrite = &schema.Rewrite{Prefix: "/"}
		}), []string{
			"error prefix-without-match apis.echo.routes.default.rewrite.prefix: prefix takes the place of the matched prefix, and the route matches none",
			`  help: write match: path: prefix: "/...", or replace the whole path with full`,
		}},
		{"a prefix without any match is fine", only(func(r *schema.Route) { r.Match, r.Rewrite = nil, &schema.Rewrite{Prefix: "/v1"} }), nil},
		{"prefix and full", only(func(r *schema.Route) { r.Rewrite = &schema.Rewrite{Prefix: "/", Full: "/x"} }), []string{
			"error rewrite-ambiguous apis.echo.routes.default.rewrite: prefix and full are both set, and only one can take the place of the path",
			"  help: keep prefix to replace what the match took, or full to replace the whole path",
		}},
		{"a rewrite of a redirect", func(g *schema.Gateway) {
			g.APIs["echo"].Routes["old"] = schema.Route{
				Match: prefix("/old"), Redirect: &schema.Redirect{Scheme: "https"}, Rewrite: &schema.Rewrite{Host: "new.example.com"},
			}
		}, []string{
			`error rewrite-unused apis.echo.routes.old.rewrite: route "old" rewrites requests that it sends to no backend`,
			"  help: remove rewrite; a redirect changes the path with redirect: path: {...}",
		}},
		{"a redirect of a prefix after a regex", func(g *schema.Gateway) {
			g.APIs["echo"].Routes["old"] = schema.Route{
				Match:    &schema.Match{Path: &schema.PathMatch{Regex: "/old/.*"}},
				Redirect: &schema.Redirect{Path: &schema.RedirectPath{Prefix: "/new"}},
			}
		}, []string{
			"error prefix-without-match apis.echo.routes.old.redirect.path.prefix: prefix takes the place of the matched prefix, and the route matches none",
			`  help: write match: path: prefix: "/...", or replace the whole path with full`,
		}},
		{"a redirect to itself", func(g *schema.Gateway) {
			g.APIs["echo"].Routes["old"] = schema.Route{
				Match: prefix("/old"), Redirect: &schema.Redirect{Status: 301, Path: &schema.RedirectPath{}},
			}
		}, []string{
			`error redirect-loop apis.echo.routes.old.redirect: the redirect of route "old" leads to the same address again`,
			"  help: set at least one of scheme, host, port and path to something else",
		}},
		{"a redirect to the prefix that it matches", func(g *schema.Gateway) {
			g.APIs["echo"].Routes["old"] = schema.Route{
				Match: prefix("/old"), Redirect: &schema.Redirect{Status: 301, Path: &schema.RedirectPath{Prefix: "/old"}},
			}
		}, []string{
			`error redirect-loop apis.echo.routes.old.redirect: the redirect of route "old" leads to the same address again`,
			"  help: set at least one of scheme, host, port and path to something else",
		}},
		{"a redirect to the path that it matches, elsewhere", func(g *schema.Gateway) {
			g.APIs["echo"].Routes["old"] = schema.Route{
				Match:    &schema.Match{Path: &schema.PathMatch{Exact: "/old"}},
				Redirect: &schema.Redirect{Status: 301, Scheme: "https", Path: &schema.RedirectPath{Full: "/old"}},
			}
		}, nil},
	})
}
