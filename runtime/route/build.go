package route

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"gwc.dev/runtime/filter"
	"gwc.dev/schema"
)

// Build makes the table of g. It reports all problems, sorted by path; with any of them there is no table. A
// model that is not resolved is, so that no filter is missed that stands above a route.
func Build(g *schema.Gateway, deps filter.Deps) (*Table, []schema.Problem) {
	if g == nil {
		return nil, []schema.Problem{{Code: "model", Message: "there is no model"}}
	}
	return BuildResolved(g.Resolve(), deps)
}

// BuildResolved is Build for a model that [schema.Gateway.Resolve] has returned, which it does not do again.
func BuildResolved(g *schema.Gateway, deps filter.Deps) (*Table, []schema.Problem) {
	return newBuilder(g, deps).build()
}

func newBuilder(g *schema.Gateway, deps filter.Deps) *builder {
	return &builder{
		gateway: g, deps: deps, filters: filter.NewBuilder(g, deps),
		table: &Table{listeners: map[string]*listener{}, leftOut: LeftOut{APIs: map[string][]schema.Problem{}}},
	}
}

func (b *builder) build() (*Table, []schema.Problem) {
	for name, api := range schema.Sorted(b.gateway.APIs) {
		b.api(name, api)
	}
	slices.Sort(b.table.keySets)
	b.table.keySets = slices.Compact(b.table.keySets)
	b.rank()
	b.listeners()
	if len(b.problems) > 0 {
		slices.SortStableFunc(b.problems, func(p, q schema.Problem) int { return cmp.Compare(p.Path, q.Path) })
		return nil, b.problems
	}
	b.table.leftOut.Consumers = b.filters.LeftOut()
	return b.table, nil
}

type builder struct {
	gateway  *schema.Gateway
	deps     filter.Deps
	filters  *filter.Builder
	common   common
	table    *Table
	apis     []compiledAPI
	problems []schema.Problem
	broken   map[string][]schema.Problem // upstreams
}

// A compiledAPI is an API's routes and the host patterns that they answer for.
type compiledAPI struct {
	name      string
	listeners []string
	hosts     []string // in lower case; "": any
	matches   []*match
}

func (b *builder) report(path schema.Path, code, hint, format string, args ...any) {
	b.problems = append(b.problems, problem(path, code, hint, format, args...))
}

func problem(path schema.Path, code, hint, format string, args ...any) schema.Problem {
	return schema.Problem{Path: path, Code: code, Hint: hint, Message: fmt.Sprintf(format, args...)}
}

func (b *builder) api(name string, api schema.API) {
	at := schema.NewPath("apis", name)
	b.name(at, name)
	c := compiledAPI{name: name, listeners: api.Listeners, hosts: b.hosts(at, api.Hosts)}
	for i, l := range api.Listeners {
		if _, ok := b.gateway.Listeners[l]; !ok {
			b.report(at.Join("listeners").Index(i), "listener-unknown", "name one of the listeners", "there is no listener %q", l)
		}
	}
	var faults []schema.Problem
	for id, route := range schema.Sorted(api.Routes) {
		b.common.share(&route.Filters)
		m, found := b.route(filter.Place{API: name, Name: id, Route: &route})
		c.matches, faults = append(c.matches, m), append(faults, found...)
	}
	b.isolate(name, c.matches, faults)
	b.apis = append(b.apis, c)
}

// hosts returns host patterns in lower case and without repetitions, or the pattern for any host.
func (b *builder) hosts(at schema.Path, patterns []string) []string {
	if len(patterns) == 0 {
		return []string{""}
	}
	var out []string
	for i, p := range patterns {
		p = strings.ToLower(p)
		if !validHost(p) {
			b.report(at.Join("hosts").Index(i), "host", `write for instance "api.example.com" or "*.example.com"`, "%q is not a host name", p)
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// turn is how many routes are built before others get theirs: a table is built beside requests, and on few cores a
// goroutine that works without a pause has those behind it wait for some 10 ms.
const turn = 16

// route compiles a route. The faults are in what the route does with its requests; what is wrong with the match that
// they are taken by is reported.
func (b *builder) route(p filter.Place) (m *match, faults []schema.Problem) {
	if len(b.table.routes)%turn == 0 {
		runtime.Gosched()
	}
	if !validName(p.Name) {
		b.badName(p.Path(), p.Name)
	}
	chain, faults := b.filters.Build(p)
	backends, found := b.backends(p)
	faults = append(append(faults, found...), action(p)...)
	r := &Route{Place: p, Chain: chain, Backends: backends, cors: p.Route.CORS != nil}
	b.table.routes = append(b.table.routes, r)
	if auth := p.Route.Auth; auth != nil && auth.JWT != nil {
		if url := auth.JWT.JWKS.URL; url != "" {
			b.table.keySets = append(b.table.keySets, url)
		}
	}
	return b.match(r), faults
}

func (b *builder) backends(p filter.Place) (out []Backend, faults []schema.Problem) {
	report := func(path schema.Path, code, hint, format string, args ...any) {
		faults = append(faults, problem(path, code, hint, format, args...))
	}
	for name, backend := range schema.Sorted(p.Route.Backends) {
		if _, ok := b.gateway.Upstreams[name]; !ok {
			report(p.Path("backends", name), "upstream-unknown", "name one of the upstreams", "there is no upstream %q", name)
		}
		switch {
		case backend.Weight < 0 || backend.Weight > 1_000_000:
			report(p.Path("backends", name, "weight"), "weight", "use a number from 0 to 1000000", "%d is not a weight", backend.Weight)
		case backend.Weight > 0:
			out = append(out, Backend{name, backend.Weight})
			faults = append(faults, b.broken[name]...)
		}
	}
	if len(p.Route.Backends) > 0 && len(out) == 0 {
		report(p.Path("backends"), "weights-zero", "give one of them a weight", "no backend has a weight above 0")
	}
	return out, faults
}

// action checks that the route does exactly one thing.
func action(p filter.Place) (faults []schema.Problem) {
	actions := 0
	for _, set := range []bool{len(p.Route.Backends) > 0, p.Route.Redirect != nil, p.Route.Respond != nil} {
		if set {
			actions++
		}
	}
	if actions != 1 {
		faults = append(faults, problem(p.Path(), "route-action", "set exactly one of backends, redirect and respond",
			"the route has %d of backends, redirect and respond", actions))
	}
	return faults
}

// name checks a name that goes into metrics, logs and header fields.
func (b *builder) name(at schema.Path, name string) {
	if !validName(name) {
		b.badName(at, name)
	}
}

func (b *builder) badName(at schema.Path, name string) {
	b.report(at, "name", "use at most 63 letters, digits and '-'", "%q cannot be a name", name)
}

func validName(name string) bool {
	ok := name != "" && len(name) <= 63
	for i := 0; i < len(name); i++ {
		c := name[i]
		ok = ok && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
	}
	return ok
}

// rank orders all matches once, so that candidates of one path only compare numbers.
func (b *builder) rank() {
	var all []*match
	for _, api := range b.apis {
		all = append(all, api.matches...)
	}
	slices.SortStableFunc(all, compareRank) // they come by name
	for i, m := range all {
		m.rank = i
	}
}
