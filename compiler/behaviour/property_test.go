package behaviour_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/behaviour/sample"
	"gwc.dev/schema"
)

var (
	pairs    = flag.Int("pairs", 40, "how many random pairs of gateways are compared")
	requests = flag.Int("requests", 4000, "how many random requests are sent to each pair")
	seed     = flag.Uint64("seed", 1, "what randomness begins with")
)

// places returns the listeners of both sides that clients know by one port, by the name of the new one.
func places(old, new *schema.Gateway) map[string]string {
	out := map[string]string{}
	for name, l := range new.Listeners {
		for before, was := range old.Listeners {
			if was.Port == l.Port && was.Redirect == nil && l.Redirect == nil {
				out[name] = before
			}
		}
	}
	return out
}

func withAlike(classes []*behaviour.Class) (all []*behaviour.Class) {
	for _, c := range classes {
		all = append(append(all, c), c.Alike...)
	}
	return all
}

// A listed is what a report says of a pair of routes at a listener.
type listed map[string][]string

func pairAt(listener, old, new string) string { return listener + ": " + old + " -> " + new }

// Every request that is treated differently lies in a class that names what differs; every class has such a request, and it
// is what the class says. What differs alike is one class.
func TestReportsAreCompleteAndMinimal(t *testing.T) {
	divergences := 0
	for n := range uint64(*pairs) {
		r := rand.New(rand.NewPCG(*seed+n, 3))
		old := sample.Gateway(r)
		new := sample.Edited(r, old)
		if r.IntN(5) == 0 {
			new = sample.Gateway(r)
		}
		divergences += holds(t, fmt.Sprintf("seed %d", *seed+n), r, old, new)
		if t.Failed() {
			a, _ := old.Encode()
			b, _ := new.Encode()
			t.Logf("old: %snew: %s", a, b)
			return
		}
	}
	t.Logf("%d of %d requests were treated differently", divergences, *pairs**requests)
}

// holds holds the report of a pair against what becomes of requests, and returns how many were treated differently.
func holds(t *testing.T, name string, r *rand.Rand, old, new *schema.Gateway) (divergences int) {
	before, after := newWorld(t, old), newWorld(t, new)
	report, err := behaviour.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	at := places(old, new)
	said := listed{}
	seen := map[string]bool{}
	for _, head := range report.Classes {
		if head.Undecided {
			t.Errorf("%s: undecided: %s", name, head.Routes())
		}
		if head.Request == nil {
			continue
		}
		if key := alikeKey(head); key != "" {
			if seen[key] {
				t.Errorf("%s: two classes of what differs alike: %s", name, key)
			}
			seen[key] = true
		}
		for _, c := range withAlike([]*behaviour.Class{head}) {
			for _, listener := range c.Listeners {
				was, is := before.outcome(at[listener], c.Request), after.outcome(listener, c.Request)
				if was.name() != c.Old.String() || is.name() != c.New.String() {
					t.Errorf("%s: %s: %s at %s is said to go from %s to %s, and goes from %s to %s", name, head.Reason, c.Request, listener, c.Old, c.New, was.name(), is.name())
				}
				if len(differ(was, is, c.Request.Path)) == 0 && !strings.HasPrefix(head.Reason, "requests that ") {
					t.Errorf("%s: %s at %s is treated alike by %s and %s: %s %+v", name, c.Request, listener, c.Old, c.New, head.Reason, head.Changes)
				}
				key := pairAt(listener, was.name(), is.name())
				for _, change := range head.Changes {
					field, _, _ := strings.Cut(string(change.Path), ".")
					said[key] = append(said[key], field)
				}
				said[key] = append(said[key], "")
			}
		}
	}
	count := map[string]string{}
	for range *requests {
		request := sample.Request(r)
		for listener, was := range at {
			a, b := before.outcome(was, request), after.outcome(listener, request)
			together(t, name, report, count, listener, a, b)
			in := differ(a, b, request.Path)
			if len(in) == 0 {
				continue
			}
			divergences++
			fields, ok := said[pairAt(listener, a.name(), b.name())]
			if !ok {
				t.Errorf("%s: %s at %s goes from %s to %s, and no class says so: %s", name, request, listener, a.name(), b.name(), in)
				return divergences
			}
			for _, part := range in {
				if part == "answer" || a.preflight || b.preflight || slices.Contains(fields, part) ||
					part == "auth" && slices.Contains(fields, "consumers") || part == "backends" && slices.Contains(fields, "upstreams") {
					continue
				}
				t.Errorf("%s: %s at %s goes from %s to %s, which differ in %s, and the class names %s", name, request, listener, a.name(), b.name(), part, fields)
				return divergences
			}
		}
	}
	return divergences
}

// alikeKey is the same for classes that should be one; "" where there is nothing to compare.
func alikeKey(c *behaviour.Class) string {
	if c.Old == nil || c.New == nil || strings.HasPrefix(c.Reason, "requests that ") {
		return ""
	}
	changes, err := json.Marshal(c.Changes)
	if err != nil {
		panic(err)
	}
	return c.Reason + string(changes)
}

// together holds the report to who shares rate limits: requests that were in one bucket of a limit and are in two of the same
// limit, or the other way round, are a class.
func together(t *testing.T, name string, report *behaviour.Report, seen map[string]string, listener string, a, b outcome) {
	if a.route == nil || b.route == nil || a.preflight || b.preflight {
		return
	}
	was, is := buckets(a), buckets(b)
	for limit, one := range was {
		other, ok := is[limit]
		if !ok || len(one) != 1 || len(other) != 1 { // limits that are the same are one
			continue
		}
		for _, side := range []struct{ from, to, reason string }{
			{"old " + limit + one[0], other[0], "requests that shared a rate limit count apart"},
			{"new " + limit + other[0], one[0], "requests that had rate limits of their own share one"},
		} {
			was, ok := seen[side.from]
			seen[side.from] = side.to
			if ok && was != side.to && !slices.ContainsFunc(report.Classes, func(c *behaviour.Class) bool { return c.Reason == side.reason }) {
				t.Errorf("%s: at %s: %s is both %s and %s, and no class says so", name, listener, side.from, was, side.to)
			}
		}
	}
}

// buckets returns what tells the buckets of a route from others, by what they limit.
func buckets(o outcome) map[string][]string {
	out := map[string][]string{}
	if o.route.Route.RateLimit == nil {
		return out
	}
	for name, w := range o.route.Route.RateLimit.Windows {
		bucket := name
		switch w.Scope {
		case "api":
			bucket += " of API " + o.route.API
		case "route":
			bucket += " of route " + o.name()
		}
		if w.Scope = ""; w.By != "header" {
			w.Header = ""
		}
		if w.By == "consumer" && o.route.Route.Auth == nil {
			w.By = "ip"
		}
		w.Header = strings.ToLower(w.Header)
		limit := fmt.Sprintf("%+v: ", w)
		out[limit] = append(out[limit], bucket)
	}
	return out
}
