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
	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

var (
	pairs    = flag.Int("pairs", 40, "how many random pairs of gateways are compared")
	requests = flag.Int("requests", 4000, "how many random requests are sent to each pair")
	seed     = flag.Uint64("seed", 1, "what randomness begins with")
)

// places returns the listeners of both sides that clients know by one port, or that have one name and no other's port, by the
// name of the new one.
func places(old, new *schema.Gateway) map[string]string {
	out := map[string]string{}
	for name, l := range new.Listeners {
		if was, ok := old.Listeners[name]; ok && !hasPort(old, l.Port) && !hasPort(new, was.Port) {
			out[name] = name
		}
		for before, was := range old.Listeners {
			if was.Port == l.Port {
				out[name] = before
			}
		}
		if l.Redirect != nil || old.Listeners[out[name]].Redirect != nil {
			delete(out, name)
		}
	}
	return out
}

func hasPort(g *schema.Gateway, port int) bool {
	for _, l := range g.Listeners {
		if l.Port == port {
			return true
		}
	}
	return false
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
	worst := map[string]diff.Class{}
	seen := map[string]bool{}
	for _, head := range report.Classes {
		if head.Undecided {
			t.Errorf("%s: undecided: %s", name, head.Routes())
		}
		if head.Reason == "" || head.Old != nil && head.New != nil && len(head.Changes) == 0 && !strings.HasPrefix(head.Reason, "preflights ") {
			t.Errorf("%s: %s at %v is treated differently, and it is not said in what", name, head.Request, head.Listeners)
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
				by := somebody{nobody.address, c.Told}
				was, is := before.outcome(at[listener], c.Request, by), after.outcome(listener, c.Request, by)
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
				worst[key] = max(worst[key], head.Severity)
			}
		}
	}
	count := map[string]string{}
	for range *requests {
		request, by := sample.Request(r), nobody
		if r.IntN(4) == 0 && slices.Equal(slices.Sorted(slices.Values(old.TrustedProxies)), slices.Sorted(slices.Values(new.TrustedProxies))) {
			by.address = "10.1.2.3" // which may be a proxy's
		}
		for listener, was := range at {
			a, b := before.outcome(was, request, by), after.outcome(listener, request, by)
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
			if least := leastOf(a, b); worst[pairAt(listener, a.name(), b.name())] < least {
				t.Errorf("%s: %s at %s goes from %s to %s, which is %s at least: %s", name, request, listener, a.name(), b.name(), least, in)
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

// leastOf is the least class that what two outcomes of a request differ in is to be of.
func leastOf(a, b outcome) diff.Class {
	switch {
	case b.route == nil:
		return diff.Breaking
	case a.route == nil && b.route.Route.Auth == nil:
		return diff.Risky
	case a.route == nil || a.preflight || b.preflight:
		return diff.Safe
	}
	was, is := a.route.Route, b.route.Route
	least := diff.Safe
	bound := func(was, is int64) { // 0: there is none
		switch {
		case is > 0 && (was == 0 || is < was):
			least = diff.Breaking
		case was != is:
			least = max(least, diff.Risky)
		}
	}
	there := func(was, is bool) {
		switch {
		case is && !was:
			least = diff.Breaking
		case was && !is:
			least = max(least, diff.Risky)
		}
	}
	bound(int64(was.MaxBodyBytes), int64(is.MaxBodyBytes))
	there(was.Auth != nil, is.Auth != nil)
	there(was.RateLimit != nil, is.RateLimit != nil)
	there(is.CORS != nil, was.CORS != nil) // it lets pages in
	if a.parts["calls"] == `"yes"` && b.parts["calls"] == `"yes"` {
		bound(int64(was.Timeout), int64(is.Timeout))
	}
	if was.Auth != nil && is.Auth != nil {
		there(was.Auth.APIKey == nil, is.Auth.APIKey == nil)
		there(was.Auth.JWT == nil, is.Auth.JWT == nil)
	}
	if was.CORS != nil && is.CORS != nil {
		there(!was.CORS.Credentials, !is.CORS.Credentials)
	}
	return least
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
