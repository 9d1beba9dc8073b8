package behaviour_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/behaviour/sample"
	"gwc.dev/schema"
)

// What means the same has no classes, whatever the gateway: other names, another order, filters written elsewhere, routes
// that are split.
func TestRewritingsDoNotDiffer(t *testing.T) {
	for name, rewrite := range map[string]func(testing.TB, *schema.Gateway) *schema.Gateway{
		"renamed":          renamed,
		"resolved":         func(_ testing.TB, g *schema.Gateway) *schema.Gateway { return g.Resolve() },
		"filters moved":    movedDown,
		"split by method":  splitByMethod,
		"split by host":    splitByHost,
		"other expression": otherExpressions,
		"upstreams copied": copiedUpstreams,
		"backends doubled": doubledBackends,
		"routes doubled":   doubledRoutes,
		"allowed by name":  allowedByName,
		"fields put anew":  putAnew,
	} {
		for n := range uint64(*pairs) / 2 {
			old := sample.Gateway(rand.New(rand.NewPCG(*seed+n, 5)))
			new := rewrite(t, old)
			for _, pair := range [][2]*schema.Gateway{{old, new}, {new, old}} {
				report, err := behaviour.Compare(pair[0], pair[1])
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range report.Classes {
					t.Errorf("%s: seed %d: %s: %s -> %s: %s %+v", name, *seed+n, c.Request, c.Old, c.New, c.Reason, c.Changes)
				}
			}
		}
	}
}

// movedDown writes the gateway's filters, but for limits that it shares, at each API.
func movedDown(t testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	for name, a := range out.APIs {
		f := &a.Filters
		if f.Auth == nil {
			f.Auth = g.Auth
		}
		if f.CORS == nil {
			f.CORS = g.CORS
		}
		if f.Headers == nil {
			f.Headers = g.Headers
		}
		if f.Retry == nil {
			f.Retry = g.Retry
		}
		if f.Timeout == 0 {
			f.Timeout = g.Timeout
		}
		if f.MaxBodyBytes == 0 {
			f.MaxBodyBytes = g.MaxBodyBytes
		}
		out.APIs[name] = a
	}
	out.Filters = schema.Filters{RateLimit: g.RateLimit}
	return out
}

// splitByMethod makes two routes of each that lists several methods and has no rate limit of its own.
func splitByMethod(t testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	resolved := g.Resolve()
	for api, a := range out.APIs {
		for name, r := range sample.Copy(g).APIs[api].Routes {
			if r.Match == nil || len(r.Match.Methods) < 2 || countsByRoute(resolved.APIs[api].Routes[name]) {
				continue
			}
			delete(a.Routes, name)
			for i, part := range [][]string{r.Match.Methods[:1], r.Match.Methods[1:]} {
				m := *r.Match
				m.Methods = part
				r.Match = &m
				a.Routes[name+[]string{"-a", "-b"}[i]] = r
			}
		}
	}
	return out
}

func countsByRoute(r schema.Route) bool {
	if r.RateLimit == nil {
		return false
	}
	for _, w := range r.RateLimit.Windows {
		if w.Scope == "route" {
			return true
		}
	}
	return false
}

// splitByHost makes an API for each host of one that has no rate limit of its own.
func splitByHost(t testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	for name, a := range g.Resolve().APIs {
		hosts := map[string]bool{}
		for _, h := range a.Hosts {
			hosts[strings.ToLower(h)] = true
		}
		limited := false
		for _, r := range a.Routes {
			limited = limited || r.RateLimit != nil
		}
		if len(hosts) < 2 || limited {
			continue
		}
		of := out.APIs[name]
		delete(out.APIs, name)
		for host := range hosts {
			of.Hosts = []string{host}
			out.APIs[name+"-"+strings.NewReplacer("*", "any", ".", "-").Replace(host)] = of
		}
	}
	return out
}

// copiedUpstreams gives each route upstreams of its own. An upstream has no state that a request could meet: connections are
// no longer its own after a change anyway, and where a balancer stands shows in no shares.
func copiedUpstreams(_ testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	for api, a := range out.APIs {
		for name, r := range a.Routes {
			backends := map[string]schema.Backend{}
			for of, b := range r.Backends {
				own := of + "-of-" + api + "-" + name
				out.Upstreams[own] = g.Upstreams[of]
				backends[own] = b
			}
			if r.Backends != nil {
				r.Backends = backends
			}
			a.Routes[name] = r
		}
	}
	return out
}

// doubledBackends has each backend's part of a route's requests go to two upstreams that are the same.
func doubledBackends(_ testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	for name, u := range g.Upstreams {
		out.Upstreams[name+"-too"] = u
	}
	for _, a := range out.APIs {
		for _, r := range a.Routes {
			for of, b := range maps.Clone(r.Backends) {
				r.Backends[of+"-too"] = b
			}
		}
	}
	return out
}

// doubledRoutes has beside each route another one that is the same and never wins.
func doubledRoutes(_ testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	for _, a := range out.APIs {
		for name, r := range maps.Clone(a.Routes) {
			a.Routes[name+"-too"] = r
		}
	}
	return out
}

// allowedByName names the consumers in the place of groups that let them pass, unless these are a token's.
func allowedByName(_ testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	for f := range sample.FiltersOf(out) {
		if f.Auth == nil || f.Auth.Allow == nil || f.Auth.JWT != nil && f.Auth.JWT.GroupsClaim != "" {
			continue
		}
		var names []string
		for name, c := range schema.Sorted(out.Consumers) {
			if slices.ContainsFunc(c.Groups, func(group string) bool { return slices.Contains(f.Auth.Allow.Groups, group) }) {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			f.Auth.Allow = &schema.Allow{Consumers: append(names, f.Auth.Allow.Consumers...)}
		}
	}
	return out
}

// putAnew removes and adds the fields that are set.
func putAnew(_ testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	for f := range sample.FiltersOf(out) {
		if f.Headers == nil {
			continue
		}
		for _, c := range []*schema.HeaderChange{f.Headers.Request, f.Headers.Response} {
			if c == nil || len(c.Add) > 0 {
				continue
			}
			for name := range c.Set {
				c.Remove = append(c.Remove, name)
			}
			c.Add, c.Set = c.Set, nil
		}
	}
	return out
}

// otherExpressions writes expressions as others that mean the same.
func otherExpressions(t testing.TB, g *schema.Gateway) *schema.Gateway {
	out := sample.Copy(g)
	same := map[string]string{
		"/a.*": "/(a|a.+)", "/(a/)?b": "/b|/a/b", "/a/[0-9]+": `/a/\d\d*`, `/a/\d+`: "/a/[0-9][0-9]*", "/a(b|c)": "/a[bc]", "(?i)/A": "/[aA]",
		"[12]": "1|2", "1.*": "1|1.+",
	}
	for _, a := range out.APIs {
		for _, r := range a.Routes {
			if r.Match == nil {
				continue
			}
			if p := r.Match.Path; p != nil && same[p.Regex] != "" {
				p.Regex = same[p.Regex]
			}
			for _, values := range []map[string]schema.ValueMatch{r.Match.Headers, r.Match.Query} {
				for name, v := range values {
					if same[v.Regex] != "" {
						values[name] = schema.ValueMatch{Regex: same[v.Regex]}
					}
				}
			}
		}
	}
	return out
}

// namedByTokens reports whether it matters what consumers are called: where tokens say so that are allowed or counted by it.
func namedByTokens(g *schema.Gateway) bool {
	for _, a := range g.Resolve().APIs {
		for _, r := range a.Routes {
			if r.Auth != nil && r.Auth.JWT != nil && (r.Auth.Allow != nil && len(r.Auth.Allow.Consumers)+len(r.Auth.Allow.Groups) > 0 || countsConsumers(&r)) {
				return true
			}
		}
	}
	return false
}

// renamed returns a gateway in which all names are others that keep their order, and all lists stand the other way round.
func renamed(t testing.TB, g *schema.Gateway) *schema.Gateway {
	t.Helper()
	out := sample.Copy(g)
	out.Listeners = other(out.Listeners, func(l schema.Listener) schema.Listener {
		slices.Reverse(l.Hosts)
		if l.Redirect != nil {
			l.Redirect.Listener += "-renamed"
		}
		return l
	})
	slices.Reverse(out.TrustedProxies)
	out.Upstreams = other(out.Upstreams, func(u schema.Upstream) schema.Upstream {
		u.Endpoints = other(u.Endpoints, func(e schema.Endpoint) schema.Endpoint { return e })
		return u
	})
	out.Consumers = map[string]schema.Consumer{}
	named := namedByTokens(g)
	for name, c := range g.Consumers {
		c.APIKeys = other(c.APIKeys, func(k schema.APIKey) schema.APIKey { return k })
		c.Groups = slices.Clone(c.Groups)
		slices.Reverse(c.Groups)
		if !named {
			name += "-renamed"
		}
		out.Consumers[name] = c
	}
	if !named {
		for f := range sample.FiltersOf(out) {
			if f.Auth != nil && f.Auth.Allow != nil {
				for i := range f.Auth.Allow.Consumers {
					f.Auth.Allow.Consumers[i] += "-renamed"
				}
			}
		}
	}
	out.Filters = turned(out.Filters)
	out.APIs = other(out.APIs, func(a schema.API) schema.API {
		slices.Reverse(a.Hosts)
		for i := range a.Listeners {
			a.Listeners[i] += "-renamed"
		}
		a.Filters = turned(a.Filters)
		a.Routes = other(a.Routes, func(r schema.Route) schema.Route {
			r.Filters = turned(r.Filters)
			if r.Match != nil {
				slices.Reverse(r.Match.Methods)
			}
			r.Backends = other(r.Backends, func(b schema.Backend) schema.Backend { return b })
			return r
		})
		return a
	})
	return out
}

// other returns a map with other names, which keep their order.
func other[V any](m map[string]V, f func(V) V) map[string]V {
	out := map[string]V{}
	for name, v := range m {
		out[name+"-renamed"] = f(v)
	}
	return out
}

// turned returns filters whose lists stand the other way round and whose windows have other names.
func turned(f schema.Filters) schema.Filters {
	if f.RateLimit != nil {
		f.RateLimit.Windows = other(f.RateLimit.Windows, func(w schema.RateLimitWindow) schema.RateLimitWindow { return w })
	}
	if f.CORS != nil {
		for _, list := range [][]string{f.CORS.Origins, f.CORS.Methods, f.CORS.AllowHeaders, f.CORS.ExposeHeaders} {
			slices.Reverse(list)
		}
	}
	if f.Retry != nil {
		slices.Reverse(f.Retry.On)
		slices.Reverse(f.Retry.Methods)
	}
	if f.Headers != nil && f.Headers.Request != nil {
		slices.Reverse(f.Headers.Request.Remove)
	}
	if f.Auth != nil && f.Auth.Allow != nil {
		slices.Reverse(f.Auth.Allow.Consumers)
		slices.Reverse(f.Auth.Allow.Groups)
	}
	return f
}
