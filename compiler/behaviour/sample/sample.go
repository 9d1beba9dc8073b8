// Package sample makes random gateways of the whole schema for tests, small enough for their routes to meet in many ways,
// random edits of them, and requests that are near to what they look at.
package sample

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"gwc.dev/schema"
)

// pick returns one of a list.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// some returns each of a list by chance.
func some(r *rand.Rand, from ...string) []string {
	var out []string
	for _, s := range from {
		if r.IntN(2) == 0 {
			out = append(out, s)
		}
	}
	return out
}

// one is true in one of n cases.
func one(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

func ptr[T any](v T) *T { return &v }

// Gateway returns a gateway that the match table takes.
func Gateway(r *rand.Rand) *schema.Gateway {
	g := &schema.Gateway{
		Environment: "test", Listeners: map[string]schema.Listener{}, Upstreams: map[string]schema.Upstream{},
		Consumers: map[string]schema.Consumer{}, APIs: map[string]schema.API{}, Filters: randomFilters(r, 4),
	}
	for i, port := range []int{8080, 8443, 9000} {
		if i == 0 || one(r, 2) {
			g.Listeners[[]string{"http", "https", "inside"}[i]] = randomListener(r, port)
		}
	}
	if one(r, 5) {
		g.Listeners["plain"] = schema.Listener{Port: 80, Redirect: &schema.ListenerRedirect{Listener: "http", Port: pick(r, 0, 80, 8443), Status: pick(r, 0, 301)}}
	}
	if one(r, 4) {
		g.TrustedProxies = some(r, "10.0.0.0/8", "192.0.2.1")
	}
	for _, name := range []string{"u0", "u1", "u2"} {
		g.Upstreams[name] = randomUpstream(r)
	}
	for i := range 3 {
		c := schema.Consumer{Groups: some(r, "free", "gold"), APIKeys: map[string]schema.APIKey{}}
		for k := range r.IntN(3) {
			c.APIKeys[fmt.Sprint("k", k)] = schema.APIKey{SHA256: fmt.Sprintf("%064d", 10*i+k)}
		}
		g.Consumers[fmt.Sprint("c", i)] = c
	}
	for a := range 1 + r.IntN(4) {
		g.APIs[fmt.Sprint("api", a)] = randomAPI(r, g)
	}
	return g
}

func randomListener(r *rand.Rand, port int) schema.Listener {
	l := schema.Listener{Port: port}
	if one(r, 4) {
		l.Hosts = []string{pick(r, "a.test", "*.test", "*.a.test"), pick(r, "b.a.test", "B.a.test", "*.b.a.test")}
	}
	if port == 8443 {
		l.TLS = &schema.ListenerTLS{MinVersion: pick(r, "", "1.2", "1.3"), Certificates: map[string]schema.Certificate{"default": {Secret: "tls"}}}
		if one(r, 4) {
			l.TLS.ClientCertificates = &schema.ClientCertificates{CA: "ca/ca.crt", Optional: one(r, 2), Forward: one(r, 2)}
		}
	}
	if one(r, 4) {
		l.Limits = &schema.ListenerLimits{HeaderFields: pick(r, 50, 100), URIBytes: pick(r, 0, 4000), IdleTimeout: schema.Duration(pick(r, 0, time.Minute))}
	}
	return l
}

func randomUpstream(r *rand.Rand) schema.Upstream {
	u := schema.Upstream{Endpoints: map[string]schema.Endpoint{}}
	for e := range 1 + r.IntN(2) {
		u.Endpoints[fmt.Sprint("e", e)] = schema.Endpoint{Host: pick(r, "one.test", "two.test", "One.test"), Port: pick(r, 80, 81), Weight: 1 + r.IntN(2)}
	}
	if e, ok := u.Endpoints["e1"]; ok && one(r, 6) {
		e.Weight = 0
		u.Endpoints["e1"] = e
	}
	if one(r, 5) {
		u.TLS = &schema.UpstreamTLS{ServerName: pick(r, "", "one.test"), CA: pick(r, "", "ca/ca.crt")}
	}
	if one(r, 5) {
		u.Protocol = pick(r, "auto", "http1", "http2")
	}
	if one(r, 5) {
		u.ConnectTimeout = schema.Duration(pick(r, time.Second, 5*time.Second))
	}
	return u
}

func randomAPI(r *rand.Rand, g *schema.Gateway) schema.API {
	api := schema.API{Owner: pick(r, "red", "blue"), Filters: randomFilters(r, 3), Routes: map[string]schema.Route{}}
	for range r.IntN(3) {
		api.Hosts = append(api.Hosts, pick(r, "a.test", "b.a.test", "*.test", "*.a.test", "A.test"))
	}
	if one(r, 5) {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(g.Listeners)), func(n string) bool { return n == "plain" })
		api.Listeners = []string{pick(r, names...)}
	}
	for n := range 1 + r.IntN(6) {
		api.Routes[fmt.Sprint("r", n)] = randomRoute(r)
	}
	return api
}
