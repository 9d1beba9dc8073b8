package check_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"gwc.dev/compiler/check"
	"gwc.dev/schema"
)

// cpu is what the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// one returns a model whose routes are those of one API.
func one(match func(i int) *schema.Match) func(n int) *schema.Gateway {
	return func(n int) *schema.Gateway {
		g := sound()
		routes := map[string]schema.Route{}
		for i := range n {
			routes[fmt.Sprintf("r%05d", i)] = schema.Route{Match: match(i), Backends: to("echo")}
		}
		g.APIs["crowd"] = schema.API{Owner: "a", Routes: routes}
		return g.Resolve()
	}
}

var scales = []struct {
	name string
	of   func(n int) *schema.Gateway
}{
	{"hosts", spread},
	{"one-host-many-prefixes", one(func(i int) *schema.Match { return prefix(fmt.Sprintf("/p%d/q", i)) })},
	{"nested-prefixes", one(func(i int) *schema.Match {
		if i%100 == 0 {
			return prefix(fmt.Sprintf("/t%d", i/100))
		}
		return prefix(fmt.Sprintf("/t%d/q%d", i/100, i%100))
	})},
	{"catch-all", func(n int) *schema.Gateway {
		g := one(func(i int) *schema.Match { return prefix(fmt.Sprintf("/p%d", i)) })(n)
		g.APIs["all"] = schema.API{Owner: "b", Routes: map[string]schema.Route{"all": {Match: prefix("/"), Backends: to("echo")}}}
		return g.Resolve()
	}},
	{"canaries-one-header", crowded},
	{"canaries-many-paths", one(func(i int) *schema.Match {
		m := prefix(fmt.Sprintf("/p%d", i/2))
		if i%2 == 0 {
			m.Headers = values{"x-canary": {Exact: new("yes")}}
		}
		return m
	})},
	{"canaries-regex", expressed},
	{"query", one(func(i int) *schema.Match { return asking(nil, values{"q": {Exact: new(fmt.Sprint(i))}}) })},
	{"methods-many-paths", one(func(i int) *schema.Match {
		return of(prefix(fmt.Sprintf("/p%d", i/5)), []string{"GET", "POST", "PUT", "DELETE", "PATCH"}[i%5])
	})},
	{"methods-one-path", one(func(i int) *schema.Match { return of(prefix("/x"), fmt.Sprintf("M%d", i)) })},
	{"regex-literal-prefix", one(func(i int) *schema.Match { return like(fmt.Sprintf("/s%d/[0-9]+/x", i)) })},
	{"regex-alternatives", one(func(i int) *schema.Match { return like(fmt.Sprintf("/(en|de|fr)/page%d", i)) })},
	{"regex-class-then-literal", one(func(i int) *schema.Match { return like(fmt.Sprintf("/v[12]/service%d/.*", i)) })},
	{"regex-segment-then-literal", one(func(i int) *schema.Match { return like(fmt.Sprintf("/[^/]+/r%d(/.*)?", i)) })},
	{"regex-suffix", one(func(i int) *schema.Match { return like(fmt.Sprintf("/[a-z]+/x%d", i)) })},
	{"regex-overlapping", one(func(i int) *schema.Match { return like(fmt.Sprintf("/.*%d.*", i)) })},
	{"any-host-apis", func(n int) *schema.Gateway {
		g := sound()
		for i := range n {
			api := schema.API{Owner: fmt.Sprint(i % 9), Routes: map[string]schema.Route{"r": {Match: prefix(fmt.Sprintf("/p%d", i)), Backends: to("echo")}}}
			if i%2 == 0 {
				api.Hosts = []string{fmt.Sprintf("h%d.test", i)}
				api.Routes["r"] = schema.Route{Match: prefix("/"), Backends: to("echo")}
			}
			g.APIs[fmt.Sprint("a", i)] = api
		}
		return g.Resolve()
	}},
	{"wildcard-hosts", func(n int) *schema.Gateway {
		g := sound()
		for i := range n {
			api := schema.API{Hosts: []string{fmt.Sprintf("*.h%d.test", i/2)}, Routes: map[string]schema.Route{"r": {Match: prefix("/"), Backends: to("echo")}}}
			if i%2 == 0 {
				api.Hosts = []string{fmt.Sprintf("x.h%d.test", i/2)}
			}
			g.APIs[fmt.Sprint("a", i)] = api
		}
		return g.Resolve()
	}},
	{"listener-hosts", func(n int) *schema.Gateway {
		g := spread(n)
		l := g.Listeners["http"]
		for _, a := range g.APIs {
			l.Hosts = append(l.Hosts, a.Hosts...)
		}
		g.Listeners["http"] = l
		g.APIs["all"] = schema.API{Routes: map[string]schema.Route{"all": {Match: prefix("/"), Backends: to("echo")}}}
		return g.Resolve()
	}},
	{"cors-canaries", func(n int) *schema.Gateway {
		g := crowded(n)
		a := g.APIs["crowd"]
		a.CORS = &schema.CORS{Origins: []string{"*"}}
		a.Routes["default"] = schema.Route{Match: prefix("/x"), Backends: to("echo")}
		g.APIs["crowd"] = a
		return g.Resolve()
	}},
	{"owners-nested", func(n int) *schema.Gateway {
		g := sound()
		for i := range n {
			m := prefix(fmt.Sprintf("/t%d/q%d", i/100, i%100))
			if i%100 == 0 {
				m = prefix(fmt.Sprintf("/t%d", i/100))
			}
			g.APIs[fmt.Sprint("a", i)] = schema.API{Owner: fmt.Sprint(i % 9), Routes: map[string]schema.Route{"r": {Match: m, Backends: to("echo")}}}
		}
		return g.Resolve()
	}},
}

// BenchmarkShapes reports the CPU seconds of all checks for models in which routes meet in different ways.
func BenchmarkShapes(b *testing.B) {
	for _, s := range scales {
		for _, n := range []int{12_500, 25_000, 50_000} {
			b.Run(fmt.Sprintf("%s/%d", s.name, n), func(b *testing.B) {
				g := s.of(n)
				from := cpu()
				for b.Loop() {
					check.Run(g)
				}
				b.ReportMetric((cpu()-from).Seconds()/float64(b.N), "cpu-s/op")
			})
		}
	}
}
