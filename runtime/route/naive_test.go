package route_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// naive is another reading of the rules of precedence: it looks at every route, keeps those that match, sorts
// them, and takes the first.
func naive(g *schema.Gateway, listener string, r *exchange.Request) string {
	if r.Method == "OPTIONS" && r.Header.Count("Origin") > 0 && r.Header.Count("Access-Control-Request-Method") > 0 {
		name := naiveMethod(g, listener, r, r.Header.Get("Access-Control-Request-Method"))
		if api, id, ok := strings.Cut(name, "/"); ok && g.APIs[api].Routes[id].CORS != nil {
			return name
		}
	}
	return naiveMethod(g, listener, r, r.Method)
}

func naiveMethod(g *schema.Gateway, listener string, r *exchange.Request, method string) string {
	l, ok := g.Listeners[listener]
	if !ok || l.Redirect != nil || len(l.Hosts) > 0 && !slices.ContainsFunc(l.Hosts, func(p string) bool { return hostClass(p, r.Host) >= 0 }) {
		return ""
	}
	type taken struct {
		name       string
		precedence []int
	}
	var all []taken
	for apiName, api := range g.APIs {
		if len(api.Listeners) > 0 && !slices.Contains(api.Listeners, listener) {
			continue
		}
		patterns := api.Hosts
		if len(patterns) == 0 {
			patterns = []string{""}
		}
		for _, pattern := range patterns {
			host := hostClass(pattern, r.Host)
			if host < 0 {
				continue
			}
			for name, rt := range api.Routes {
				m := rt.Match
				path := pathClass(m.Path, r.Path)
				if path < 0 || len(m.Methods) > 0 && !slices.Contains(m.Methods, method) || !valuesMatch(m, r) {
					continue
				}
				all = append(all, taken{apiName + "/" + name, []int{
					host, path, min(1, len(m.Methods)), len(m.Headers), len(m.Query),
				}})
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.SortFunc(all, func(a, b taken) int {
		return cmp.Or(-slices.Compare(a.precedence, b.precedence), strings.Compare(a.name, b.name))
	})
	return all[0].name
}

// hostClass returns -1: no match; 0: any; the length of a wildcard; or more than any wildcard has.
func hostClass(pattern, host string) int {
	switch {
	case pattern == "":
		return 0
	case pattern == host:
		return 1000
	case pattern[0] == '*' && strings.HasSuffix(host, pattern[1:]) && len(host) > len(pattern)-1 && host[0] != '.':
		return len(pattern)
	}
	return -1
}

func pathClass(m *schema.PathMatch, path string) int {
	switch {
	case m.Exact != "":
		if m.Exact == path {
			return 10000
		}
	case m.Regex != "":
		if regexp.MustCompile("^(?:" + m.Regex + ")$").MatchString(path) {
			return 0
		}
	default:
		prefix := strings.TrimSuffix(m.Prefix, "/")
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return 1 + len(prefix)
		}
	}
	return -1
}

func valuesMatch(m *schema.Match, r *exchange.Request) bool {
	for name, want := range m.Headers {
		var values []string
		for _, f := range r.Header {
			if strings.EqualFold(f.Name, name) {
				values = append(values, f.Value)
			}
		}
		if !valueMatches(want, strings.Join(values, ", "), len(values) > 0) {
			return false
		}
	}
	query, _ := url.ParseQuery(r.Query)
	for name, want := range m.Query {
		if !valueMatches(want, query.Get(name), query.Has(name)) {
			return false
		}
	}
	return true
}

func valueMatches(want schema.ValueMatch, value string, ok bool) bool {
	switch {
	case want.Exact != nil:
		return ok && value == *want.Exact
	case want.Regex != "":
		return ok && regexp.MustCompile("^(?:"+want.Regex+")$").MatchString(value)
	}
	return ok == *want.Present
}

// A world makes models and requests of so few words that they meet.
type world struct{ *rand.Rand }

func pick[T any](w world, from ...T) T { return from[w.IntN(len(from))] }

func (w world) some(n int, from ...string) []string {
	var out []string
	for range w.IntN(n + 1) {
		if s := pick(w, from...); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (w world) path() string {
	var b strings.Builder
	for range 1 + w.IntN(3) {
		b.WriteString("/" + pick(w, "a", "a", "b", "ab", "a%2Fb", "42"))
	}
	if w.IntN(4) == 0 {
		b.WriteByte('/')
	}
	return pick(w, b.String(), b.String(), b.String(), "/")
}

func (w world) value() schema.ValueMatch {
	return pick(w,
		schema.ValueMatch{Exact: new(pick(w, "1", "2", "", "a b"))},
		schema.ValueMatch{Regex: pick(w, "[12]", "1|2x", "a.*")},
		schema.ValueMatch{Present: new(w.IntN(2) == 0)})
}

func (w world) match() *schema.Match {
	m := &schema.Match{}
	if w.IntN(3) == 0 {
		m.Methods = w.some(2, "GET", "POST", "OPTIONS")
	}
	switch w.IntN(5) {
	case 0:
		m.Path = &schema.PathMatch{Exact: w.path()}
	case 1:
		m.Path = &schema.PathMatch{Regex: pick(w, "/a/.*", "/(a|b)/[0-9]+", ".*", "/a/b|/b", "(/a)+", "/ab/4[0-9]*/?", "(?i)/A/B")}
	default:
		m.Path = &schema.PathMatch{Prefix: w.path()}
	}
	for _, name := range w.some(w.IntN(3), "x-one", "X-Two", "x-three") {
		if m.Headers == nil {
			m.Headers = map[string]schema.ValueMatch{}
		}
		m.Headers[name] = w.value()
	}
	for _, name := range w.some(w.IntN(2), "q", "page no") {
		m.Query = map[string]schema.ValueMatch{name: w.value()}
	}
	return m
}

func (w world) gateway() *schema.Gateway {
	hosts := []string{"a.test", "b.a.test", "*.a.test", "*.test", "*.b.a.test"}
	g := &schema.Gateway{
		Listeners: map[string]schema.Listener{
			"http":     {Port: 80, Hosts: w.some(2, hosts...)},
			"https":    {Port: 443},
			"redirect": {Port: 81, Redirect: &schema.ListenerRedirect{Listener: "https", Status: 308}},
		},
		APIs: map[string]schema.API{},
	}
	for a := range 1 + w.IntN(3) {
		api := schema.API{Hosts: w.some(w.IntN(4), hosts...), Listeners: w.some(1, "http", "https"), Routes: map[string]schema.Route{}}
		for i := range w.IntN(pick(w, 4, 40)) {
			rt := schema.Route{Match: w.match(), Respond: &schema.Respond{}}
			if w.IntN(3) == 0 {
				rt.CORS = &schema.CORS{Origins: []string{"*"}}
			}
			api.Routes[fmt.Sprintf("r%d", i)] = rt
		}
		g.APIs[fmt.Sprintf("api%d", a)] = api
	}
	return g
}

func (w world) request() (listener string, r *exchange.Request) {
	r = &exchange.Request{
		Method: pick(w, "GET", "POST", "OPTIONS", "PUT", "HEAD"),
		Host:   pick(w, "a.test", "a.test", "b.a.test", "x.b.a.test", "x.y.a.test", "z.test", "test", ""),
		Path:   w.path(),
		Query:  pick(w, "", "q=1", "q=2&q=1", "page+no=a%20b", "page%20no=2&x", "q"),
	}
	for range w.IntN(4) {
		r.Header.Add(pick(w, "x-one", "X-One", "x-two", "x-three"), pick(w, "1", "2", "", "a b", "2x"))
	}
	if w.IntN(3) == 0 {
		r.Header.Add("Origin", "https://a.test")
		r.Header.Add("access-control-request-method", pick(w, "GET", "POST", "PUT"))
	}
	return pick(w, "http", "https", "https", "https", "redirect", "none"), r
}

func FuzzMatchAgreesWithNaiveMatcher(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := world{rand.New(rand.NewPCG(seed, 1))}
		g := w.gateway()
		table, problems := route.Build(g, filter.Deps{})
		if len(problems) > 0 {
			t.Fatalf("seed %d: %v", seed, problems[0].Error())
		}
		for range 50 {
			listener, r := w.request()
			got := ""
			if found := table.Match(listener, r); found != nil {
				got = found.API + "/" + found.Name
			}
			if want := naive(g.Resolve(), listener, r); got != want {
				t.Fatalf("seed %d: %s %s %s%s?%s %v: route %q, want %q", seed, listener, r.Method, r.Host, r.Path, r.Query, r.Header, got, want)
			}
		}
	})
}

// The fuzzing above is only worth something while most requests meet a route and not always the same one.
func TestNaiveMatcherMeetsRoutes(t *testing.T) {
	found, all := map[string]int{}, 0
	for seed := range uint64(100) {
		w := world{rand.New(rand.NewPCG(seed, 1))}
		g := w.gateway()
		for range 20 {
			listener, r := w.request()
			if name := naive(g, listener, r); name != "" {
				found[name]++
				all++
			}
		}
	}
	if len(found) < 20 || all < 400 {
		t.Errorf("%d requests meet %d routes: the random models miss the random requests", all, len(found))
	}
}
