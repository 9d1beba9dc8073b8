package route_test

import (
	"math/rand/v2"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// Whatever is left out, each request has the route that it had: no other one gets what one that is left out has lost.
func TestWhatIsLeftOutLosesNoRequestToAnotherRoute(t *testing.T) {
	out, in := 0, 0
	for seed := range uint64(300) {
		w := world{rand.New(rand.NewPCG(seed, 31))}
		g := w.gateway()
		whole, problems := route.Build(g, filter.Deps{})
		if len(problems) > 0 {
			continue
		}
		broken, used := breakOne(g)
		table, problems := route.BuildIsolated(g.Resolve(), filter.Deps{}, broken)
		if len(problems) > 0 {
			t.Fatalf("seed %d: %v", seed, problems)
		}
		left := table.LeftOut().APIs
		for api := range used {
			if left[api] == nil {
				t.Errorf("seed %d: %s uses what is broken and is not left out", seed, api)
			}
		}
		if len(left) != len(used) {
			t.Errorf("seed %d: left out %v, want %v", seed, left, used)
		}
		for range 50 {
			listener, r := w.request()
			had, has := whole.Match(listener, r), table.Match(listener, r)
			switch {
			case (had == nil) != (has == nil), had != nil && (had.API != has.API || had.Name != has.Name):
				t.Fatalf("seed %d: %s %s%s was %v's and is %v's", seed, r.Method, r.Host, r.Path, had, has)
			case had == nil:
			case used[has.API]:
				out++
				x := &exchange.Exchange{Request: *r}
				if _, answered := has.Chain.Request(x); !answered || x.Response.Status != 503 || len(has.Backends) > 0 {
					t.Fatalf("seed %d: a route that is left out answers %d", seed, x.Response.Status)
				}
			default:
				in++
			}
		}
	}
	if out < 100 || in < 100 {
		t.Errorf("%d requests of what is left out, %d of what is not", out, in)
	}
}

// breakOne gives the first route of the first API an upstream that is broken. It returns that, and the APIs that use
// it.
func breakOne(g *schema.Gateway) (map[string][]schema.Problem, map[string]bool) {
	g.Upstreams = map[string]schema.Upstream{"broken": {Endpoints: map[string]schema.Endpoint{"main": {Host: "broken.example.com", Port: 443, Weight: 1}}}}
	for name, api := range schema.Sorted(g.APIs) {
		for id, r := range schema.Sorted(api.Routes) {
			r.Redirect, r.Respond = nil, nil
			r.Backends = map[string]schema.Backend{"broken": {Weight: 1}}
			api.Routes[id] = r
			problem := schema.Problem{Path: schema.NewPath("upstreams", "broken", "tls", "ca"), Code: "upstream-ca", Message: "it is not there"}
			return map[string][]schema.Problem{"broken": {problem}}, map[string]bool{name: true}
		}
	}
	return nil, nil
}
