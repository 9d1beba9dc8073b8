package check_test

import (
	"fmt"
	"testing"

	"gwc.dev/compiler/check"
	"gwc.dev/schema"
)

// beside adds routes to the API "echo" that differ in their matches only.
func beside(matches map[string]*schema.Match) func(*schema.Gateway) {
	return func(g *schema.Gateway) {
		for name, m := range matches {
			g.APIs["echo"].Routes[name] = schema.Route{Match: m, Backends: to("echo")}
		}
	}
}

// other adds an API with the route "default" for the path of the API "echo".
func other(a schema.API) func(*schema.Gateway) {
	return func(g *schema.Gateway) {
		a.Routes = map[string]schema.Route{"default": {Match: prefix("/echo"), Backends: to("echo")}}
		g.APIs["other"] = a
	}
}

func asking(headers, query map[string]schema.ValueMatch) *schema.Match {
	m := prefix("/x")
	m.Headers, m.Query = headers, query
	return m
}

type values = map[string]schema.ValueMatch

func TestCheckConflicts(t *testing.T) {
	run(t, []test{
		{"one API, one match", beside(map[string]*schema.Match{"again": prefix("/echo")}), []string{
			`error route-conflict apis.echo.routes.default.match: route "default" and route "again" take the same requests, for instance GET api.example.com/echo`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.again.match: the match of route "again"`,
		}},
		{"a prefix with a slash at its end", beside(map[string]*schema.Match{"again": prefix("/echo/")}), []string{
			`error route-conflict apis.echo.routes.default.match: route "default" and route "again" take the same requests, for instance GET api.example.com/echo`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.again.match: the match of route "again"`,
		}},
		{"three routes with one match", beside(map[string]*schema.Match{"a": prefix("/echo"), "b": prefix("/echo")}), []string{
			`error route-conflict apis.echo.routes.b.match: route "b" and route "a" take the same requests, for instance GET api.example.com/echo`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.a.match: the match of route "a"`,
			`error route-conflict apis.echo.routes.default.match: route "default" and route "a" take the same requests, for instance GET api.example.com/echo`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.a.match: the match of route "a"`,
		}},
		{"two APIs, one host, one match", other(schema.API{Hosts: []string{"www.example.com", "API.example.com"}}), []string{
			`error route-conflict apis.other.routes.default.match: route "default" of API "other" and route "default" of API "echo" take the same requests, for instance GET api.example.com/echo`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.default.match: the match of route "default" of API "echo"`,
		}},
		{"two APIs with different hosts are fine", other(schema.API{Hosts: []string{"www.example.com"}}), nil},
		{"a wildcard beside an exact host is fine", other(schema.API{Hosts: []string{"*.example.com"}}), nil},
		{"any host beside an exact one is fine", other(schema.API{}), nil},
		{"two APIs on different listeners are fine", func(g *schema.Gateway) {
			g.Listeners["internal"] = schema.Listener{Port: 8081}
			other(schema.API{Hosts: []string{"api.example.com"}, Listeners: []string{"internal"}})(g)
			change(g.APIs, "echo", func(a *schema.API) { a.Listeners = []string{"http"} })
		}, nil},
		{"two APIs that share one of their listeners", func(g *schema.Gateway) {
			g.Listeners["internal"] = schema.Listener{Port: 8081}
			other(schema.API{Hosts: []string{"api.example.com"}, Listeners: []string{"internal", "http"}})(g)
			change(g.APIs, "echo", func(a *schema.API) { a.Listeners = []string{"http"} })
		}, []string{
			`error route-conflict apis.other.routes.default.match: route "default" of API "other" and route "default" of API "echo" take the same requests, for instance GET api.example.com/echo`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.default.match: the match of route "default" of API "echo"`,
		}},
		{"different kinds of path are fine", beside(map[string]*schema.Match{
			"exact": {Path: &schema.PathMatch{Exact: "/echo"}},
			"regex": {Path: &schema.PathMatch{Regex: "/echo.?"}},
			"below": prefix("/echo/below"),
		}), nil},
		{"methods in common", beside(map[string]*schema.Match{
			"read":  {Path: &schema.PathMatch{Prefix: "/x"}, Methods: []string{"GET", "HEAD"}},
			"write": {Path: &schema.PathMatch{Prefix: "/x"}, Methods: []string{"POST", "HEAD", "HEAD"}},
			"all":   {Path: &schema.PathMatch{Prefix: "/x"}},
			"purge": {Path: &schema.PathMatch{Prefix: "/x"}, Methods: []string{"PURGE"}},
		}), []string{
			`error route-conflict apis.echo.routes.write.match: route "write" and route "read" take the same requests, for instance HEAD api.example.com/x`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.read.match: the match of route "read"`,
		}},
		{"equal header matches in another case", beside(map[string]*schema.Match{
			"a": asking(values{"X-Version": {Exact: ptr("1")}}, nil),
			"b": asking(values{"x-version": {Exact: ptr("1")}}, nil),
		}), []string{
			`error route-conflict apis.echo.routes.b.match: route "b" and route "a" take the same requests, for instance GET api.example.com/x with x-version: 1`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.a.match: the match of route "a"`,
		}},
		{"different exact values are fine", beside(map[string]*schema.Match{
			"a": asking(values{"x-version": {Exact: ptr("1")}}, nil),
			"b": asking(values{"x-version": {Exact: ptr("2")}}, nil),
			"c": asking(nil, values{"v": {Exact: ptr("1")}}),
			"d": asking(nil, values{"v": {Exact: ptr("2")}}),
		}), nil},
		{"a value that an expression refuses is fine", beside(map[string]*schema.Match{
			"a": asking(values{"x-version": {Exact: ptr("v1")}}, nil),
			"b": asking(values{"x-version": {Regex: "[0-9]+"}}, nil),
		}), nil},
		{"a value that an expression takes", beside(map[string]*schema.Match{
			"a": asking(values{"x-version": {Exact: ptr("11")}}, nil),
			"b": asking(values{"x-version": {Regex: "[0-9]+"}}, nil),
		}), []string{
			`warning route-overlap apis.echo.routes.b.match: route "b" and route "a" take some of the same requests, and only the order of their names decides, for instance GET api.example.com/x with x-version: 11`,
			"  help: add a method, header or query match to the one that is to win, or tell their values apart",
			`  apis.echo.routes.a.match: the match of route "a", which wins`,
		}},
		{"expressions that begin differently are fine", beside(map[string]*schema.Match{
			"a": asking(values{"x-version": {Regex: "v[0-9]+"}}, nil),
			"b": asking(values{"x-version": {Regex: "beta.*"}}, nil),
		}), nil},
		{"expressions that no value matches both of are fine", beside(map[string]*schema.Match{
			"a": asking(values{"x-version": {Regex: "[ab].*"}}, nil),
			"b": asking(values{"x-version": {Regex: "[cd].*"}}, nil),
		}), nil},
		{"several that win", beside(map[string]*schema.Match{
			"a": of(asking(values{"x-v": {Regex: "1.*"}}, nil), "GET"),
			"b": of(asking(values{"x-v": {Regex: "2.*"}}, nil), "GET"),
			"c": of(asking(values{"x-v": {Regex: ".*3"}}, nil), "GET"),
		}), []string{
			`warning route-overlap apis.echo.routes.c.match: route "c" and route "a" take some of the same requests, and only the order of their names decides, for instance GET api.example.com/x with x-v: 13`,
			"  help: add a method, header or query match to the one that is to win, or tell their values apart",
			`  apis.echo.routes.a.match: the match of route "a", which wins`,
			`  apis.echo.routes.b.match: the match of route "b", which wins, for instance GET api.example.com/x with x-v: 23`,
		}},
		{"there or not there is fine", beside(map[string]*schema.Match{
			"a": asking(values{"x-debug": {Present: ptr(true)}}, nil),
			"b": asking(values{"x-debug": {Present: ptr(false)}}, nil),
		}), nil},
		{"there and of some value", beside(map[string]*schema.Match{
			"a": asking(values{"x-debug": {Present: ptr(true)}}, nil),
			"b": asking(values{"x-debug": {Regex: "on|off"}}, nil),
		}), []string{
			`error route-unreachable apis.echo.routes.b.match: no request reaches route "b": route "a" takes them all`,
			"  help: remove it, or match something that the others do not take",
			`  apis.echo.routes.a.match: route "a" takes GET api.example.com/x with x-debug: on`,
		}},
		{"of some value, and there", beside(map[string]*schema.Match{
			"a": asking(values{"x-debug": {Regex: "on|off"}}, nil),
			"b": asking(values{"x-debug": {Present: ptr(true)}}, nil),
		}), []string{
			`warning route-overlap apis.echo.routes.b.match: route "b" and route "a" take some of the same requests, and only the order of their names decides, for instance GET api.example.com/x with x-debug: on`,
			"  help: add a method, header or query match to the one that is to win, or tell their values apart",
			`  apis.echo.routes.a.match: the match of route "a", which wins`,
		}},
		{"different headers", beside(map[string]*schema.Match{
			"a": asking(values{"x-a": {Exact: ptr("1")}}, nil),
			"b": asking(values{"x-b": {Exact: ptr("1")}}, nil),
		}), []string{
			`warning route-overlap apis.echo.routes.b.match: route "b" and route "a" take some of the same requests, and only the order of their names decides, for instance GET api.example.com/x with x-a: 1, x-b: 1`,
			"  help: add a method, header or query match to the one that is to win, or tell their values apart",
			`  apis.echo.routes.a.match: the match of route "a", which wins`,
		}},
		{"different headers and a value that tells them apart are fine", beside(map[string]*schema.Match{
			"a": asking(values{"x-a": {Exact: ptr("1")}, "x-c": {Exact: ptr("1")}}, nil),
			"b": asking(values{"x-b": {Exact: ptr("1")}, "x-c": {Exact: ptr("2")}}, nil),
		}), nil},
		{"a header and a query parameter are not of one precedence", beside(map[string]*schema.Match{
			"a": asking(values{"x-a": {Exact: ptr("1")}}, nil),
			"b": asking(nil, values{"x-a": {Exact: ptr("1")}}),
		}), nil},
		{"a conflict counts more than an overlap", beside(map[string]*schema.Match{
			"a": asking(values{"x-a": {Exact: ptr("1")}}, nil),
			"b": asking(values{"x-b": {Exact: ptr("1")}}, nil),
			"c": asking(values{"x-b": {Exact: ptr("1")}}, nil),
		}), []string{
			`error route-conflict apis.echo.routes.c.match: route "c" and route "b" take the same requests, for instance GET api.example.com/x with x-b: 1`,
			"  help: remove one of them, or give them different hosts, paths, methods, header or query matches",
			`  apis.echo.routes.b.match: the match of route "b"`,
			`warning route-overlap apis.echo.routes.b.match: route "b" and route "a" take some of the same requests, and only the order of their names decides, for instance GET api.example.com/x with x-a: 1, x-b: 1`,
			"  help: add a method, header or query match to the one that is to win, or tell their values apart",
			`  apis.echo.routes.a.match: the match of route "a", which wins`,
		}},
	})
}

// spread returns a model of n routes, ten an API.
func spread(n int) *schema.Gateway {
	g := sound()
	for i := range n / 10 {
		routes := map[string]schema.Route{}
		for j := range 10 {
			routes[fmt.Sprintf("r%d", j)] = schema.Route{Match: prefix(fmt.Sprintf("/p%d", j)), Backends: to("echo")}
		}
		g.APIs[fmt.Sprintf("api%d", i)] = schema.API{Hosts: []string{fmt.Sprintf("h%d.example.com", i)}, Routes: routes}
	}
	return g.Resolve()
}

// crowded returns a model of n routes for one path, told apart by a header, and one route that asks for
// something else.
func crowded(n int) *schema.Gateway {
	g := sound()
	routes := map[string]schema.Route{
		"odd": {Match: asking(values{"x-tenant": {Present: ptr(false)}}, nil), Backends: to("echo")},
	}
	for i := range n {
		routes[fmt.Sprintf("r%d", i)] = schema.Route{
			Match: asking(values{"x-tenant": {Exact: ptr(fmt.Sprint(i))}}, nil), Backends: to("echo"),
		}
	}
	g.APIs["crowd"] = schema.API{Routes: routes}
	return g.Resolve()
}

// expressed returns a model of n routes for one path that only the beginnings of expressions tell apart.
func expressed(n int) *schema.Gateway {
	g := sound()
	routes := map[string]schema.Route{}
	for i := range n {
		routes[fmt.Sprintf("r%d", i)] = schema.Route{
			Match: asking(values{"x-tenant": {Regex: fmt.Sprintf("%06d.*", i)}}, nil), Backends: to("echo"),
		}
	}
	g.APIs["crowd"] = schema.API{Routes: routes}
	return g.Resolve()
}

var shapes = []struct {
	name string
	of   func(int) *schema.Gateway
}{{"spread", spread}, {"crowded", crowded}, {"expressed", expressed}}

func TestManyDisjointRoutesHaveNoFindings(t *testing.T) {
	for _, shape := range shapes {
		if got := check.Run(shape.of(1000)); len(got) > 0 {
			t.Errorf("%s: %v", shape.name, lines(got[:1]))
		}
	}
}

func BenchmarkRun(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		for _, shape := range shapes {
			g := shape.of(n)
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				for b.Loop() {
					check.Run(g)
				}
			})
		}
	}
}
