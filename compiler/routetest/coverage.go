package routetest

import (
	"maps"
	"slices"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// A Place is something of a route that a test can reach: the route itself, a method that it lists, a header or query
// match that a request fails which is right in all else, or a filter.
type Place struct {
	Path     schema.Path   `json:"path"`
	Position diag.Position `json:"position"`
	// Text names it: "route echo/v2", "method POST of echo/default".
	Text    string `json:"text"`
	Covered bool   `json:"covered"`
	// Inside counts the further places of a route that no test takes, where it stands for them in [Coverage.Missing].
	Inside int `json:"inside,omitempty"`

	reached func(*trace) bool
	sample  sample
}

// A sample says which requests reach a place.
type sample struct {
	api, route string
	match      *schema.Match // that they meet
	not        *schema.Match // that they fail; nil: they are those that the route takes
	name       string        // of a test
}

// A trace is what is known of one request.
type trace struct {
	*request
	*Outcome
	asked   string // the method that it is matched by
	example *space.Request
}

// coverage remembers what requests have reached.
type coverage struct {
	gateway *gateway
	at      diag.Locator
	places  []Place
	queries map[string]bool // the parameters that matches look at
}

// newCoverage lists the places of a gateway, by route.
func newCoverage(g *gateway, at diag.Locator) *coverage {
	c := &coverage{gateway: g, at: at, queries: map[string]bool{}}
	headers := valueMatches{"headers", "header", func(m *schema.Match) *map[string]schema.ValueMatch { return &m.Headers }}
	query := valueMatches{"query", "query parameter", func(m *schema.Match) *map[string]schema.ValueMatch { return &m.Query }}
	for _, r := range g.table.Routes() {
		name := r.API + "/" + r.Name
		own := sample{api: r.API, route: r.Name, match: r.Route.Match, name: r.API + "-" + r.Name}
		c.place(r.Path(), own, "route "+name, func(t *trace) bool { return t.route == r })
		if m := r.Route.Match; m != nil {
			for i, method := range m.Methods {
				only := *m
				only.Methods = []string{method}
				with := own
				with.match, with.name = &only, own.name+"-"+method
				c.place(r.Path("match", "methods").Index(i), with, "method "+method+" of "+name, func(t *trace) bool {
					return t.route == r && t.asked == method
				})
			}
			c.values(r, headers, name)
			c.values(r, query, name)
			for parameter := range m.Query {
				c.queries[parameter] = true
			}
		}
		for i, f := range r.Chain {
			if at := filter.Name(f); at != "" {
				c.place(r.Path(at.Names()...), own, "filter "+string(at)+" of "+name, func(t *trace) bool {
					return t.route == r && i < t.seen
				})
			}
		}
	}
	return c
}

func (c *coverage) place(path schema.Path, of sample, text string, reached func(*trace) bool) {
	c.places = append(c.places, Place{Path: path, Position: c.at.Position(path), Text: text, reached: reached, sample: of})
}

// values lists the matches of header fields or query parameters. That one is met is seen where its route takes a
// request.
func (c *coverage) values(r *route.Route, of valueMatches, name string) {
	api := c.gateway.model.APIs[r.API]
	for key := range schema.Sorted(*of.in(r.Route.Match)) {
		rest, only := *r.Route.Match, schema.Match{}
		others := maps.Clone(*of.in(&rest))
		*of.in(&only) = map[string]schema.ValueMatch{key: others[key]}
		delete(others, key)
		*of.in(&rest) = others
		right, met := c.sets(&rest, api.Hosts), c.sets(&only, nil)
		unlike := sample{api: r.API, route: r.Name, match: &rest, not: &only, name: r.API + "-" + r.Name + "-not-" + key}
		c.place(r.Path("match", of.field, key), unlike, of.kind+" "+key+" of "+name+" not as matched", func(t *trace) bool {
			serves := len(api.Listeners) == 0 || slices.Contains(api.Listeners, t.listener)
			return serves && take(right, t.example) && !take(met, t.example)
		})
	}
}

// valueMatches is one of the two maps of matches of values.
type valueMatches struct {
	field, kind string
	in          func(*schema.Match) *map[string]schema.ValueMatch
}

// sets returns the requests that a match takes on hosts; none are all. What the table takes is in a set.
func (c *coverage) sets(m *schema.Match, hosts []string) []*space.Match {
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	var out []*space.Match
	for _, host := range hosts {
		if set, err := c.gateway.space.Match(m, host); err == nil {
			out = append(out, set)
		}
	}
	return out
}

func take(sets []*space.Match, x *space.Request) bool {
	return slices.ContainsFunc(sets, func(m *space.Match) bool { return m.Takes(x) })
}

// trace looks at a request once for all places.
func (c *coverage) trace(r *request, got *Outcome) *trace {
	t := &trace{request: r, Outcome: got, asked: r.method}
	if method, ok := filter.Preflight(&r.exchange().Request); ok {
		t.asked = method
	}
	t.example = &space.Request{Host: r.host, Method: r.method}
	t.example.Path, _ = route.Normalize(r.path)
	for _, f := range got.told {
		t.example.Header = append(t.example.Header, space.Field{Name: strings.ToLower(f.Name), Value: f.Value})
	}
	for name := range c.queries {
		if value, there := exchange.LookupQuery(r.query, name); there {
			t.example.Query = append(t.example.Query, space.Field{Name: name, Value: value})
		}
	}
	return t
}

// record notes what a request has reached.
func (c *coverage) record(r *request, got *Outcome) {
	if !got.matched {
		return
	}
	t := c.trace(r, got)
	for i := range c.places {
		if p := &c.places[i]; !p.Covered {
			p.Covered = p.reached(t)
		}
	}
}

// A Coverage is what the requests of a run have reached.
type Coverage []Place

// Coverage returns what [Suite.Run] has reached so far, by route.
func (s *Suite) Coverage() Coverage { return slices.Clone(s.coverage.places) }

// Covered returns how many places were reached.
func (c Coverage) Covered() int {
	n := 0
	for _, p := range c {
		if p.Covered {
			n++
		}
	}
	return n
}

// Percent returns the share of the places that were reached; of none it is 100.
func (c Coverage) Percent() float64 {
	if len(c) == 0 {
		return 100
	}
	return 100 * float64(c.Covered()) / float64(len(c))
}

// Missing returns the places that were not reached. Of a route that no test takes it is the route alone.
func (c Coverage) Missing() []Place {
	var out []Place
	untaken := -1 // the route in out that the places of follow
	for _, p := range c {
		isRoute := len(p.Path.Names()) == 4 // apis.API.routes.ROUTE
		switch {
		case isRoute && p.Covered:
			untaken = -1
		case p.Covered:
		case isRoute:
			untaken = len(out)
			out = append(out, p)
		case untaken >= 0:
			out[untaken].Inside++
		default:
			out = append(out, p)
		}
	}
	return out
}
