package routing_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// random returns a gateway whose routes meet in many ways.
func random(r *rand.Rand) *schema.Gateway {
	g := &schema.Gateway{Listeners: map[string]schema.Listener{"http": {Port: 80}}, APIs: map[string]schema.API{}}
	for a := range 1 + r.IntN(3) {
		api := schema.API{Routes: map[string]schema.Route{}}
		for range r.IntN(3) {
			api.Hosts = append(api.Hosts, pick(r, "a.test", "b.a.test", "*.test", "*.a.test", "*.b.a.test"))
		}
		for n := range 1 + r.IntN(6) {
			one, two := "1", "2"
			m := &schema.Match{Path: pick(r,
				&schema.PathMatch{Exact: "/a"}, &schema.PathMatch{Exact: "/a/b"}, &schema.PathMatch{Prefix: "/"},
				&schema.PathMatch{Prefix: "/a/"}, &schema.PathMatch{Prefix: "/a"}, &schema.PathMatch{Prefix: "/a/b"},
				&schema.PathMatch{Regex: "/a.*"}, &schema.PathMatch{Regex: "/(a/)?b"})}
			if r.IntN(3) == 0 {
				m.Methods = []string{pick(r, "GET", "POST")}
			}
			if r.IntN(3) == 0 {
				m.Headers = map[string]schema.ValueMatch{"X-V": {Exact: pick(r, &one, &two)}}
			}
			if r.IntN(3) == 0 {
				m.Query = map[string]schema.ValueMatch{"q": {Exact: pick(r, &one, &two)}}
			}
			api.Routes[fmt.Sprintf("r%d", n)] = schema.Route{Match: m, Respond: &schema.Respond{}}
		}
		g.APIs[fmt.Sprintf("api%d", a)] = api
	}
	return g.Resolve()
}

// The entry that stands first among those that take a request is the route that the match table gives it to.
func TestTheFirstEntryIsTheOneThatTheMatchTableTakes(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 7))
		g := random(r)
		runtime, problems := route.Build(g, filter.Deps{})
		if len(problems) > 0 {
			t.Fatal(problems[0].Error())
		}
		table, err := routing.Of(space.New(0), g)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"a.test", "b.a.test", "c.b.a.test", "test", "x.test"} {
			for _, path := range []string{"/", "/a", "/a/", "/a/b", "/a/b/c", "/b", "/ab"} {
				for _, method := range []string{"GET", "POST"} {
					for i := range 9 {
						request := &space.Request{Host: host, Method: method, Path: path}
						asked := &exchange.Request{Host: host, Method: method, Path: path}
						if v := i % 3; v > 0 {
							request.Header = []space.Field{{Name: "x-v", Value: fmt.Sprint(v)}}
							asked.Header.Add("X-V", fmt.Sprint(v))
						}
						if v := i / 3; v > 0 {
							request.Query = []space.Field{{Name: "q", Value: fmt.Sprint(v)}}
							asked.Query = fmt.Sprintf("q=%d", v)
						}
						got, want := "none", "none"
						for _, e := range table.Entries {
							if e.Match.Takes(request) {
								got = e.String()
								break
							}
						}
						if found := runtime.Match("http", asked); found != nil {
							want = found.API + "/" + found.Name
						}
						if got != want {
							t.Fatalf("seed %d: %s: %s, and the match table says %s", seed, request, got, want)
						}
					}
				}
			}
		}
	}
}

// Above has all entries that can take requests away, and no entry itself.
func TestAboveMissesNothing(t *testing.T) {
	for seed := range uint64(60) {
		g := random(rand.New(rand.NewPCG(seed, 9)))
		s := space.New(0)
		table, err := routing.Of(s, g)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range table.Entries {
			above := map[*routing.Entry]bool{}
			for _, a := range table.Above(e) {
				above[a] = true
			}
			for j, other := range table.Entries {
				meets := s.Find([]*space.Match{e.Match, other.Match}, nil).Verdict == space.Found
				if above[other] && j >= i || meets && j < i && !above[other] {
					t.Fatalf("seed %d: %s on %q and %s on %q", seed, e, e.Host, other, other.Host)
				}
			}
		}
	}
}
