package policy_test

import (
	"fmt"
	"testing"

	"gwc.dev/policy"
	"gwc.dev/schema"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := policy.New(b.Context(), policy.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	engine := newEngine(b, policy.Options{})
	for _, routes := range []int{10, 1_000, 10_000} {
		for _, kind := range []struct {
			name  string
			route schema.Route
		}{
			{"sound", strict().APIs["echo"].Routes["default"]},
			{"lax", lax().APIs["closed"].Routes["retry"]},
		} {
			b.Run(fmt.Sprintf("%s/%d", kind.name, routes), func(b *testing.B) {
				g := wide(kind.route, routes)
				for b.Loop() {
					evaluate(b, engine, g)
				}
			})
		}
	}
}

// wide returns a production gateway of APIs with five copies of route each.
func wide(route schema.Route, routes int) *schema.Gateway {
	g := &schema.Gateway{Environment: "production", APIs: map[string]schema.API{}}
	for a := range routes / 5 {
		api := schema.API{Owner: "team", Hosts: []string{"api.example.com"}, Routes: map[string]schema.Route{}}
		for r := range 5 {
			api.Routes[fmt.Sprintf("route-%d", r)] = route
		}
		g.APIs[fmt.Sprintf("api-%d", a)] = api
	}
	return g
}

// TestEvaluateGrowsInProportion holds that ten times the routes cost about ten times as much: a rule that
// compares routes with each other would cost a hundred times as much.
func TestEvaluateGrowsInProportion(t *testing.T) {
	engine := newEngine(t, policy.Options{})
	allocations := func(routes int) float64 {
		g := wide(lax().APIs["closed"].Routes["retry"], routes)
		return testing.AllocsPerRun(1, func() {
			if n := len(evaluate(t, engine, g)); n < routes {
				t.Fatalf("%d findings on %d routes", n, routes)
			}
		})
	}
	if small, large := allocations(100), allocations(1000); large > 15*small {
		t.Errorf("100 routes take %.0f allocations, 1000 take %.0f", small, large)
	}
}
