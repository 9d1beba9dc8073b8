// Package sample makes random gateways of the whole schema for tests, small enough for their routes to meet in many ways,
// random edits of them, and requests that are near to what they look at.
package sample

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"gwc.dev/compiler/space"
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
		g.Listeners["plain"] = schema.Listener{Port: 80, Redirect: &schema.ListenerRedirect{Listener: "http", Status: pick(r, 0, 301)}}
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
		l.Hosts = []string{pick(r, "a.test", "*.test"), "b.a.test"}
	}
	if port == 8443 {
		l.TLS = &schema.ListenerTLS{MinVersion: pick(r, "", "1.2", "1.3"), Certificates: map[string]schema.Certificate{"default": {Secret: "tls"}}}
		if one(r, 4) {
			l.TLS.ClientCertificates = &schema.ClientCertificates{CA: "ca/ca.crt", Optional: one(r, 2)}
		}
	}
	if one(r, 4) {
		l.Limits = &schema.ListenerLimits{HeaderFields: pick(r, 50, 100)}
	}
	return l
}

func randomUpstream(r *rand.Rand) schema.Upstream {
	u := schema.Upstream{Endpoints: map[string]schema.Endpoint{}}
	for e := range 1 + r.IntN(2) {
		u.Endpoints[fmt.Sprint("e", e)] = schema.Endpoint{Host: pick(r, "one.test", "two.test"), Port: pick(r, 80, 81), Weight: 1 + r.IntN(2)}
	}
	if one(r, 5) {
		u.TLS = &schema.UpstreamTLS{}
	}
	if one(r, 5) {
		u.ConnectTimeout = schema.Duration(time.Second)
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

func methods() []string { return []string{"GET", "POST", "PUT", "OPTIONS"} }

func randomValue(r *rand.Rand) schema.ValueMatch {
	return pick(r,
		schema.ValueMatch{Exact: ptr("1")}, schema.ValueMatch{Exact: ptr("2")}, schema.ValueMatch{Regex: "[12]"},
		schema.ValueMatch{Regex: "1.*"}, schema.ValueMatch{Present: ptr(true)}, schema.ValueMatch{Present: ptr(false)})
}

func randomMatch(r *rand.Rand) *schema.Match {
	if one(r, 20) {
		return nil
	}
	m := &schema.Match{Path: pick(r,
		&schema.PathMatch{Exact: "/a"}, &schema.PathMatch{Exact: "/a/b"}, &schema.PathMatch{Exact: "/a/"}, &schema.PathMatch{Prefix: "/"},
		&schema.PathMatch{Prefix: "/a/"}, &schema.PathMatch{Prefix: "/a"}, &schema.PathMatch{Prefix: "/a/b"}, &schema.PathMatch{Prefix: "/%61/b"},
		&schema.PathMatch{Regex: "/a.*"}, &schema.PathMatch{Regex: "/(a/)?b"}, &schema.PathMatch{Regex: "/a/[0-9]+"},
		&schema.PathMatch{Regex: `/a/\d+`}, &schema.PathMatch{Regex: "/a(b|c)"}, &schema.PathMatch{Regex: "(?i)/A"})}
	if one(r, 2) {
		m.Methods = some(r, methods()...)
	}
	if one(r, 4) {
		m.Headers = map[string]schema.ValueMatch{pick(r, "X-V", "x-w"): randomValue(r)}
	}
	if one(r, 12) {
		m.Headers = map[string]schema.ValueMatch{"Origin": {Present: ptr(one(r, 2))}}
	}
	if one(r, 12) {
		m.Headers = map[string]schema.ValueMatch{"Access-Control-Request-Method": pick(r, schema.ValueMatch{Present: ptr(true)}, schema.ValueMatch{Exact: ptr("PUT")})}
	}
	if one(r, 4) {
		m.Query = map[string]schema.ValueMatch{"q": randomValue(r)}
	}
	return m
}

func randomRoute(r *rand.Rand) schema.Route {
	out := schema.Route{Match: randomMatch(r), Filters: randomFilters(r, 5)}
	prefixed := out.Match == nil || out.Match.Path.Prefix != ""
	switch r.IntN(4) {
	case 0:
		out.Respond = &schema.Respond{Status: pick(r, 0, 200, 201), Body: pick(r, "", "hello")}
		if one(r, 4) {
			out.Respond.Headers = map[string]string{pick(r, "X-A", "x-a"): "1"}
		}
	case 1:
		out.Redirect = &schema.Redirect{Status: pick(r, 0, 301), Scheme: pick(r, "", "https"), Host: pick(r, "", "c.test", "C.test")}
		if prefixed && out.Match != nil && one(r, 3) {
			out.Redirect.Path = &schema.RedirectPath{Prefix: pick(r, "/v", "/v/b", "/")}
		} else if one(r, 3) {
			out.Redirect.Path = &schema.RedirectPath{Full: pick(r, "/v", "/v/b", "/")}
		}
	default:
		out.Backends = map[string]schema.Backend{pick(r, "u0", "u1"): {Weight: pick(r, 1, 2)}}
		if one(r, 3) {
			out.Backends[pick(r, "u1", "u2")] = schema.Backend{Weight: pick(r, 0, 1, 2)}
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(out.Backends)), func(b schema.Backend) bool { return b.Weight > 0 }) {
			out.Backends["u0"] = schema.Backend{Weight: 1}
		}
		switch {
		case one(r, 3) && prefixed && out.Match != nil:
			out.Rewrite = &schema.Rewrite{Prefix: pick(r, "/v", "/v/b", "/", "/a")}
		case one(r, 4):
			out.Rewrite = &schema.Rewrite{Full: pick(r, "/v", "/v/b", "/", "/a")}
		case one(r, 4):
			out.Rewrite = &schema.Rewrite{Host: pick(r, "c.test", "C.test")}
		}
	}
	return out
}

// randomFilters returns filters, each with a chance of one in n.
func randomFilters(r *rand.Rand, n int) (f schema.Filters) {
	if one(r, n) {
		f.Auth = randomAuth(r)
	}
	if one(r, n) {
		f.RateLimit = &schema.RateLimit{Disabled: one(r, 5), Windows: map[string]schema.RateLimitWindow{}}
		for _, name := range some(r, "w1", "w2") {
			f.RateLimit.Windows[name] = schema.RateLimitWindow{
				Requests: pick(r, 10, 20), Per: pick(r, "minute", "hour"), By: pick(r, "ip", "consumer", "route", "header"), Header: "X-V", Burst: pick(r, 0, 10),
			}
		}
	}
	if one(r, n) {
		f.CORS = &schema.CORS{
			Disabled: one(r, 5), Origins: some(r, "https://a.test", "https://*.b.test", "null"), Credentials: one(r, 3), MaxAge: schema.Duration(pick(r, 0, time.Minute)),
		}
		if one(r, 3) {
			f.CORS.Methods = some(r, methods()...)
		}
		if one(r, 3) {
			f.CORS.AllowHeaders = some(r, "X-A", "X-B")
		}
		if one(r, 6) {
			f.CORS.Origins, f.CORS.Credentials = []string{"*"}, false
		}
	}
	if one(r, n) {
		f.Headers = &schema.Headers{Disabled: one(r, 5)}
		if one(r, 2) {
			f.Headers.Request = &schema.HeaderChange{Set: map[string]string{pick(r, "X-A", "x-a"): pick(r, "1", "2")}, Remove: some(r, "X-A", "X-B")}
		}
		if one(r, 2) {
			f.Headers.Response = &schema.HeaderChange{Add: map[string]string{"X-A": pick(r, "1", "2")}, Remove: some(r, "Server")}
		}
	}
	if one(r, n) {
		f.Timeout = schema.Duration(pick(r, time.Second, 2*time.Second))
	}
	if one(r, n) {
		f.MaxBodyBytes = pick(r, 1000, 2000)
	}
	if one(r, n) {
		f.Retry = &schema.Retry{Disabled: one(r, 5), Attempts: pick(r, 0, 1, 2), On: some(r, "connect-failure", "503"), Methods: some(r, methods()...)}
		if one(r, 3) {
			f.Retry.PerTryTimeout = schema.Duration(time.Second)
		}
	}
	return f
}

func randomAuth(r *rand.Rand) *schema.Auth {
	a := &schema.Auth{Disabled: one(r, 5)}
	way := r.IntN(3)
	if way != 1 {
		a.APIKey = &schema.APIKeyAuth{Header: pick(r, "", "apikey", "X-Key"), Query: pick(r, "", "key"), Forward: one(r, 4)}
	}
	if way != 0 {
		a.JWT = &schema.JWTAuth{
			Issuer: pick(r, "https://i1.test", "https://i2.test"), JWKS: schema.JWKS{URL: "https://i.test/keys"}, Audiences: some(r, "a1", "a2"),
			GroupsClaim: pick(r, "", "groups"),
		}
		if one(r, 3) {
			a.JWT.RequiredClaims = map[string]schema.JSON{"scope": schema.JSON(pick(r, `"read"`, `"write"`))}
		}
		if one(r, 3) {
			a.JWT.ForwardClaims = map[string]string{pick(r, "X-User", "x-user"): "sub"}
		}
	}
	if one(r, 3) {
		a.Allow = &schema.Allow{Consumers: some(r, "c0", "c1"), Groups: some(r, "free", "gold")}
	}
	return a
}

// Copy returns a model that shares nothing with g. What a model cannot be written as is a mistake of this package.
func Copy(g *schema.Gateway) *schema.Gateway {
	data, err := g.Encode()
	if err != nil {
		panic(err)
	}
	out, err := schema.Decode(data)
	if err != nil {
		panic(err)
	}
	return out
}

// Edited returns a gateway with some edits, of which many change nothing.
func Edited(r *rand.Rand, g *schema.Gateway) *schema.Gateway {
	out := Copy(g)
	for range 1 + r.IntN(4) {
		api := pick(r, slices.Sorted(maps.Keys(out.APIs))...)
		a := out.APIs[api]
		var name string
		if len(a.Routes) > 0 {
			name = pick(r, slices.Sorted(maps.Keys(a.Routes))...)
		}
		route := a.Routes[name]
		switch r.IntN(14) {
		case 0:
			delete(a.Routes, name)
		case 1, 2:
			a.Routes["new"] = randomRoute(r)
		case 3:
			a.Routes["x"+name] = route
			delete(a.Routes, name)
		case 4:
			out.APIs["x"+api] = a
			delete(out.APIs, api)
			continue
		case 5:
			a.Filters = randomFilters(r, 2)
		case 6:
			out.Filters = randomFilters(r, 2)
		case 7:
			out.Upstreams[pick(r, "u0", "u1", "u2")] = randomUpstream(r)
		case 8:
			out.Consumers["c0"] = schema.Consumer{Groups: some(r, "free", "gold"), APIKeys: map[string]schema.APIKey{"k": {SHA256: fmt.Sprintf("%064d", r.IntN(20)+100)}}}
		case 9:
			a.Hosts = some(r, "a.test", "*.a.test")
		case 10:
			out.Listeners["http"] = randomListener(r, 8080)
		case 11:
			route.Filters = randomFilters(r, 2)
			a.Routes[name] = route
		case 12:
			if !refersToPrefix(route) {
				route.Match = randomMatch(r)
				a.Routes[name] = route
			}
		case 13:
			if l, ok := out.Listeners["https"]; ok { // a listener by another name
				delete(out.Listeners, "https")
				out.Listeners["secure"] = l
				for name, api := range out.APIs {
					for i, l := range api.Listeners {
						api.Listeners[i] = strings.ReplaceAll(l, "https", "secure")
					}
					out.APIs[name] = api
				}
				continue
			}
		}
		if len(a.Routes) == 0 {
			delete(out.APIs, api)
			out.APIs["rest"] = randomAPI(r, out)
			continue
		}
		out.APIs[api] = a
	}
	return out
}

func refersToPrefix(r schema.Route) bool {
	return r.Rewrite != nil && r.Rewrite.Prefix != "" || r.Redirect != nil && r.Redirect.Path != nil && r.Redirect.Path.Prefix != ""
}

// Request returns a request that is near to what random gateways look at.
func Request(r *rand.Rand) *space.Request {
	out := &space.Request{
		Host: pick(r, "a.test", "b.a.test", "c.b.a.test", "x.a.test", "test", "x.test", "example.com"),
		Path: pick(r, "/", "/a", "/a/", "/a/b", "/a/b/c", "/b", "/ab", "/ac", "/ad", "/A", "/a/7", "/a/x", "/a/77", "/v", "/abc", "/a/b/", "/a/1a"),
		// Others than those that are named.
		Method: pick(r, append(methods(), "GET", "DELETE")...),
	}
	for _, name := range []string{"x-v", "x-w"} {
		if one(r, 3) {
			out.Header = append(out.Header, space.Field{Name: name, Value: pick(r, "1", "2", "12", "3", "")})
		}
	}
	if one(r, 8) {
		out.Header = append(out.Header, space.Field{Name: "origin", Value: "https://a.test"})
		if one(r, 2) {
			out.Method = "OPTIONS"
			out.Header = append(out.Header, space.Field{Name: "access-control-request-method", Value: pick(r, append(methods(), "DELETE")...)})
		}
	}
	if one(r, 3) {
		out.Query = []space.Field{{Name: pick(r, "q", "p"), Value: pick(r, "1", "2", "12", "3", "")}}
	}
	return out
}
