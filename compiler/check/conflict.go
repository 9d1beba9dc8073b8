package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkConflicts: no two routes take the same requests at the same precedence.
//
// Precedence looks at the host, the path, whether there is a method match, the number of header matches and the
// number of query matches. Routes that agree in all of these meet in one bucket, once for each host and method
// that they have. Within a bucket two routes with equal matches conflict; two whose matches differ, and which
// some request can nevertheless fulfil both, overlap, and only their names decide.
func checkConflicts(p *pass) {
	buckets := map[precedence][]*candidate{}
	for _, c := range p.candidates {
		for _, key := range c.keys() {
			buckets[key] = append(buckets[key], c)
		}
	}
	found := map[[2]*candidate]bool{}
	for _, bucket := range buckets {
		if len(bucket) > 1 {
			search(bucket, found)
		}
	}
	for pair, same := range found {
		p.clash(pair[0], pair[1], same)
	}
}

// A precedence is where a route stands for one host and one method, "" for any.
type precedence struct {
	host, kind, path, method string
	headers, query           int
}

// A candidate is a route with its matches in comparable form.
type candidate struct {
	*route
	hosts     []string
	listeners []string // that serve it, by name; nil: all
	path      [2]string
	methods   []string
	values    []value // sorted by name
	signature string  // of values
}

// A value is the match of one header field or query parameter.
type value struct {
	name string // "header x-version" or "query page"
	schema.ValueMatch
	expression expression // of Regex
}

func candidatesOf(p *pass) []*candidate {
	all := make([]candidate, len(p.routes))
	out := make([]*candidate, len(p.routes))
	known := expressions{}
	for i := range p.routes {
		c := &all[i]
		c.route = &p.routes[i]
		api := p.APIs[c.api]
		c.listeners = api.Listeners
		c.hosts = []string{""}
		if len(api.Hosts) > 0 {
			c.hosts = nil
			for _, h := range api.Hosts {
				if h = strings.ToLower(h); !slices.Contains(c.hosts, h) {
					c.hosts = append(c.hosts, h)
				}
			}
		}
		c.read(known)
		out[i] = c
	}
	return out
}

// read brings the route's match into comparable form.
func (c *candidate) read(known expressions) {
	m := c.Match
	if m == nil {
		m = &schema.Match{}
	}
	c.path, c.methods = canonical(m.Path), m.Methods
	for name, v := range m.Headers {
		c.values = append(c.values, value{name: "header " + strings.ToLower(name), ValueMatch: v})
	}
	for name, v := range m.Query {
		c.values = append(c.values, value{name: "query " + name, ValueMatch: v})
	}
	for i := range c.values {
		if v := &c.values[i]; v.Regex != "" {
			v.expression = known.compile(v.Regex)
		}
	}
	slices.SortFunc(c.values, func(a, b value) int { return cmp.Compare(a.name, b.name) })
	var b strings.Builder
	for _, v := range c.values {
		fmt.Fprintf(&b, "%q %s\n", v.name, v.text())
	}
	c.signature = b.String()
}

// text is the same for equal matches only.
func (v value) text() string {
	switch {
	case v.Exact != nil:
		return fmt.Sprintf("= %q", *v.Exact)
	case v.Regex != "":
		return fmt.Sprintf("~ %q", v.Regex)
	default:
		return fmt.Sprint(v.Present == nil || *v.Present)
	}
}

// canonical returns the kind of a path match and its text in the form that paths are compared in: a prefix is the
// same with a slash at its end.
func canonical(m *schema.PathMatch) [2]string {
	switch {
	case m == nil:
		return [2]string{"prefix", "/"}
	case m.Exact != "":
		return [2]string{"exact", normal(m.Exact)}
	case m.Regex != "":
		return [2]string{"regex", m.Regex}
	default:
		return [2]string{"prefix", "/" + strings.Trim(normal(m.Prefix), "/")}
	}
}

// normal returns a path's normal form; of one that has none, which the table build reports, the path itself.
func normal(path string) string {
	if n, ok := schema.NormalizePath(path); ok {
		return n
	}
	return path
}

func (c *candidate) keys() []precedence {
	methods := []string{""}
	base := precedence{kind: c.path[0], path: c.path[1]}
	if c.Match != nil {
		base.headers, base.query = len(c.Match.Headers), len(c.Match.Query)
		if len(c.Match.Methods) > 0 {
			methods = slices.Compact(slices.Sorted(slices.Values(c.Match.Methods)))
		}
	}
	var keys []precedence
	for _, base.host = range c.hosts {
		for _, base.method = range methods {
			keys = append(keys, base)
		}
	}
	return keys
}

// maxComparisons bounds the search of one bucket for overlaps, which are warnings: it is reached by thousands of
// routes of one path that expressions tell apart.
const maxComparisons = 1 << 20

// search records each route of a bucket with a route before it that it conflicts with, or else with one that
// it overlaps: the first by name, those first that ask for the same value.
func search(bucket []*candidate, found map[[2]*candidate]bool) {
	same := map[string][]*candidate{}
	var different []*candidate
	for _, c := range bucket {
		i := slices.IndexFunc(same[c.signature], c.meets)
		if i >= 0 {
			found[[2]*candidate{same[c.signature][i], c}] = true
		} else {
			different = append(different, c)
		}
		same[c.signature] = append(same[c.signature], c)
	}
	// Routes that ask for different values of one name need not be compared with each other.
	name := divider(different)
	groups, others := map[string][]*candidate{}, []*candidate(nil)
	left := maxComparisons
	for i, c := range different {
		v, asks := c.exact(name)
		rivals := [][]*candidate{different[:i]}
		if asks {
			rivals = [][]*candidate{groups[v], others}
			groups[v] = append(groups[v], c)
		} else {
			others = append(others, c)
		}
		for _, list := range rivals {
			list = list[:min(len(list), left)]
			j := slices.IndexFunc(list, func(r *candidate) bool { return c.meets(r) && !disjoint(c.values, r.values) })
			if j >= 0 {
				pair := [2]*candidate{list[j], c}
				if !found[pair] { // a conflict outdoes an overlap
					found[pair] = false
				}
				break
			}
			left -= len(list)
		}
	}
}

// divider returns the name that most routes ask an exact value of, "" where there is none.
func divider(bucket []*candidate) string {
	counts := map[string]int{}
	for _, c := range bucket {
		for _, v := range c.values {
			if v.Exact != nil {
				counts[v.name]++
			}
		}
	}
	best := ""
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > counts[best] {
			best = name
		}
	}
	return best
}

func (c *candidate) exact(name string) (string, bool) {
	for _, v := range c.values {
		if v.name == name && v.Exact != nil {
			return *v.Exact, true
		}
	}
	return "", false
}

// meets reports whether a listener serves both routes.
func (c *candidate) meets(d *candidate) bool {
	if c.api == d.api || len(c.listeners) == 0 || len(d.listeners) == 0 {
		return true
	}
	return slices.ContainsFunc(c.listeners, func(l string) bool { return slices.Contains(d.listeners, l) })
}

// clash reports that second takes requests of first: the same ones, or only some.
func (p *pass) clash(first, second *candidate, same bool) {
	e, example := p.both(second.route.path(), first.route.path())
	f := diag.Finding{
		Code: "route-overlap", Severity: diag.Warning, Path: second.Path(),
		Message: fmt.Sprintf("%s and %s take some of the same requests, and only the order of their names decides%s",
			second.title(first), first.title(second), instance(example)),
		Request: p.request(e, example),
		Hint:    "add a method, header or query match to the one that is to win, or tell their values apart",
		Related: []diag.Related{{
			Path: first.Path(), Message: fmt.Sprintf("route %q, which wins", first.name),
		}},
	}
	if same {
		p.conflicts[first.api+"/"+first.name], p.conflicts[second.api+"/"+second.name] = true, true
		f.Code, f.Severity = "route-conflict", diag.Error
		f.Message = fmt.Sprintf("%s and %s take the same requests%s", second.title(first), first.title(second), instance(example))
		f.Hint = "remove one of them, or give them different hosts, paths, methods, header or query matches"
		f.Related[0].Message = fmt.Sprintf("the match of route %q", first.name)
	}
	p.report(f)
}

// Path is where the route's match is written.
func (c *candidate) Path() schema.Path { return c.route.path("match") }

// title names the route beside another one.
func (c *candidate) title(beside *candidate) string {
	if c.api == beside.api {
		return fmt.Sprintf("route %q", c.name)
	}
	return fmt.Sprintf("route %q of API %q", c.name, c.api)
}
