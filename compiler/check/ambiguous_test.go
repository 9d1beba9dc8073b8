package check_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gwc.dev/compiler/check"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

func TestCheckAmbiguousPaths(t *testing.T) {
	const help = "  help: match a path without escaped slashes and without ';', or have no other route take what it can be read as"
	answered := func(path string) func(*schema.Gateway) {
		return func(g *schema.Gateway) {
			beside(map[string]*schema.Match{"one": prefix("/x")})(g)
			g.APIs["echo"].Routes["other"] = schema.Route{Match: exactly(path), Respond: &schema.Respond{Status: 200}}
		}
	}
	run(t, []test{
		{"a path below another route's", beside(map[string]*schema.Match{"one": prefix("/x"), "other": exactly("/x%2fy")}), []string{
			`error route-unreachable apis.echo.routes.other.match: no request reaches route "other": its paths read in two ways, and are answered with 400: GET api.example.com/x%2Fy`,
			help,
			`  apis.echo.routes.one.match: route "one" takes /x/y, which it can be read as`,
		}},
		{"all paths below one", beside(map[string]*schema.Match{"one": prefix("/x"), "other": prefix("/x;v=1/y")}), []string{
			`error route-unreachable apis.echo.routes.other.match: no request reaches route "other": its paths read in two ways, and are answered with 400: GET api.example.com/x;v=1/y`,
			help,
			`  apis.echo.routes.one.match: route "one" takes /x/y, which it can be read as`,
		}},
		{"an expression", beside(map[string]*schema.Match{"one": prefix("/x"), "other": like("/x%2F[a-z]+")}), []string{
			`warning route-ambiguous apis.echo.routes.other.match: all paths of route "other" read in two ways, and requests are answered with 400: GET api.example.com/x%2Fa`,
			help,
			`  apis.echo.routes.one.match: route "one" takes /x/a, which it can be read as`,
		}},
		{"several routes together", beside(map[string]*schema.Match{
			"get": of(prefix("/x"), "GET"), "post": of(prefix("/x"), "POST"), "other": of(exactly("/x%2Fy"), "GET", "POST"),
		}), []string{
			`error route-unreachable apis.echo.routes.other.match: no request reaches route "other": its paths read in two ways, and are answered with 400: GET api.example.com/x%2Fy`,
			help,
			`  apis.echo.routes.get.match: route "get" takes /x/y, which it can be read as`,
		}},
		{"a method that the other does not take", beside(map[string]*schema.Match{"get": of(prefix("/x"), "GET"), "other": exactly("/x%2Fy")}), nil},
		{"nobody else's path", beside(map[string]*schema.Match{"one": prefix("/z"), "other": exactly("/x%2Fy")}), nil},
		{"one path alone of the other's", beside(map[string]*schema.Match{"one": exactly("/x/y"), "other": prefix("/x%2Fy")}), nil},
		{"an expression for plain paths as well", beside(map[string]*schema.Match{"one": prefix("/x/y"), "other": like("/x(%2F|-)y")}), nil},
		{"an answer of the gateway's own", answered("/x%2Fy"), nil},
	})
}

// What is said of paths that read in two ways is what the proxy makes of requests for them: those of a route whose path, or
// what it begins with, is such one are all refused, or it is not said.
func TestAmbiguousPathsAreRefused(t *testing.T) {
	said, left := 0, 0
	for n := range uint64(400) {
		r := rand.New(rand.NewPCG(n, 8))
		pick := func(from ...string) string { return from[r.IntN(len(from))] }
		g := sound()
		routes := g.APIs["echo"].Routes
		clear(routes)
		for i := range 2 + r.IntN(4) {
			path := pick("/", "/x", "/x/y", "/x%2Fy", "/x;v", "/x;v/y", "/x%5Cy", "/x%3Bv", "/x%2Fy;v", "/z")
			m := choose(r, exactly(path), prefix(path))
			if r.IntN(3) == 0 {
				m.Methods = []string{pick("GET", "POST")}
			}
			if r.IntN(4) == 0 {
				m.Headers = values{"x-v": {Present: ptr(r.IntN(2) == 0)}}
			}
			routes[fmt.Sprint("r", i)] = schema.Route{Match: m, Backends: to("echo")}
		}
		dead := map[string]bool{}
		for _, f := range check.Run(g.Resolve()) {
			if f.Code == "route-conflict" { // which says it all
				dead = nil
				break
			}
			if strings.Contains(f.Message, "read in two ways") {
				dead[f.Path.Names()[3]] = true
			}
		}
		if dead == nil {
			continue
		}
		table, problems := route.BuildResolved(g.Resolve(), filter.Deps{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		alive, taken := map[string]bool{}, map[string]bool{}
		for _, path := range []string{"/", "/x", "/x/y", "/x%2Fy", "/x;v", "/x;v/y", "/x%5Cy", "/x%3Bv", "/x%2Fy;v", "/z"} {
			for _, below := range []string{"", "/q", "/q/", "/q;w"} {
				for _, method := range []string{"GET", "POST", "PUT"} {
					for _, header := range []exchange.Header{nil, {{Name: "X-V", Value: "1"}}} {
						normal, _ := schema.NormalizePath(path + below)
						request := &exchange.Request{Method: method, Host: "api.example.com", Path: normal, Header: header}
						found := table.Match("http", request)
						if found == nil {
							continue
						}
						taken[found.Name] = true
						if !table.Ambiguous("http", request, found) {
							alive[found.Name] = true
						}
					}
				}
			}
		}
		for name := range taken {
			m := routes[name].Match.Path
			if !strings.ContainsAny(m.Exact+m.Prefix, "%;") {
				continue
			}
			if dead[name] == alive[name] {
				t.Errorf("seed %d: route %s %+v is answered: %v, and said to be refused: %v", n, name, *m, alive[name], dead[name])
			}
			if dead[name] {
				said++
			} else {
				left++
			}
		}
		if t.Failed() {
			text, _ := g.Encode()
			t.Fatalf("%s", text)
		}
	}
	if said < 20 || left < 20 {
		t.Errorf("%d routes were refused and %d were not: too few of one", said, left)
	}
}

func choose[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }
