package route_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// Of the contenders one has not lost: the route that takes the request. Each is there once, and says why.
func TestContendersAgreeWithTheMatch(t *testing.T) {
	taken, lost := 0, 0
	for seed := range uint64(200) {
		w := world{rand.New(rand.NewPCG(seed, 21))}
		table, problems := route.Build(w.gateway(), filter.Deps{})
		if len(problems) > 0 {
			continue
		}
		for range 50 {
			listener, r := w.request()
			found := table.Match(listener, r)
			contenders, _ := table.Contenders(listener, r)
			var winners []*route.Route
			for _, c := range contenders {
				if c.Lost == "" {
					winners = append(winners, c.Route)
				} else {
					lost++
				}
			}
			switch {
			case found == nil && len(winners) > 0, found != nil && (len(winners) != 1 || winners[0] != found):
				t.Fatalf("seed %d: %s %s%s is taken by %v, and of %+v", seed, r.Method, r.Host, r.Path, found, contenders)
			case found != nil:
				taken++
			}
		}
	}
	if taken < 500 || lost < 500 {
		t.Errorf("%d requests were taken, %d routes lost", taken, lost)
	}
}

// Every route that a request's host and path fit is a contender, once, and the rule on which it lost is the first that
// tells it from the winner.
func TestContendersSayTheTruth(t *testing.T) {
	said := map[string]int{}
	for seed := range uint64(300) {
		w := world{rand.New(rand.NewPCG(seed, 22))}
		g := w.gateway()
		table, problems := route.Build(g, filter.Deps{})
		if len(problems) > 0 {
			continue
		}
		for range 50 {
			listener, r := w.request()
			found := table.Match(listener, r)
			contenders, announced := table.Contenders(listener, r)
			method := r.Method
			if announced {
				method = r.Header.Get("Access-Control-Request-Method")
			}
			want := fitting(g, listener, r)
			got := map[string]bool{}
			for _, c := range contenders {
				name := c.Route.API + "/" + c.Route.Name
				if got[name] {
					t.Fatalf("seed %d: %s %s%s: %s is there twice", seed, r.Method, r.Host, r.Path, name)
				}
				got[name] = true
				if c.Lost == "" {
					continue
				}
				reasons := missed(c.Route, r, method)
				if len(reasons) == 0 && found != nil {
					reasons = []string{outranked(want[found.API+"/"+found.Name], want[name])}
				}
				i := slices.IndexFunc(reasons, func(rule string) bool { return strings.HasPrefix(c.Lost, rule) })
				if i < 0 {
					t.Fatalf("seed %d: %s %s%s: %s lost because %q, want one of %q", seed, r.Method, r.Host, r.Path, name, c.Lost, reasons)
				}
				said[reasons[i]]++
			}
			for name := range want {
				if !got[name] {
					t.Fatalf("seed %d: %s %s%s: %s is missing", seed, r.Method, r.Host, r.Path, name)
				}
			}
			if len(got) != len(want) {
				t.Fatalf("seed %d: %s %s%s: %v contend, want %v", seed, r.Method, r.Host, r.Path, got, want)
			}
		}
	}
	for _, rule := range append(rules, "it takes ") {
		if rule != "" && said[rule] == 0 {
			t.Errorf("no route lost because %q: %v", rule, said)
		}
	}
}

// rules are those of precedence, by the places of a class; a regular expression has no length.
var rules = []string{"its host is less specific", "", "its prefix is shorter", "it lists no methods", "it has fewer header matches",
	"it has fewer query matches", "only its name comes later"}

// fitting returns the classes of the routes that the host and path of a request fit.
func fitting(g *schema.Gateway, listener string, r *exchange.Request) map[string][]int {
	out := map[string][]int{}
	l, ok := g.Listeners[listener]
	if !ok || l.Redirect != nil || len(l.Hosts) > 0 && !slices.ContainsFunc(l.Hosts, func(p string) bool { return hostClass(p, r.Host) >= 0 }) {
		return out
	}
	for apiName, api := range g.APIs {
		if len(api.Listeners) > 0 && !slices.Contains(api.Listeners, listener) {
			continue
		}
		host := -1
		for _, pattern := range api.Hosts {
			host = max(host, hostClass(pattern, r.Host))
		}
		if len(api.Hosts) == 0 {
			host = 0
		}
		for name, rt := range api.Routes {
			m := rt.Match
			path := pathClass(m.Path, r.Path)
			if host < 0 || path < 0 {
				continue
			}
			kind := map[bool]int{true: 2}[m.Path.Exact != ""] + map[bool]int{true: 0, false: 1}[m.Path.Regex != "" || m.Path.Exact != ""]
			out[apiName+"/"+name] = []int{host, kind, path, min(1, len(m.Methods)), len(m.Headers), len(m.Query)}
		}
	}
	return out
}

// missed says what of a route's match a request does not fulfil, beside its path.
func missed(to *route.Route, r *exchange.Request, method string) (wrong []string) {
	m := to.Route.Match
	if len(m.Methods) > 0 && !slices.Contains(m.Methods, method) {
		wrong = append(wrong, "it takes ")
	}
	for name, v := range m.Headers {
		if only := (&schema.Match{Headers: map[string]schema.ValueMatch{name: v}}); !valuesMatch(only, r) {
			wrong = append(wrong, "header "+strings.ToLower(name))
		}
	}
	for name, v := range m.Query {
		if only := (&schema.Match{Query: map[string]schema.ValueMatch{name: v}}); !valuesMatch(only, r) {
			wrong = append(wrong, "query parameter "+name)
		}
	}
	return wrong
}

// outranked names the rule by which a class comes before another.
func outranked(winner, loser []int) string {
	for i, rule := range rules[:len(winner)] {
		switch {
		case winner[i] == loser[i]:
		case winner[i] < loser[i]:
			return "a rule that it wins"
		case rule == "":
			return [...]string{"an expression", "a prefix", "an exact path"}[winner[i]] + " wins over"
		default:
			return rule
		}
	}
	return rules[len(rules)-1]
}
