package explain_test

import (
	"fmt"
	"math/rand/v2"

	"gwc.dev/schema"
)

func one[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// random returns a gateway whose routes get in each other's way in every respect.
func random(r *rand.Rand) *schema.Gateway {
	g := &schema.Gateway{
		Environment: "random",
		Listeners: map[string]schema.Listener{
			"http": {Port: 8080}, "inside": {Port: 8081, Hosts: []string{"a.test", "*.a.test"}, Limits: &schema.ListenerLimits{URIBytes: 12}}, "old": {Port: 8082, Redirect: &schema.ListenerRedirect{Listener: "http"}},
		},
		Upstreams: map[string]schema.Upstream{},
		APIs:      map[string]schema.API{},
	}
	for _, name := range []string{"one", "two"} {
		g.Upstreams[name] = schema.Upstream{Endpoints: map[string]schema.Endpoint{"main": {Host: name + ".test", Port: 80, Weight: 1}}}
	}
	for a := range 1 + r.IntN(4) {
		api := schema.API{Routes: map[string]schema.Route{}}
		for range r.IntN(3) {
			api.Hosts = append(api.Hosts, one(r, "a.test", "b.a.test", "*.test", "*.a.test"))
		}
		if r.IntN(4) == 0 {
			api.Listeners = []string{"inside"}
		}
		for n := range 1 + r.IntN(6) {
			api.Routes[fmt.Sprintf("r%d", n)] = randomRoute(r)
		}
		g.APIs[fmt.Sprintf("api%d", a)] = api
	}
	return g
}

func randomRoute(r *rand.Rand) schema.Route {
	first, second, yes, no := "1", "2", true, false
	values := []schema.ValueMatch{{Exact: &first}, {Exact: &second}, {Regex: "[12]"}, {Present: &yes}, {Present: &no}}
	out := schema.Route{Match: &schema.Match{Path: one(r,
		&schema.PathMatch{Exact: "/a"}, &schema.PathMatch{Exact: "/a/b"}, &schema.PathMatch{Prefix: "/"}, &schema.PathMatch{Prefix: "/a"},
		&schema.PathMatch{Prefix: "/a/b"}, &schema.PathMatch{Regex: "/a.*"}, &schema.PathMatch{Regex: "/(a/)?[bx]+"})}}
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		if r.IntN(4) == 0 {
			out.Match.Methods = append(out.Match.Methods, method)
		}
	}
	if r.IntN(3) == 0 {
		out.Match.Headers = map[string]schema.ValueMatch{one(r, "x-v", "x-forwarded-proto", "x-request-id", "origin"): one(r, values...)}
	}
	if r.IntN(3) == 0 {
		out.Match.Query = map[string]schema.ValueMatch{"q": one(r, values...)}
	}
	if r.IntN(3) == 0 {
		out.CORS = &schema.CORS{Origins: []string{"https://app.example.com"}, Methods: []string{"GET", "POST"}}
	}
	if r.IntN(3) == 0 {
		out.Auth = &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey", Query: "apikey"}}
	}
	if r.IntN(3) == 0 {
		out.Headers = &schema.Headers{Request: &schema.HeaderChange{Set: map[string]string{"x-v": "9"}}, Response: &schema.HeaderChange{Remove: []string{"server"}}}
	}
	switch r.IntN(6) {
	case 0:
		out.Respond = &schema.Respond{Status: one(r, 200, 410)}
	case 1:
		out.Redirect = &schema.Redirect{Path: &schema.RedirectPath{Full: "/moved"}, Status: 307}
	default:
		out.Backends = map[string]schema.Backend{"one": {Weight: r.IntN(3)}, "two": {Weight: 1}}
		if out.Match.Path.Prefix != "" {
			out.Rewrite = one(r, nil, &schema.Rewrite{Prefix: "/"}, &schema.Rewrite{Prefix: "/z", Host: "z.test"}, &schema.Rewrite{Full: "/f"})
		}
	}
	return out
}
