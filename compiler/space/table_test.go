package space_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// The match table says what is right: here every match is the only route of a table of its own.
type single struct {
	host  string
	match schema.Match
	table *route.Table
	space *space.Match
}

func (s *single) String() string {
	return fmt.Sprintf("%q %+v %v %+v %+v", s.host, *s.match.Path, s.match.Methods, s.match.Headers, s.match.Query)
}

func (s *single) takes(r *exchange.Request) bool { return s.table.Match("http", r) != nil }

func tableOf(t testing.TB, apis map[string]schema.API) *route.Table {
	t.Helper()
	g := &schema.Gateway{Listeners: map[string]schema.Listener{"http": {Port: 80}}, APIs: apis}
	table, problems := route.Build(g, filter.Deps{})
	if len(problems) > 0 {
		t.Fatal(problems[0].Error())
	}
	return table
}

func apiOf(host string, m schema.Match) schema.API {
	api := schema.API{Routes: map[string]schema.Route{"r": {Match: &m, Respond: &schema.Respond{}}}}
	if host != "" {
		api.Hosts = []string{host}
	}
	return api
}

// A world makes matches of so few words that they meet.
type world struct {
	*rand.Rand
	wide bool // matches take so much that some together take what another has
}

func pick[T any](w world, from ...T) T { return from[w.IntN(len(from))] }

var (
	hosts   = []string{"a.test", "b.a.test", "www.a.test", "www.b.a.test", "z.test", "test"}
	methods = []string{"GET", "POST", "PUT", "OTHER"}
	paths   = []string{"/", "/a", "/a/", "/a/b", "/a/b/", "/a/a", "/b", "/b/a/b", "/ab", "/ba", "/a%20", "/%2F", "/a;b"}
	fields  = []string{"", "1", "2", "12", "a", "1, "}
)

func (w world) path() *schema.PathMatch {
	switch w.IntN(5) {
	case 0:
		return &schema.PathMatch{Exact: pick(w, paths...)}
	case 1, 2:
		return &schema.PathMatch{Regex: pick(w,
			"/a/.*", "/(a|b)/.*", ".*", "/a/b|/b", "(/a)+", "/ab?a?/?", "(?i)/A/B", `/\w*\b.*`, "/[^/]*", "/.*b")}
	}
	return &schema.PathMatch{Prefix: pick(w, "/", "/a", "/a/b", "/b/", "/a/c")}
}

func (w world) value() schema.ValueMatch {
	return pick(w,
		exactly(pick(w, fields...)),
		like(pick(w, "[12]+", "1|2x", "a.*", ".*", "[^1]*", `(?s).*\n.*|2`)),
		isThere(true), isThere(false))
}

func (w world) values(names ...string) map[string]schema.ValueMatch {
	out := map[string]schema.ValueMatch{}
	for _, name := range names {
		if w.IntN(4) == 0 {
			out[name] = w.value()
		}
	}
	return out
}

func (w world) some(from []string) []string {
	return slices.DeleteFunc(slices.Clone(from), func(string) bool { return w.IntN(2) == 0 })
}

func (w world) match() (host string, m schema.Match) {
	if w.wide {
		return "", w.half()
	}
	m.Path = w.path()
	if w.IntN(3) == 0 {
		m.Methods = w.some(methods[:3])
	}
	m.Headers, m.Query = w.values("x-one", "X-Two"), w.values("q")
	return pick(w, "", "", "a.test", "*.a.test", "*.test", "b.a.test"), m
}

// half returns a match that takes about half of all requests.
func (w world) half() schema.Match {
	m := schema.Match{Path: &schema.PathMatch{Prefix: "/"}}
	for range 1 + w.IntN(2) {
		value := pick(w, isThere(true), isThere(false), like("1.*"), like("([^1].*)?"), like(".*"))
		switch w.IntN(4) {
		case 0:
			m.Headers = values{pick(w, "x-one", "x-two"): value}
		case 1:
			m.Query = values{"q": value}
		case 2:
			m.Path = &schema.PathMatch{Regex: pick(w, "/(a.*)?", "/[^a].*", "/.*")}
		default:
			m.Methods = w.some(methods[:3])
		}
	}
	return m
}

func (w world) single(t testing.TB, s *space.Space) *single {
	host, m := w.match()
	table := tableOf(t, map[string]schema.API{"a": apiOf(host, m)})
	return &single{host: host, match: m, table: table, space: match(t, s, host, m)}
}

// sample is every request of the words above.
func sample() []*exchange.Request {
	var out []*exchange.Request
	header := func(name, value string) exchange.Header {
		if value == "1, " {
			return exchange.Header{{Name: name, Value: "1"}, {Name: name}}
		}
		return exchange.Header{{Name: name, Value: value}}
	}
	one, two := []exchange.Header{nil}, []exchange.Header{nil}
	for _, value := range fields {
		one = append(one, header("X-One", value))
		two = append(two, header("x-two", value))
	}
	for _, host := range hosts {
		for _, method := range methods {
			for _, path := range paths {
				for i := range one {
					for j := range two {
						query := []string{"", "q=1", "q=2&q=1", "q=%0a"}[(i+j)%4]
						out = append(out, &exchange.Request{
							Host: host, Method: method, Path: path, Query: query, Header: slices.Concat(one[i], two[j]),
						})
					}
				}
			}
		}
	}
	return out
}

// asked is an example as the match table gets it.
func asked(r *space.Request) *exchange.Request {
	out := &exchange.Request{Host: r.Host, Method: r.Method, Path: r.Path, Query: r.RawQuery()}
	for _, f := range r.Header {
		out.Header.Add(f.Name, f.Value)
	}
	return out
}

func matches(singles []*single) []*space.Match {
	var out []*space.Match
	for _, s := range singles {
		out = append(out, s.space)
	}
	return out
}

func TestFindAgreesWithTheMatchTable(t *testing.T) {
	s := space.New(0)
	requests := sample()
	counts, parts := map[space.Verdict]int{}, 0
	for seed := range uint64(400) {
		w := world{rand.New(rand.NewPCG(seed, 1)), seed%2 == 0}
		var in, out []*single
		for range 1 + w.IntN(2) {
			in = append(in, w.single(t, s))
		}
		for range w.IntN(16) {
			out = append(out, w.single(t, s))
		}
		result := s.Find(matches(in), matches(out))
		counts[result.Verdict]++
		parts += max(0, len(result.By)-1)
		switch result.Verdict {
		case space.Found:
			r := asked(result.Request)
			for _, one := range in {
				if !one.takes(r) || !one.space.Takes(result.Request) {
					t.Errorf("seed %d: %s is not in %s", seed, result.Request, one)
				}
			}
			for _, one := range out {
				if one.takes(r) || one.space.Takes(result.Request) {
					t.Errorf("seed %d: %s is in %s", seed, result.Request, one)
				}
			}
		case space.Empty:
			for _, r := range requests {
				if !slices.ContainsFunc(in, func(one *single) bool { return !one.takes(r) }) &&
					!slices.ContainsFunc(result.By, func(i int) bool { return out[i].takes(r) }) {
					t.Fatalf("seed %d: %v is in %s and in none of %v by %v", seed, r, in, out, result.By)
				}
			}
			for _, i := range result.By {
				var rest []*single
				for _, j := range result.By {
					if j != i {
						rest = append(rest, out[j])
					}
				}
				if s.Find(matches(in), matches(rest)).Verdict != space.Found {
					t.Errorf("seed %d: %d of %v is not needed", seed, i, result.By)
				}
			}
		}
	}
	if counts[space.Undecided] > 0 || counts[space.Found] < 100 || counts[space.Empty] < 100 || parts < 20 {
		t.Errorf("verdicts %v, with %d matches that take something together", counts, parts)
	}
}

// A ranked is a route on one host pattern, with its place in the order of precedence.
type ranked struct {
	name  string
	space *space.Match
	rank  []int
}

func rank(host string, m schema.Match) []int {
	hostRank := len(host)
	if host != "" && host[0] != '*' {
		hostRank = 1000
	}
	pathRank := 0
	switch {
	case m.Path.Exact != "":
		pathRank = 1000
	case m.Path.Prefix != "":
		pathRank = 1 + len(strings.TrimSuffix(m.Path.Prefix, "/"))
	}
	return []int{hostRank, pathRank, min(1, len(m.Methods)), len(m.Headers), len(m.Query)}
}

// What a route has beside those that precede it, the table gives to the route.
func TestWhatARouteHasForItselfIsItsOwn(t *testing.T) {
	counts := map[space.Verdict]int{}
	requests := sample()
	for seed := range uint64(60) {
		w := world{rand.New(rand.NewPCG(seed, 2)), seed%3 == 0}
		s := space.New(0)
		apis := map[string]schema.API{}
		var all []ranked
		for i := range 1 + w.IntN(25) {
			host, m := w.match()
			api := fmt.Sprintf("a%02d", i)
			apis[api] = apiOf(host, m)
			all = append(all, ranked{api, match(t, s, host, m), rank(host, m)})
		}
		slices.SortFunc(all, func(a, b ranked) int {
			return cmp.Or(-slices.Compare(a.rank, b.rank), strings.Compare(a.name, b.name))
		})
		table := tableOf(t, apis)
		won := map[string]bool{}
		for _, r := range requests {
			if found := table.Match("http", r); found != nil {
				won[found.API] = true
			}
		}
		var before []*space.Match
		for _, one := range all {
			result := s.Find([]*space.Match{one.space}, before)
			counts[result.Verdict]++
			switch result.Verdict {
			case space.Found:
				if found := table.Match("http", asked(result.Request)); found == nil || found.API != one.name {
					t.Errorf("seed %d: %s is not taken by %s", seed, result.Request, one.name)
				}
			case space.Empty:
				if won[one.name] {
					t.Errorf("seed %d: %s takes something, but is said to take nothing", seed, one.name)
				}
			}
			before = append(before, one.space)
		}
	}
	if counts[space.Undecided] > 0 || counts[space.Found] < 200 || counts[space.Empty] < 50 {
		t.Errorf("verdicts %v", counts)
	}
}
