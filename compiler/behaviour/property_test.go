package behaviour_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// random returns a gateway whose routes meet in many ways and answer with one of three statuses.
func random(r *rand.Rand) *schema.Gateway {
	g := &schema.Gateway{Listeners: map[string]schema.Listener{"http": {Port: 80}}, APIs: map[string]schema.API{}}
	if r.IntN(4) == 0 {
		g.Listeners["http"] = schema.Listener{Port: 80, Hosts: []string{pick(r, "a.test", "*.test"), "b.a.test"}}
	}
	for a := range 1 + r.IntN(3) {
		api := schema.API{Routes: map[string]schema.Route{}}
		for range r.IntN(3) {
			api.Hosts = append(api.Hosts, pick(r, "a.test", "b.a.test", "*.test", "*.a.test"))
		}
		for n := range 1 + r.IntN(5) {
			api.Routes[fmt.Sprintf("r%d", n)] = randomRoute(r)
		}
		g.APIs[fmt.Sprintf("api%d", a)] = api
	}
	return g
}

func randomRoute(r *rand.Rand) schema.Route {
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
	return schema.Route{Match: m, Respond: &schema.Respond{Status: pick(r, 200, 201, 202)}}
}

// edited returns a gateway with some edits, of which many change nothing.
func edited(r *rand.Rand, g *schema.Gateway) *schema.Gateway {
	out := *g
	out.APIs = map[string]schema.API{}
	for name, a := range schema.Sorted(g.APIs) {
		api := a
		api.Routes = map[string]schema.Route{}
		for route, is := range schema.Sorted(a.Routes) {
			switch r.IntN(8) {
			case 0: // gone
			case 1:
				api.Routes[route] = randomRoute(r)
			case 2:
				api.Routes["x"+route] = is
			default:
				api.Routes[route] = is
			}
		}
		if r.IntN(6) == 0 {
			api.Routes["new"] = randomRoute(r)
		}
		if r.IntN(6) == 0 {
			name = "x" + name
		}
		out.APIs[name] = api
	}
	return &out
}

// A served is a match table with the names of its routes.
type served struct{ table *route.Table }

func serve(t testing.TB, g *schema.Gateway) served {
	t.Helper()
	table, problems := route.Build(g.Resolve(), filter.Deps{})
	if len(problems) > 0 {
		t.Fatal(problems[0].Error())
	}
	return served{table}
}

// answer returns the name of the route that takes a request and the status that it answers; "none" and 404: nobody.
func (s served) answer(r *space.Request) (name string, status int) {
	asked := &exchange.Request{Host: r.Host, Method: r.Method, Path: r.Path, Query: r.RawQuery()}
	for _, f := range r.Header {
		asked.Header.Add(f.Name, f.Value)
	}
	found := s.table.Match("http", asked)
	if found == nil {
		return "none", 404
	}
	return found.API + "/" + found.Name, found.Route.Respond.Status
}

// requests are all of a small world.
func requests() []*space.Request {
	var out []*space.Request
	for _, host := range []string{"a.test", "b.a.test", "c.b.a.test", "test", "x.test"} {
		for _, path := range []string{"/", "/a", "/a/", "/a/b", "/a/b/c", "/b", "/ab"} {
			for _, method := range []string{"GET", "POST", "PUT"} {
				for i := range 9 {
					r := &space.Request{Host: host, Method: method, Path: path}
					if v := i % 3; v > 0 {
						r.Header = []space.Field{{Name: "x-v", Value: fmt.Sprint(v)}}
					}
					if v := i / 3; v > 0 {
						r.Query = []space.Field{{Name: "q", Value: fmt.Sprint(v)}}
					}
					out = append(out, r)
				}
			}
		}
	}
	return out
}

func withAlike(classes []*behaviour.Class) (all []*behaviour.Class) {
	for _, c := range classes {
		all = append(append(all, c), c.Alike...)
	}
	return all
}

// Every request that is treated differently lies in a class; every class has such a request, and it is what it says.
func TestReportsAreCompleteAndMinimal(t *testing.T) {
	all := requests()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		old := random(r)
		new := edited(r, old)
		if seed%4 == 0 {
			new = random(r)
		}
		before, after := serve(t, old), serve(t, new)
		report, err := behaviour.Compare(old, new)
		if err != nil {
			t.Fatal(err)
		}
		pairs := map[string]bool{}
		for _, c := range withAlike(report.Classes) {
			if c.Undecided || c.Request == nil {
				if c.Undecided {
					t.Errorf("seed %d: undecided: %s -> %s", seed, c.Old, c.New)
				}
				continue
			}
			was, oldStatus := before.answer(c.Request)
			is, newStatus := after.answer(c.Request)
			if oldStatus == newStatus || was != c.Old.String() || is != c.New.String() {
				t.Fatalf("seed %d: %s is said to go from %s to %s, and goes from %s (%d) to %s (%d)",
					seed, c.Request, c.Old, c.New, was, oldStatus, is, newStatus)
			}
			pairs[was+" -> "+is] = true
			if was == is {
				pairs[was] = true
			}
		}
		for _, request := range all {
			was, oldStatus := before.answer(request)
			is, newStatus := after.answer(request)
			if oldStatus == newStatus || pairs[was+" -> "+is] || was == is && pairs[was] {
				continue
			}
			t.Fatalf("seed %d: %s goes from %s (%d) to %s (%d), and no class says so", seed, request, was, oldStatus, is, newStatus)
		}
	}
}

// What means the same has no classes: other names, routes that are split by method, filters written elsewhere.
func TestEquivalentModelsDoNotDiffer(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 5))
		old := random(r)
		new := &schema.Gateway{Listeners: map[string]schema.Listener{"renamed": old.Listeners["http"]}, APIs: map[string]schema.API{}}
		for name, a := range schema.Sorted(old.APIs) {
			api := a
			api.Hosts = slices.Clone(a.Hosts)
			slices.Reverse(api.Hosts)
			api.Routes = map[string]schema.Route{}
			for route, is := range schema.Sorted(a.Routes) {
				api.Routes[route+"-renamed"] = is
			}
			new.APIs[name+"-renamed"] = api // names keep their order, and so who wins
		}
		report, err := behaviour.Compare(old, new)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Classes {
			t.Errorf("seed %d: %s: %s -> %s: %s %+v", seed, c.Request, c.Old, c.New, c.Reason, c.Changes)
		}
	}
}
