package route_test

import (
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// large returns a model of n routes: five an API, each API with a host of its own or with the one that all share.
func large(n int, host func(api int) string) *schema.Gateway {
	g := &schema.Gateway{
		Environment: "bench",
		Listeners:   map[string]schema.Listener{"http": {Port: 8080}},
		Upstreams:   map[string]schema.Upstream{"echo": {}},
		APIs:        map[string]schema.API{},
	}
	for i := range n {
		name := fmt.Sprintf("api-%06d", i/5)
		api, ok := g.APIs[name]
		if !ok {
			api = schema.API{Hosts: []string{host(i / 5)}, Routes: map[string]schema.Route{}}
			g.APIs[name] = api
		}
		path := fmt.Sprintf("/v1/api-%06d/items-%d", i/5, i%5)
		m := &schema.Match{Path: &schema.PathMatch{Prefix: path}}
		if i%5 == 4 {
			m.Headers = map[string]schema.ValueMatch{"x-version": {Exact: new("v2")}}
			m.Path.Prefix = fmt.Sprintf("/v1/api-%06d/items-3", i/5)
		}
		api.Routes[fmt.Sprintf("route-%d", i%5)] = schema.Route{
			Match: m, Backends: map[string]schema.Backend{"echo": {Weight: 1}},
		}
	}
	return g
}

func oneHost(int) string      { return "api.example.com" }
func ownHost(api int) string  { return fmt.Sprintf("api-%06d.example.com", api) }
func wildcard(api int) string { return fmt.Sprintf("*.api-%06d.example.com", api) }

func BenchmarkMatch(b *testing.B) {
	for _, shape := range []struct {
		name string
		host func(int) string
		ask  string
	}{{"one-host", oneHost, ""}, {"own-host", ownHost, ""}, {"wildcard", wildcard, "a.b."}} {
		for _, n := range []int{10, 1_000, 10_000, 100_000} {
			table, problems := route.Build(large(n, shape.host), filter.Deps{})
			if len(problems) > 0 {
				b.Fatal(problems[0].Error())
			}
			for _, which := range []struct {
				name string
				api  int
			}{{"first", 0}, {"last", n/5 - 1}} {
				host := shape.host(which.api)
				if shape.ask != "" {
					host = shape.ask + host[2:]
				}
				r := &exchange.Request{
					Method: "GET", Host: host,
					Path:   fmt.Sprintf("/v1/api-%06d/items-3/42/detail", which.api),
					Header: exchange.Header{{Name: "Accept", Value: "*/*"}, {Name: "User-Agent", Value: "bench"}},
				}
				b.Run(fmt.Sprintf("%s/routes=%d/%s", shape.name, n, which.name), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if table.Match("http", r) == nil {
							b.Fatal("no route")
						}
					}
				})
			}
		}
	}
}

// BenchmarkMatchSamePath has all routes on one path: what tells them apart is a header, or nothing but a regex.
func BenchmarkMatchSamePath(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		g := large(1, oneHost)
		routes := g.APIs["api-000000"].Routes
		for i := range n {
			routes[fmt.Sprintf("header-%d", i)] = schema.Route{
				Match: &schema.Match{
					Path:    &schema.PathMatch{Prefix: "/tenant"},
					Headers: map[string]schema.ValueMatch{"x-tenant": {Exact: new(fmt.Sprint(i))}},
				},
				Respond: &schema.Respond{},
			}
			routes[fmt.Sprintf("regex-%d", i)] = schema.Route{
				Match:   &schema.Match{Path: &schema.PathMatch{Regex: fmt.Sprintf("/regex/%d/[a-z]+", i)}},
				Respond: &schema.Respond{},
			}
		}
		table, problems := route.Build(g, filter.Deps{})
		if len(problems) > 0 {
			b.Fatal(problems[0].Error())
		}
		last := fmt.Sprint(n - 1)
		for name, r := range map[string]*exchange.Request{
			"header": {Method: "GET", Host: "api.example.com", Path: "/tenant/a", Header: exchange.Header{{Name: "X-Tenant", Value: last}}},
			"regex":  {Method: "GET", Host: "api.example.com", Path: "/regex/" + last + "/abc"},
		} {
			b.Run(fmt.Sprintf("%s/routes=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if table.Match("http", r) == nil {
						b.Fatal("no route")
					}
				}
			})
		}
	}
}

// BenchmarkMatchLongRequest asks for what no client should: what is longer than all patterns is not looked up.
func BenchmarkMatchLongRequest(b *testing.B) {
	table, problems := route.Build(large(1_000, wildcard), filter.Deps{})
	if len(problems) > 0 {
		b.Fatal(problems[0].Error())
	}
	const path = "/v1/api-000007/items-3"
	for name, r := range map[string]*exchange.Request{
		"path": {Method: "GET", Host: "a.api-000007.example.com", Path: path + strings.Repeat("/a", 10_000)},
		"host": {Method: "GET", Host: strings.Repeat("a.", 10_000) + "api-000007.example.com", Path: path},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if table.Match("http", r) == nil {
					b.Fatal("no route")
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, shape := range []struct {
		name    string
		host    func(int) string
		filters schema.Filters
	}{{"one-host", oneHost, schema.Filters{}}, {"own-host", ownHost, schema.Filters{}}, {"filters", ownHost, usual()}} {
		for _, n := range []int{10, 1_000, 10_000, 100_000} {
			g := large(n, shape.host)
			g.Filters = shape.filters
			g = g.Resolve()
			b.Run(fmt.Sprintf("%s/routes=%d", shape.name, n), func(b *testing.B) {
				b.ReportAllocs()
				before := heap()
				var table *route.Table
				for b.Loop() {
					var problems []schema.Problem
					if table, problems = route.Build(g, filter.Deps{}); len(problems) > 0 {
						b.Fatal(problems[0].Error())
					}
				}
				b.ReportMetric(float64(heap()-before)/float64(n), "heap-B/route")
				goruntime.KeepAlive(table)
			})
		}
	}
}

// usual returns filters such as stand at the top of a model and hold for all routes.
func usual() schema.Filters {
	return schema.Filters{
		Auth:      &schema.Auth{APIKey: &schema.APIKeyAuth{}},
		RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"perMinute": {Requests: 600, Per: "minute"}}},
		CORS:      &schema.CORS{Origins: []string{"https://app.example.com", "https://*.example.com"}, MaxAge: schema.Duration(time.Hour)},
		Headers: &schema.Headers{
			Request:  &schema.HeaderChange{Set: map[string]string{"x-gateway": "gwc"}},
			Response: &schema.HeaderChange{Remove: []string{"server"}},
		},
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	goruntime.GC()
	var stats goruntime.MemStats
	goruntime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func BenchmarkNormalize(b *testing.B) {
	for _, path := range []string{"/v1/api/items/42", "/v1//api/%7e/../items%2f42"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				route.Normalize(path)
			}
		})
	}
}
