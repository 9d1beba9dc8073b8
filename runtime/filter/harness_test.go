package filter_test

import (
	"io"
	"net/netip"
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/schema"
)

// A gateway runs the chains of a model, in front of a backend that records what it gets.
type gateway struct {
	chains  map[string]filter.Chain // by "api/route"
	backend func(x *exchange.Exchange)
}

// newGateway compiles the filters of an environment's APIs, given as JSON. consumers stand for all of them.
func newGateway(t testing.TB, deps filter.Deps, apis string) *gateway {
	t.Helper()
	g, problems := compile(t, deps, apis)
	for _, p := range problems {
		t.Errorf("%v", p.Error())
	}
	if t.Failed() {
		t.FailNow()
	}
	return g
}

func compile(t testing.TB, deps filter.Deps, apis string) (*gateway, []schema.Problem) {
	t.Helper()
	model, err := schema.Decode([]byte(`{"environment": "test", "upstreams": {"echo": {"endpoints": {}}}, "consumers": {
			"ann": {"groups": ["gold"], "apiKeys": {"one": {"secret": "ann/key"}, "two": {"sha256": "` + sha256Of("second key") + `"}}},
			"bob": {"groups": ["free"], "apiKeys": {"one": {"sha256": "` + sha256Of("bob's key") + `"}}}},
		"apis": ` + apis + `}`))
	if err != nil {
		t.Fatal(err)
	}
	model = model.Resolve()
	out := &gateway{chains: map[string]filter.Chain{}}
	b := filter.NewBuilder(model, deps)
	var all []schema.Problem
	for api, a := range schema.Sorted(model.APIs) {
		for name, r := range schema.Sorted(a.Routes) {
			chain, problems := b.Build(filter.Place{API: api, Name: name, Route: &r})
			out.chains[api+"/"+name] = chain
			all = append(all, problems...)
		}
	}
	return out, all
}

// one compiles a single route.
func one(t testing.TB, deps filter.Deps, route string) *gateway {
	t.Helper()
	return newGateway(t, deps, `{"a": {"routes": {"r": `+route+`}}}`)
}

// serve runs a request through a route and returns whether the backend saw it.
func (g *gateway) serve(route string, x *exchange.Exchange) (passed bool) {
	seen, answered := g.chains[route].Request(x)
	if !answered {
		x.Response = exchange.Response{Status: 200}
		if g.backend != nil {
			g.backend(x)
		}
	}
	g.chains[route].Response(x, seen)
	return !answered
}

func get(header ...string) *exchange.Exchange {
	x := &exchange.Exchange{
		Client:  netip.MustParseAddr("192.0.2.1"),
		Request: exchange.Request{Method: "GET", Scheme: "https", Host: "api.test", Authority: "api.test", Path: "/"},
	}
	for i := 0; i+1 < len(header); i += 2 {
		x.Request.Header.Add(header[i], header[i+1])
	}
	return x
}

func body(t testing.TB, x *exchange.Exchange) string {
	t.Helper()
	if x.Response.Body == nil {
		return ""
	}
	data, err := io.ReadAll(x.Response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// lines returns header fields as text, those whose names begin so only.
func lines(h exchange.Header, prefixes ...string) []string {
	var out []string
	for _, f := range h {
		for _, p := range prefixes {
			if strings.HasPrefix(strings.ToLower(f.Name)+":", p) {
				out = append(out, f.Name+": "+f.Value)
			}
		}
	}
	return out
}

// events records what is counted.
type events []string

func (e *events) count(event, api, route, label string) func() {
	return func() { *e = append(*e, event+" "+api+"/"+route+" "+label) }
}

// codes returns problems as "path code".
func codes(problems []schema.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, string(p.Path)+" "+p.Code)
	}
	return out
}
