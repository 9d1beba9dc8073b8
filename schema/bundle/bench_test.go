package bundle_test

import (
	"fmt"
	"testing"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

// large returns an environment of so many routes, five an API.
func large(routes int) bundle.Contents {
	c := contents()
	c.Gateway.APIs, c.Positions = map[string]schema.API{}, map[string]string{}
	for i := range routes / 5 {
		api := schema.API{Owner: "team", Hosts: []string{fmt.Sprintf("api-%d.example.com", i)}, Routes: map[string]schema.Route{}}
		for j := range 5 {
			api.Routes[fmt.Sprintf("route-%d", j)] = schema.Route{
				Match:    &schema.Match{Path: &schema.PathMatch{Prefix: fmt.Sprintf("/v%d/things", j)}, Methods: []string{"GET", "POST"}},
				Backends: map[string]schema.Backend{"echo": {Weight: 90}, "other": {Weight: 10}},
				Filters: schema.Filters{
					Auth:      &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}},
					RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"perMinute": {Requests: 5, Per: "minute", By: "consumer", Scope: "api"}}},
				},
			}
			for _, field := range []string{"match.path.prefix", "backends.echo.weight", "backends.other.weight", "timeout"} {
				c.Positions[fmt.Sprintf("apis.api-%d.routes.route-%d.%s", i, j, field)] = fmt.Sprintf("api-%d.cue:%d:9", i, j*7+3)
			}
		}
		c.Gateway.APIs[fmt.Sprintf("api-%d", i)] = api
	}
	return c
}

func BenchmarkOpen(b *testing.B) {
	k := ed25519Key(b, 1)
	for _, routes := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(routes), func(b *testing.B) {
			data := seal(b, large(routes), k)
			trust := trusting(k)
			for b.Loop() {
				if _, err := bundle.Open(data, trust); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(data)), "bytes")
		})
	}
}
