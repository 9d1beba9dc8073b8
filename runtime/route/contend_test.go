package route_test

import (
	"math/rand/v2"
	"testing"

	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
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
