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

	index    *space.Index
	patterns Patterns // of all entries' hosts
}

// An Entry is one route on one of its API's hosts.
type Entry struct {
	API, Name string
	Host      string // pattern; "" is any
	Route     *schema.Route
	Match     *space.Match
	Listeners []string // names of those that serve it, sorted
	Views     []*View  // of these, each once

	place int // in Table.Entries
	rank  rank
}

// Path is where the route stands in the model.
func (e *Entry) Path() schema.Path { return schema.NewPath("apis", e.API, "routes", e.Name) }

// String returns the names of the API and the route.
func (e *Entry) String() string { return e.API + "/" + e.Name }

// Of returns the routes of a resolved model. The error is for the first match that the match table refuses as well; the
// table then has the other routes.
func Of(s *space.Space, g *schema.Gateway) (*Table, error) {
	t := &Table{Space: s}
	views := t.viewsOf(g)
	var all []string
	var first error
	for api, a := range schema.Sorted(g.APIs) {
		listeners := serving(g, &a)
		seen := views.of(g, &a, listeners)
		hosts := hosts(&a)
		all = append(all, hosts...)
		for name, r := range schema.Sorted(a.Routes) {
			for _, host := range hosts {
				m, err := s.Match(r.Match, host)
				if err != nil {
					first = cmp.Or(first, fmt.Errorf("apis.%s.routes.%s: %w", api, name, err))
					break
				}
				t.Entries = append(t.Entries, &Entry{
					API: api, Name: name, Host: host, Route: &r, Match: m, Listeners: listeners, Views: seen, rank: rankOf(r.Match, host),
				})
			}
		}
	}
	t.patterns = PatternsOf(all)
	slices.SortStableFunc(t.Entries, func(a, b *Entry) int { return a.rank.compare(&b.rank) }) // names are sorted already
	for i, e := range t.Entries {
		e.place = i
	}
	t.index = space.NewIndex(Matches(t.Entries))
	return t, first
}

// hosts returns the patterns of an API, each once.
func hosts(a *schema.API) []string {
	if len(a.Hosts) == 0 {
		return []string{""}
	}
	return lower(a.Hosts)
}

// lower returns host patterns in lower case, each once.
func lower(patterns []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, h := range patterns {
		if h = strings.ToLower(h); !seen[h] {
			seen[h] = true
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
func (t *Table) Meeting(m *space.Match) []*Entry { return t.at(t.index.Meeting(m)) }

// MeetingAbove is Meeting for those alone that win over an entry.
func (t *Table) MeetingAbove(e *Entry, m *space.Match) []*Entry {
	return t.at(t.index.MeetingBefore(m, e.place))
}

// OfHost is Meeting for those alone that have the host pattern of the set.
func (t *Table) OfHost(m *space.Match) []*Entry { return t.at(t.index.Beside(m)) }

func (t *Table) at(places []int) []*Entry {
	out := make([]*Entry, len(places))
	for i, at := range places {
		out[i] = t.Entries[at]
	}
	return out
}

// Above returns the entries that may take requests away from one, by precedence, at any listener.
func (t *Table) Above(e *Entry) []*Entry {
	return t.MeetingAbove(e, e.Match)
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

// Values is how many header fields and query parameters the entry asks for.
func (e *Entry) Values() int { return e.rank.headers + e.rank.query }

// Methods reports whether the entry lists methods.
func (e *Entry) Methods() bool { return e.rank.methods }

// Regex reports whether an expression says which paths the entry takes.
func (e *Entry) Regex() bool { return e.rank.kind == regexPath }

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
