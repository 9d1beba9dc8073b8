package routing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/routing"
)

// What patterns have in common, and what listeners take of them, is held to hosts one by one.
func TestPatternsTakeWhatTheySay(t *testing.T) {
	patterns := []string{"", "a.test", "b.a.test", "c.b.a.test", "test", "xa.test", "*.test", "*.a.test", "*.b.a.test", "*.xa.test", "other"}
	hosts := []string{"test", "a.test", "b.a.test", "c.b.a.test", "d.c.b.a.test", "x.a.test", "xa.test", "y.xa.test", "z.test", "other", "none"}
	takes := func(pattern, host string) bool {
		suffix, wild := strings.CutPrefix(pattern, "*")
		return pattern == "" || pattern == host || wild && strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	for _, a := range patterns {
		for _, b := range patterns {
			common, ok := routing.Meet(a, b)
			for _, host := range hosts {
				if got, want := ok && takes(common, host), takes(a, host) && takes(b, host); got != want {
					t.Errorf("%q and %q have %q in common, %t: of host %q %t, want %t", a, b, common, ok, host, got, want)
				}
			}
		}
	}
	for n := range uint64(500) {
		r := rand.New(rand.NewPCG(n, 7))
		var list []string
		for range r.IntN(5) {
			list = append(list, strings.ToUpper(patterns[1+r.IntN(len(patterns)-1)]))
		}
		p := routing.PatternsOf(list)
		for _, pattern := range patterns {
			on := slices.Collect(p.On(pattern))
			what := fmt.Sprintf("of %q a listener of %q takes %q", pattern, list, on)
			some := false
			for _, host := range hosts {
				listed := len(list) == 0 || slices.ContainsFunc(list, func(l string) bool { return takes(strings.ToLower(l), host) })
				want := takes(pattern, host) && listed
				if got := slices.ContainsFunc(on, func(part string) bool { return takes(part, host) }); got != want {
					t.Errorf("%s: of host %q %t, want %t", what, host, got, want)
				}
				some = some || want
			}
			if got := p.Takes(strings.ToUpper(pattern)); got != (len(on) > 0) || some && !got {
				t.Errorf("%s, and says %t", what, got)
			}
		}
	}
}
