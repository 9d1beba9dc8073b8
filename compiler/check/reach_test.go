package check_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/check"
	"gwc.dev/compiler/diag"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

func exactly(path string) *schema.Match { return &schema.Match{Path: &schema.PathMatch{Exact: path}} }
func like(expr string) *schema.Match    { return &schema.Match{Path: &schema.PathMatch{Regex: expr}} }
func of(m *schema.Match, methods ...string) *schema.Match {
	m.Methods = methods
	return m
}

func TestCheckReach(t *testing.T) {
	run(t, []test{
		{"shadowed by one", beside(map[string]*schema.Match{"a": like("/x/[0-9]+"), "b": like("/x/[1-9]")}), []string{
			`error route-unreachable apis.echo.routes.b.match: no request reaches route "b": route "a" takes them all`,
			"  help: remove it, or match something that the others do not take",
			`  apis.echo.routes.a.match: route "a" takes GET api.example.com/x/1`,
		}},
		{"shadowed by several together", beside(map[string]*schema.Match{
			"a": like("/x/(one|two)"), "one": exactly("/x/one"), "two": exactly("/x/two"), "three": exactly("/x/three"),
		}), []string{
			`error route-unreachable apis.echo.routes.a.match: no request reaches route "a": routes "one", "two" take them all, together`,
			"  help: remove it, or match something that the others do not take",
			`  apis.echo.routes.one.match: route "one" takes GET api.example.com/x/one`,
			`  apis.echo.routes.two.match: route "two" takes GET api.example.com/x/two`,
		}},
		{"something is left", beside(map[string]*schema.Match{
			"a": like("/x/(one|two|four)"), "one": exactly("/x/one"), "two": exactly("/x/two"),
		}), nil},
		{"shadowed at another listener only", func(g *schema.Gateway) {
			g.Listeners["other"] = schema.Listener{Port: 8081}
			g.APIs["one"] = schema.API{Listeners: []string{"other"}, Routes: map[string]schema.Route{"exact": {Match: exactly("/x"), Backends: to("echo")}}}
			g.APIs["two"] = schema.API{Listeners: []string{"http"}, Routes: map[string]schema.Route{"regex": {Match: like("/x"), Backends: to("echo")}}}
		}, nil},
		{"shadowed on one of two hosts", func(g *schema.Gateway) {
			g.APIs["one"] = schema.API{Hosts: []string{"a.test"}, Routes: map[string]schema.Route{"exact": {Match: exactly("/x"), Backends: to("echo")}}}
			g.APIs["two"] = schema.API{Hosts: []string{"a.test", "b.test"}, Routes: map[string]schema.Route{"regex": {Match: like("/x"), Backends: to("echo")}}}
		}, []string{
			`warning route-unreachable apis.two.routes.regex.match: no request for "a.test" reaches route "regex": route "exact" of API "one" takes them all`,
			"  help: remove it, or match something that the others do not take",
			`  apis.one.routes.exact.match: route "exact" of API "one" takes GET a.test/x`,
		}},
		{"a canary that loses some requests", beside(map[string]*schema.Match{
			"main":   of(prefix("/x"), "GET", "POST"),
			"canary": asking(values{"x-canary": {Present: ptr(true)}}, nil),
			"put":    of(asking(values{"x-canary": {Present: ptr(true)}}, nil), "PUT"),
		}), []string{
			`warning route-outranked apis.echo.routes.canary.match: route "canary" asks for more than route "main", and yet loses GET, POST requests to it: methods count before header and query matches, for instance GET api.example.com/x with x-canary: a`,
			`  help: list the methods here too: methods: ["GET", "POST"]`,
			`  apis.echo.routes.main.match: the match of route "main", which wins`,
		}},
		{"a route for preflights that belong to one that speaks CORS", func(g *schema.Gateway) {
			beside(map[string]*schema.Match{"options": of(asking(values{"origin": {Present: new(true)}, "access-control-request-method": {Exact: new("GET")}}, nil), "OPTIONS"), "r": prefix("/x")})(g)
			change(g.APIs["echo"].Routes, "r", func(r *schema.Route) { r.CORS = &schema.CORS{Origins: []string{"*"}} })
		}, []string{
			`error route-unreachable apis.echo.routes.options.match: no request reaches route "options": route "r" takes them all`,
			"  help: a CORS preflight goes to the route of the method that it announces, where that route speaks CORS: leave it to that one",
			`  apis.echo.routes.r.match: route "r" takes OPTIONS api.example.com/x with access-control-request-method: GET, origin: a`,
		}},
		{"a default that canaries leave nothing to", beside(map[string]*schema.Match{
			"default-of-two": prefix("/x"),
			"on":             asking(values{"x-canary": {Present: ptr(true)}}, nil),
			"off":            asking(values{"x-canary": {Present: ptr(false)}}, nil),
		}), []string{
			`error canary-unsplit apis.echo.routes.default-of-two.match: no request reaches route "default-of-two": routes "off", "on" take them all, together`,
			"  help: have the header and query matches of the other routes leave some requests to this one",
			`  apis.echo.routes.off.match: route "off" takes GET api.example.com/x without x-canary`,
			`  apis.echo.routes.on.match: route "on" takes GET api.example.com/x with x-canary: a`,
		}},
	})
}

// Whether requests reach a route depends on the hosts of the listeners that serve it.
func TestReachAtListenersWithHosts(t *testing.T) {
	inside := func(hosts ...string) func(g *schema.Gateway) {
		return func(g *schema.Gateway) {
			g.Listeners["inside"] = schema.Listener{Port: 8081, Hosts: []string{"*.internal"}}
			g.APIs["any"] = schema.API{Listeners: []string{"inside"}, Routes: map[string]schema.Route{"r": {Match: prefix("/y"), Backends: to("echo")}}}
			g.APIs["own"] = schema.API{Hosts: hosts, Listeners: []string{"inside"}, Routes: map[string]schema.Route{"r": {Match: prefix("/y"), Backends: to("echo")}}}
		}
	}
	run(t, []test{
		{"any host, where another has all that come in", inside("*.internal"), []string{
			`error route-unreachable apis.any.routes.r.match: no request reaches route "r": route "r" of API "own" takes them all`,
			"  help: remove it, or match something that the others do not take",
			`  apis.own.routes.r.match: route "r" of API "own" takes GET www.internal/y`,
		}},
		{"any host, where another has some that come in", inside("api.internal"), nil},
		{"a host by its own name and by a wildcard", api(func(a *schema.API) { a.Hosts = []string{"api.example.com", "*.example.com"} }), nil},
	})
}

// A route that asks for what no request has is reached by none.
func TestCheckImpossibleMatches(t *testing.T) {
	never := func(why, help, at string) []string {
		return []string{`error route-unreachable apis.echo.routes.r.match` + at + `: no request reaches route "r": ` + why, "  help: " + help}
	}
	value := "blanks before and behind a value are not part of it, and it has no control characters"
	whole := "the expression is matched against the whole value"
	run(t, []test{
		{"an expression for paths that are in no normal form", beside(map[string]*schema.Match{"r": like("/a//b")}), never("no path matches its expression",
			"paths are matched in their normal form: without //, and with escapes in capitals where they are needed", ".path.regex")},
		{"a value with a blank at its end", beside(map[string]*schema.Match{"r": asking(values{"x-v": {Exact: new("2 ")}}, nil)}),
			never(`no field "x-v" has the value "2 "`, value, ".headers.x-v")},
		{"an expression that no value matches", beside(map[string]*schema.Match{"r": asking(values{"x-v": {Regex: "v^2"}}, nil)}),
			never(`no value of field "x-v" matches its expression`, whole, ".headers.x-v.regex")},
		{"an expression that no parameter matches", beside(map[string]*schema.Match{"r": asking(nil, values{"q": {Regex: "v$2"}})}),
			never(`no value of parameter "q" matches its expression`, whole, ".query.q.regex")},
		{"a method that is too long", beside(map[string]*schema.Match{"r": of(prefix("/x"), strings.Repeat("M", 33))}),
			never("no request has one of its methods", "name methods of up to 32 characters", ".methods")},
		{"one expression that cannot be run does not hide what others do", func(g *schema.Gateway) {
			beside(map[string]*schema.Match{"bad": like("/("), "a": like("/x/[0-9]+"), "b": like("/x/1")})(g)
		}, []string{
			"error regex apis.echo.routes.bad.match.path.regex: RE2 refuses the expression: missing closing ): \"/(\"",
			"  help: write an RE2 expression: no look-around, no back-references, at most 1000 repetitions",
			`error route-unreachable apis.echo.routes.b.match: no request reaches route "b": route "a" takes them all`,
			"  help: remove it, or match something that the others do not take",
			`  apis.echo.routes.a.match: route "a" takes GET api.example.com/x/1`,
		}},
	})
}

func TestCheckTaken(t *testing.T) {
	owned := func(first, second *schema.Match) func(g *schema.Gateway) {
		return func(g *schema.Gateway) {
			g.APIs["one"] = schema.API{Owner: "team-one", Routes: map[string]schema.Route{"r": {Match: first, Backends: to("echo")}}}
			g.APIs["two"] = schema.API{Owner: "team-two", Routes: map[string]schema.Route{"r": {Match: second, Backends: to("echo")}}}
		}
	}
	run(t, []test{
		{"by a method", owned(prefix("/x"), of(prefix("/x"), "GET")), []string{
			`warning route-taken apis.one.routes.r.match: route "r" of API "two" of "team-two" takes requests from route "r" of "team-one", for instance GET example.com/x`,
			"  help: agree on who serves them, and give the two routes hosts or paths that tell them apart",
			`  apis.two.routes.r.match: the match of route "r" of API "two", which wins`,
		}},
		{"by a longer path", owned(prefix("/x"), exactly("/x/y")), []string{
			`info route-taken apis.one.routes.r.match: route "r" of API "two" of "team-two" takes requests from route "r" of "team-one", whose paths it lies within, for instance GET example.com/x/y`,
			"  help: agree on who serves them",
			`  apis.two.routes.r.match: the match of route "r" of API "two", which wins`,
		}},
		{"by a prefix, of an expression for other paths too", owned(like("/(x|y)/[0-9]+"), prefix("/x")), []string{
			`warning route-taken apis.one.routes.r.match: route "r" of API "two" of "team-two" takes requests from route "r" of "team-one", for instance GET example.com/x/0`,
			"  help: agree on who serves them, and give the two routes hosts or paths that tell them apart",
			`  apis.two.routes.r.match: the match of route "r" of API "two", which wins`,
		}},
		{"by a longer path than an expression for all, as people expect", owned(like("/.*"), prefix("/x")), nil},
		{"by a longer path than all, as people expect", owned(prefix("/"), prefix("/x")), nil},
		{"expressions", beside(map[string]*schema.Match{"a": like("/[a-m].*"), "b": like("/.*[m-z]")}), []string{
			`warning route-overlap apis.echo.routes.b.match: the expressions of route "b" and route "a" match some of the same paths, and only the order of their names decides, for instance of GET api.example.com/m`,
			"  help: have the expressions exclude each other, or add a method, header or query match to the one that is to win",
			`  apis.echo.routes.a.match: the match of route "a", which wins`,
		}},
		{"expressions that exclude each other", beside(map[string]*schema.Match{"a": like("/[a-m].*"), "b": like("/[n-z].*")}), nil},
	})
}

func TestCheckPreflights(t *testing.T) {
	speaking := func(others map[string]schema.Route) func(g *schema.Gateway) {
		return func(g *schema.Gateway) {
			routes := g.APIs["echo"].Routes
			routes["v2"] = schema.Route{
				Match: of(asking(values{"x-version": {Exact: new("v2")}}, nil), "GET"), Backends: to("echo"),
				Filters: schema.Filters{CORS: &schema.CORS{Origins: []string{"https://app.test"}}},
			}
			for name, r := range others {
				routes[name] = r
			}
		}
	}
	asksFor := func(origin string, speaksWith ...string) func(g *schema.Gateway) {
		return func(g *schema.Gateway) {
			beside(map[string]*schema.Match{"r": asking(values{"Origin": {Exact: new(origin)}}, nil)})(g)
			change(g.APIs["echo"].Routes, "r", func(r *schema.Route) { r.CORS = &schema.CORS{Origins: speaksWith} })
		}
	}
	run(t, []test{
		{"nothing without the header", speaking(nil), []string{
			`warning preflight-unanswered apis.echo.routes.v2.cors: nothing answers the preflight of a GET request to route "v2", for instance OPTIONS api.example.com/x with access-control-request-method: GET, origin: https://app.test: it carries none of the header fields that the route asks for`,
			"  help: add a route for the same path without header matches that speaks CORS",
		}},
		{"a default that speaks CORS", speaking(map[string]schema.Route{"main": {
			Match: of(prefix("/x"), "GET"), Backends: to("echo"), Filters: schema.Filters{CORS: &schema.CORS{Origins: []string{"https://app.test"}}},
		}}), nil},
		{"a default that speaks none", speaking(map[string]schema.Route{"main": {Match: of(prefix("/x"), "GET"), Backends: to("echo")}}), []string{
			`warning preflight-unanswered apis.echo.routes.v2.cors: nothing answers the preflight of a GET request to route "v2", for instance OPTIONS api.example.com/x with access-control-request-method: GET, origin: https://app.test: it carries none of the header fields that the route asks for`,
			"  help: have the other route speak CORS too, or take OPTIONS requests",
			`  apis.echo.routes.main.match: route "main" takes such GET requests where they have no such fields, and speaks no CORS`,
		}},
		{"a route that asks for an origin, as preflights have one", func(g *schema.Gateway) {
			beside(map[string]*schema.Match{"r": asking(values{"Origin": {Exact: new("https://app.test")}}, nil)})(g)
			change(g.APIs["echo"].Routes, "r", func(r *schema.Route) { r.CORS = &schema.CORS{Origins: []string{"https://app.test"}} })
		}, nil},
		{"a route that asks for one of several origins", asksFor("https://app.test", "https://other.test", "https://app.test"), nil},
		{"a route that asks for an origin that it does not speak with", asksFor("https://app.test", "https://other.test"), nil},
		{"an origin for which another route answers nothing", func(g *schema.Gateway) {
			asksFor("https://app.test", "https://other.test", "https://app.test")(g)
			g.APIs["echo"].Routes["main"] = schema.Route{
				Match: of(asking(values{"x-version": {Exact: new("v2")}}, nil), "GET"), Backends: to("echo"),
				Filters: schema.Filters{CORS: &schema.CORS{Origins: []string{"https://app.test", "https://other.test"}}},
			}
		}, []string{
			`warning preflight-unanswered apis.echo.routes.main.cors: nothing answers the preflight of a GET request to route "main", for instance OPTIONS api.example.com/x with access-control-request-method: GET, origin: https://other.test: it carries none of the header fields that the route asks for`,
			"  help: add a route for the same path without header matches that speaks CORS",
		}},
		{"a route for OPTIONS", speaking(map[string]schema.Route{"options": {Match: of(prefix("/x"), "OPTIONS"), Backends: to("echo")}}), nil},
	})
}

// A question that cannot be decided is said to be one, once for a route.
func TestUndecided(t *testing.T) {
	matches := map[string]*schema.Match{}
	for i := range 3 {
		matches[fmt.Sprintf("r%d", i)] = like(fmt.Sprintf("/(.*a.{%d}|.*b.{%d})%s", 20+i, 30+i, strings.Repeat("c?", i)))
	}
	g := sound()
	beside(matches)(g)
	found := lines(check.Run(g.Resolve()))
	want := `info route-undecided apis.echo.routes.r2.match: it was not found out within bounds whether route "r2" shares requests with others`
	if !slices.Contains(found, want) {
		t.Errorf("%q\nwant\n%s", found, want)
	}
}

// Exactly those routes are called unreachable that the match table gives no request to, of all in a small world.
func TestReachAgreesWithTheMatchTable(t *testing.T) {
	unreachable := 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 11))
		pick := func(from ...*schema.PathMatch) *schema.PathMatch { return from[r.IntN(len(from))] }
		g := &schema.Gateway{Listeners: map[string]schema.Listener{"http": {Port: 80}}, APIs: map[string]schema.API{"api": {Routes: map[string]schema.Route{}}}}
		for n := range 2 + r.IntN(9) {
			m := &schema.Match{Path: pick(
				&schema.PathMatch{Exact: "/a"}, &schema.PathMatch{Exact: "/b"}, &schema.PathMatch{Prefix: "/a"}, &schema.PathMatch{Regex: "/a|/b"},
				&schema.PathMatch{Regex: "/[ab]"}, &schema.PathMatch{Regex: "/a(/a)?"}, &schema.PathMatch{Regex: "/a/a"})}
			if r.IntN(2) == 0 {
				m.Headers = values{"x-v": {Present: ptr(r.IntN(2) == 0)}}
			}
			g.APIs["api"].Routes[fmt.Sprintf("r%d", n)] = schema.Route{Match: m, Respond: &schema.Respond{}}
		}
		g = g.Resolve()
		table, problems := route.Build(g, filter.Deps{})
		if len(problems) > 0 {
			t.Fatal(problems[0].Error())
		}
		reached := map[string]bool{}
		for _, path := range []string{"/a", "/b", "/a/a", "/a/b", "/c"} {
			for _, header := range []exchange.Header{nil, {{Name: "X-V", Value: "1"}}} {
				if found := table.Match("http", &exchange.Request{Method: "GET", Host: "a.test", Path: path, Header: header}); found != nil {
					reached[found.Name] = true
				}
			}
		}
		said := map[string]bool{}
		for _, f := range check.Run(g) {
			if f.Severity == diag.Error {
				said[f.Path.Names()[3]] = true
				for _, related := range f.Related { // of a conflict, either may be the one
					if f.Code == "route-conflict" {
						said[related.Path.Names()[3]] = true
					}
				}
			}
		}
		for name := range g.APIs["api"].Routes {
			if !reached[name] {
				unreachable++
			}
			if !reached[name] && !said[name] {
				t.Errorf("seed %d: %s is not reached, and nothing says so", seed, name)
			}
			if reached[name] && said[name] && !slices.ContainsFunc(check.Run(g), func(f diag.Finding) bool { return f.Code == "route-conflict" }) {
				t.Errorf("seed %d: %s is reached, and said not to be", seed, name)
			}
		}
	}
	if unreachable < 50 {
		t.Errorf("only %d routes were unreachable", unreachable)
	}
}

func BenchmarkReach(b *testing.B) {
	g := sound()
	for a := range 5000 {
		api := schema.API{Owner: fmt.Sprint("team", a%7), Hosts: []string{fmt.Sprintf("h%d.test", a%50)}, Routes: map[string]schema.Route{}}
		for n := range 10 {
			m := prefix(fmt.Sprintf("/api%d/r%d", a, n))
			if n%5 == 4 {
				m = like(fmt.Sprintf("/api%d/r%d/[0-9]+", a, n))
			}
			api.Routes[fmt.Sprint(n)] = schema.Route{Match: m, Backends: to("echo")}
		}
		g.APIs[fmt.Sprint("api", a)] = api
	}
	g.APIs["all"] = schema.API{Routes: map[string]schema.Route{"all": {Match: prefix("/"), Backends: to("echo")}}}
	g = g.Resolve()
	for b.Loop() {
		check.Run(g)
	}
}

// The work on thousands of expressions that overlap is bounded, and what it does not suffice for is said.
func TestManyOverlappingExpressions(t *testing.T) {
	matches := map[string]*schema.Match{}
	for i := range 4000 {
		matches[fmt.Sprintf("r%d", i)] = like(fmt.Sprintf("/(a+)+%d(z{%d})?", i, i%7))
	}
	g := sound()
	beside(matches)(g)
	unasked := false
	for _, f := range check.Run(g.Resolve()) {
		switch {
		case f.Code != "route-undecided":
			t.Errorf("%s: %s", f.Code, f.Message)
		case f.Path == "apis":
			unasked = true
		}
	}
	if !unasked {
		t.Error("it is not said that questions were not asked")
	}
}
