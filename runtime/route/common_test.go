package route_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// Each route has the filters that the model gives it, next to routes with almost the same ones.
func TestRoutesShareNothingButWhatIsTheSame(t *testing.T) {
	limit := func(w schema.RateLimitWindow) schema.Filters {
		return schema.Filters{RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"w": w}}}
	}
	window := schema.RateLimitWindow{Requests: 5, Per: "hour", By: "ip", Burst: 5, Scope: "api"}
	header := func(request, response *schema.HeaderChange) schema.Filters {
		return schema.Filters{Headers: &schema.Headers{Request: request, Response: response}}
	}
	set := func(value string) *schema.HeaderChange {
		return &schema.HeaderChange{Set: map[string]string{"x-a": value}}
	}
	add := func(value string) *schema.HeaderChange {
		return &schema.HeaderChange{Add: map[string]string{"x-a": value}}
	}
	remove := func(names ...string) *schema.HeaderChange { return &schema.HeaderChange{Remove: names} }
	key := func(header string) *schema.Auth { return &schema.Auth{APIKey: &schema.APIKeyAuth{Header: header}} }
	filters := []schema.Filters{
		{Auth: key("a")}, {Auth: key("b")}, {Auth: key("b"), Timeout: 1},
		{CORS: &schema.CORS{Origins: []string{"https://a.test"}}}, {CORS: &schema.CORS{Origins: []string{"https://b.test"}}},
		{Retry: &schema.Retry{Attempts: 1}}, {Retry: &schema.Retry{Attempts: 2}},
		limit(window),
		limit(schema.RateLimitWindow{Requests: 6, Per: "hour", By: "ip", Burst: 5, Scope: "api"}),
		limit(schema.RateLimitWindow{Requests: 5, Per: "hour", By: "ip", Burst: 5, Scope: "gateway"}),
		{RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"v": window}}},
		{RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"v": window, "w": window}}},
		header(set("a"), nil), header(set("b"), nil), header(set("b"), set("a")), header(set("b"), set("b")),
		header(nil, set("b")), header(add("a"), set("b")), header(add("b"), set("b")),
		header(remove("x-a"), nil), header(remove("x-a", "x-b"), nil),
	}
	api := schema.API{Routes: map[string]schema.Route{}}
	for i, f := range filters {
		for j := range 2 {
			api.Routes[fmt.Sprintf("r-%02d-%d", i, j)] = schema.Route{Filters: f, Respond: &schema.Respond{}}
		}
	}
	g := (&schema.Gateway{APIs: map[string]schema.API{"a": api}}).Resolve()
	want := map[string]schema.Filters{}
	for name, r := range g.APIs["a"].Routes {
		want[name] = r.Filters
	}
	table, problems := route.Build(decoded(t, g), filter.Deps{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := map[string]schema.Filters{}
	for _, r := range table.Routes() {
		got[r.Name] = r.Route.Filters
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range filters {
		a, b := got[fmt.Sprintf("r-%02d-0", i)], got[fmt.Sprintf("r-%02d-1", i)]
		if a != b {
			t.Errorf("routes with the filters %d have copies of their own", i)
		}
	}
}

// decoded returns g as a proxy gets it, in which no two routes have anything in common.
func decoded(t *testing.T, g *schema.Gateway) *schema.Gateway {
	t.Helper()
	data, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := schema.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
