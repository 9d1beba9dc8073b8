// Package routing lays out a model's routes as requests meet them: each as a set of requests on each of its hosts, in
// the order in which they win.
//
//	table, err := routing.Of(space.New(0), gateway.Resolve())
//	for _, e := range table.Entries {
//		result := table.Space.Find([]*space.Match{e.Match}, routing.Matches(table.Above(e)))
//	}
//
// The order is that of package runtime/route, which tests here hold the two together for.
package routing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// A Table is all routes of a model.
type Table struct {
	Space   *space.Space
	Entries []*Entry // by precedence: of two that take a request, the one that stands first wins
	index   *space.Index
}

// An Entry is one route on one of its API's hosts.
type Entry struct {
	API, Name string
	Host      string // pattern; "" is any
	Route     *schema.Route
	Match     *space.Match
	Listeners []string // names of those that serve it, sorted

	place int // in Table.Entries
	rank  rank
}

// Path is where the route stands in the model.
func (e *Entry) Path() schema.Path { return schema.NewPath("apis", e.API, "routes", e.Name) }

// String returns the names of the API and the route.
func (e *Entry) String() string { return e.API + "/" + e.Name }

// Of returns the routes of a resolved model. The error is for a match that the match table refuses as well.
func Of(s *space.Space, g *schema.Gateway) (*Table, error) {
	t := &Table{Space: s}
	for api, a := range schema.Sorted(g.APIs) {
		listeners := serving(g, &a)
		for name, r := range schema.Sorted(a.Routes) {
			for _, host := range hosts(&a) {
				m, err := s.Match(r.Match, host)
				if err != nil {
					return nil, fmt.Errorf("apis.%s.routes.%s: %w", api, name, err)
				}
				t.Entries = append(t.Entries, &Entry{
					API: api, Name: name, Host: host, Route: &r, Match: m, Listeners: listeners, rank: rankOf(r.Match, host),
				})
			}
		}
	}
	slices.SortStableFunc(t.Entries, func(a, b *Entry) int { return a.rank.compare(&b.rank) }) // names are sorted already
	for i, e := range t.Entries {
		e.place = i
	}
	t.index = space.NewIndex(Matches(t.Entries))
	return t, nil
}

// hosts returns the patterns of an API, each once.
func hosts(a *schema.API) []string {
	if len(a.Hosts) == 0 {
		return []string{""}
	}
	var out []string
	for _, h := range a.Hosts {
		if h = strings.ToLower(h); !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// serving returns the names of the listeners that serve an API.
func serving(g *schema.Gateway, a *schema.API) []string {
	var out []string
	for name, l := range schema.Sorted(g.Listeners) {
		if l.Redirect == nil && (len(a.Listeners) == 0 || slices.Contains(a.Listeners, name)) {
			out = append(out, name)
		}
	}
	return out
}

// Matches returns the sets of entries.
func Matches(entries []*Entry) []*space.Match {
	out := make([]*space.Match, len(entries))
	for i, e := range entries {
		out[i] = e.Match
	}
	return out
}

// Meeting returns the entries that may have a request in common with a set of the table's Space, by precedence.
func (t *Table) Meeting(m *space.Match) []*Entry {
	places := t.index.Meeting(m)
	out := make([]*Entry, len(places))
	for i, at := range places {
		out[i] = t.Entries[at]
	}
	return out
}

// Above returns the entries that may take requests away from one, by precedence, at any listener.
func (t *Table) Above(e *Entry) []*Entry {
	var out []*Entry
	for _, other := range t.Meeting(e.Match) {
		if other.place < e.place {
			out = append(out, other)
		}
	}
	return out
}

// Before reports whether e wins where both take a request. Both are of one table.
func (e *Entry) Before(other *Entry) bool { return e.place < other.place }

// Tied reports whether nothing but names decides between two entries.
func (e *Entry) Tied(other *Entry) bool { return e.rank.compare(&other.rank) == 0 }

// Beside reports whether neither of two entries that meet has the more specific host or path.
func (e *Entry) Beside(other *Entry) bool {
	a, b := &e.rank, &other.rank
	return a.host == b.host && a.kind == b.kind && a.length == b.length
}

// Regex reports whether an expression says which paths the entry takes.
func (e *Entry) Regex() bool { return e.rank.kind == regexPath }

// Meets reports whether a listener serves both entries.
func (e *Entry) Meets(other *Entry) bool {
	return slices.ContainsFunc(e.Listeners, func(name string) bool { return slices.Contains(other.Listeners, name) })
}

// A rank is all that precedence looks at before names.
type rank struct {
	host    int // 0: exact; else how specific a wildcard is, and last any
	kind    int // of the path match
	length  int // of a prefix, in bytes of its normal form
	methods bool
	headers int
	query   int
}

const (
	exactPath = iota
	prefixPath
	regexPath
)

func rankOf(m *schema.Match, host string) rank {
	const anyHost = 1 << 20
	r := rank{kind: prefixPath}
	switch {
	case host == "":
		r.host = anyHost
	case strings.HasPrefix(host, "*."):
		r.host = anyHost - len(host) // suffixes of one host: the longer, the more specific
	}
	if m == nil {
		return r
	}
	r.methods, r.headers, r.query = len(m.Methods) > 0, len(m.Headers), len(m.Query)
	switch p := m.Path; {
	case p == nil:
	case p.Exact != "":
		r.kind = exactPath
	case p.Regex != "":
		r.kind = regexPath
	default: // prefixes of one path: the longer has more segments
		prefix, _ := schema.NormalizePath(p.Prefix)
		r.length = len(strings.TrimSuffix(prefix, "/"))
	}
	return r
}

// compare orders ranks: the lower wins.
func (r *rank) compare(other *rank) int {
	asked := func(listed bool) int {
		if listed {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(r.host, other.host),
		cmp.Compare(r.kind, other.kind),
		-cmp.Compare(r.length, other.length),
		cmp.Compare(asked(r.methods), asked(other.methods)),
		-cmp.Compare(r.headers, other.headers),
		-cmp.Compare(r.query, other.query),
	)
}
