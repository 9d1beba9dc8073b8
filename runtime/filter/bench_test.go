package filter_test

import (
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/limit"
	"gwc.dev/schema"
)

// BenchmarkChain runs the filters of a typical route: key, limit, CORS, headers and rewrite.
func BenchmarkChain(b *testing.B) {
	g := &schema.Gateway{Consumers: map[string]schema.Consumer{"c": {APIKeys: map[string]schema.APIKey{"k": {SHA256: sha256Of("key")}}}}}
	route := &schema.Route{
		Match:   &schema.Match{Path: &schema.PathMatch{Prefix: "/echo"}},
		Rewrite: &schema.Rewrite{Prefix: "/"},
		Filters: schema.Filters{
			Auth:      &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}},
			RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"s": {Requests: limit.MaxRequests, Per: "second", By: "consumer"}}},
			CORS:      &schema.CORS{Origins: []string{"https://app.test"}},
			Headers: &schema.Headers{
				Request:  &schema.HeaderChange{Set: map[string]string{"x-api-version": "v1"}},
				Response: &schema.HeaderChange{Remove: []string{"server"}},
			},
		},
	}
	chain, problems := filter.NewBuilder(g, filter.Deps{}).Build(filter.Place{Gateway: g, API: "a", Name: "r", Route: route})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	header := exchange.Header{{Name: "accept", Value: "*/*"}, {Name: "apikey", Value: "key"}, {Name: "origin", Value: "https://app.test"}}
	answer := exchange.Header{{Name: "server", Value: "x"}, {Name: "content-type", Value: "text/plain"}}
	x := get()
	b.ReportAllocs()
	for b.Loop() {
		x.Request.Header = append(x.Request.Header[:0], header...)
		x.Request.Path = "/echo/a"
		x.Owed = x.Owed[:0]
		seen, answered := chain.Request(x)
		if answered {
			b.Fatal(x.Reason)
		}
		x.Response.Header = append(x.Response.Header[:0], answer...)
		chain.Response(x, seen)
	}
}
