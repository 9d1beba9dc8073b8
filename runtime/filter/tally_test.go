package filter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/filter"
)

// A counter is a look-up of labels and a closure, which no refused request pays for twice.
func TestCountersAreLookedUpOnce(t *testing.T) {
	lookups, counted := map[string]int{}, map[string]int{}
	deps := filter.Deps{Count: func(event, api, route, label string) func() {
		name := event + " " + api + "/" + route + " " + label
		lookups[name]++
		return func() { counted[name]++ }
	}}
	g := one(t, deps, `{"backends": {"echo": {}}, "auth": {"apiKey": {"header": "apikey"}},
		"rateLimit": {"w": {"requests": 1, "per": "hour", "by": "ip"}}}`)
	for range 3 {
		g.serve("a/r", get())
		g.serve("a/r", get("apikey", "wrong"))
		g.serve("a/r", get("apikey", "bob's key"))
	}
	const failures, limited = "gwproxy_auth_failures_total a/r ", "gwproxy_rate_limited_total a/r "
	want := map[string]int{failures + "auth-missing": 1, failures + "key-unknown": 1, limited + "w": 1}
	if diff := cmp.Diff(want, lookups); diff != "" {
		t.Errorf("look-ups (-want +got):\n%s", diff)
	}
	want = map[string]int{failures + "auth-missing": 3, failures + "key-unknown": 3, limited + "w": 2}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
