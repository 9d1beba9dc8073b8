package behaviour_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// many returns a gateway of so many routes, ten an API, beside one that takes all that no other does.
func many(routes int, path func(n int) schema.PathMatch, timeout func(n int) int) *schema.Gateway {
	rest := schema.PathMatch{Prefix: "/"}
	if path(0).Regex != "" {
		rest = schema.PathMatch{Regex: "/.*"} // a prefix would win over all
	}
	g := &schema.Gateway{
		Listeners: map[string]schema.Listener{"http": {Port: 80}},
		Upstreams: map[string]schema.Upstream{"one": {Endpoints: map[string]schema.Endpoint{"main": {Host: "one.test", Port: 80, Weight: 1}}}},
		APIs:      map[string]schema.API{"rest": {Routes: map[string]schema.Route{"all": {Match: &schema.Match{Path: &rest}, Respond: &schema.Respond{Status: 404}}}}},
	}
	for n := range routes {
		api := g.APIs[fmt.Sprint("api", n/10)]
		if api.Routes == nil {
			api.Routes = map[string]schema.Route{}
			api.RateLimit = &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"w": {Requests: 10, Per: "minute"}}}
		}
		p := path(n)
		r := schema.Route{Match: &schema.Match{Path: &p}, Backends: map[string]schema.Backend{"one": {Weight: 1}}}
		r.Timeout = schema.Duration(time.Duration(timeout(n)) * time.Second)
		api.Routes[fmt.Sprint("r", n)] = r
		g.APIs[fmt.Sprint("api", n/10)] = api
	}
	return g
}

// Many routes, of which one is another, or all are; and expressions that overlap and are all others: each ends, with
// classes that can be counted, in a comment that is not too long.
func TestManyRoutes(t *testing.T) {
	prefix := func(n int) schema.PathMatch { return schema.PathMatch{Prefix: fmt.Sprintf("/a%d/b%d", n/10, n)} }
	moved := func(n int) schema.PathMatch { return schema.PathMatch{Prefix: fmt.Sprintf("/c%d/b%d", n/10, n)} }
	regex := func(n int) schema.PathMatch { return schema.PathMatch{Regex: fmt.Sprintf("/[a-z]+/b%d/.*", n)} }
	wide := func(n int) schema.PathMatch { return schema.PathMatch{Regex: fmt.Sprintf("/.*a?.*%d.*", n)} }
	wider := func(n int) schema.PathMatch { return schema.PathMatch{Regex: fmt.Sprintf("/.*b?.*%d.*c?", n)} }
	alike := func(int) int { return 1 }
	each := func(n int) int { return n + 2 }
	oneOther := func(n int) int {
		if n == 77 {
			return 5
		}
		return 1
	}
	for _, test := range []struct {
		name              string
		routes            int
		path, after       func(int) schema.PathMatch
		timeout, timedOut func(int) int
		least, most       int // classes
	}{
		{"one is another", 10_000, prefix, prefix, alike, oneOther, 1, 1},
		{"all are others", 3000, prefix, prefix, alike, each, 3000, 3000},
		{"all are elsewhere", 10_000, prefix, moved, alike, alike, 2, 2},
		{"one expression is another", 300, regex, regex, alike, oneOther, 1, 1},
		{"all expressions are others", 100, wide, wider, alike, each, 1, 100*100 + 1},
	} {
		old, new := many(test.routes, test.path, test.timeout), many(test.routes, test.after, test.timedOut)
		r, err := behaviour.Compare(old, new)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(r.Classes); n < test.least || n > test.most {
			t.Errorf("%s: %d classes, want %d to %d", test.name, n, test.least, test.most)
		}
		undecided := 0
		for _, c := range r.Classes {
			if c.Undecided {
				undecided++
			}
		}
		if undecided > 0 && test.least == test.most || undecided > 110 {
			t.Errorf("%s: %d classes are undecided", test.name, undecided)
		}
		var b strings.Builder
		all := []behaviour.Comparison{{Environment: "test", Old: old, New: new, Behaviour: r, Places: diff.Compare(old, new)}}
		if err := behaviour.Write(&b, "markdown", all); err != nil || b.Len() > 65_536 {
			t.Errorf("%s: %d bytes, %v", test.name, b.Len(), err)
		}
	}
}

// onHosts returns a gateway with a route on each host of a listener, and the listener has one host more.
func onHosts(hosts, seconds int) *schema.Gateway {
	g := &schema.Gateway{
		Upstreams: map[string]schema.Upstream{"one": {Endpoints: map[string]schema.Endpoint{"main": {Host: "one.test", Port: 80, Weight: 1}}}},
		APIs:      map[string]schema.API{},
	}
	var l schema.Listener
	for n := range hosts {
		name := fmt.Sprintf("h%d.test", n)
		l.Hosts = append(l.Hosts, name)
		r := schema.Route{Backends: map[string]schema.Backend{"one": {Weight: 1}}}
		r.Timeout = schema.Duration(time.Duration(seconds) * time.Second)
		g.APIs[fmt.Sprint("api", n)] = schema.API{Hosts: []string{name}, Routes: map[string]schema.Route{"r": r}}
	}
	l.Hosts = append(l.Hosts, fmt.Sprintf("only-in-%d.test", seconds))
	g.Listeners = map[string]schema.Listener{"http": l}
	return g
}

// A listener lists many hosts, and all routes on them change: who has a host of its own is not asked about the others'.
func TestManyHostsOfAListener(t *testing.T) {
	const hosts = 2000
	r, err := behaviour.Compare(onHosts(hosts, 3), onHosts(hosts, 2))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Classes) != 1 || len(r.Classes[0].Alike) != hosts-1 || r.Classes[0].Reason != "timeout lowered" {
		t.Errorf("%d classes, want that the timeout of each is lower", len(r.Classes))
	}
}

func BenchmarkCompareHosts(b *testing.B) {
	for _, hosts := range []int{300, 5000} {
		old, new := onHosts(hosts, 3), onHosts(hosts, 2)
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			for b.Loop() {
				if _, err := behaviour.Compare(old, new); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
