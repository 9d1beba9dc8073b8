package schema_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema"
)

const seconds = schema.Duration(time.Second)

func window(scope, by string) *schema.RateLimit {
	return &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{
		"w": {Requests: 5, Per: "minute", By: by, Burst: 5, Scope: scope},
	}}
}

// The nearest filter wins, whole filter by whole filter.
func TestResolveInherits(t *testing.T) {
	key := func(header string) *schema.Auth { return &schema.Auth{APIKey: &schema.APIKeyAuth{Header: header}} }
	off := &schema.Auth{Disabled: true}
	for _, tt := range []struct {
		title                     string
		gateway, api, route, want schema.Filters
	}{
		{title: "nothing anywhere"},
		{
			title:   "from the gateway",
			gateway: schema.Filters{Auth: key("g"), Timeout: 3 * seconds},
			want:    schema.Filters{Auth: key("g"), Timeout: 3 * seconds},
		},
		{
			title:   "the API before the gateway",
			gateway: schema.Filters{Auth: key("g"), Timeout: 3 * seconds},
			api:     schema.Filters{Auth: key("a")},
			want:    schema.Filters{Auth: key("a"), Timeout: 3 * seconds},
		},
		{
			title:   "the route before both",
			gateway: schema.Filters{Timeout: 3 * seconds},
			api:     schema.Filters{Timeout: 2 * seconds},
			route:   schema.Filters{Timeout: seconds},
			want:    schema.Filters{Timeout: seconds},
		},
		{
			title:   "the nearest bound on bodies",
			gateway: schema.Filters{MaxBodyBytes: 100},
			api:     schema.Filters{MaxBodyBytes: 10},
			want:    schema.Filters{MaxBodyBytes: 10},
		},
		{
			title: "whole filters are replaced, not merged",
			api:   schema.Filters{CORS: &schema.CORS{Origins: []string{"*"}, Credentials: true}},
			route: schema.Filters{CORS: &schema.CORS{Origins: []string{"https://a"}}},
			want:  schema.Filters{CORS: &schema.CORS{Origins: []string{"https://a"}}},
		},
		{title: "turned off at the route", api: schema.Filters{Auth: key("a")}, route: schema.Filters{Auth: off}},
		{title: "turned off at the API", gateway: schema.Filters{Auth: key("g")}, api: schema.Filters{Auth: off}},
		{
			title:   "turned on again at the route",
			gateway: schema.Filters{Auth: key("g")}, api: schema.Filters{Auth: off}, route: schema.Filters{Auth: key("r")},
			want: schema.Filters{Auth: key("r")},
		},
		{
			title: "every filter can be turned off",
			api: schema.Filters{
				RateLimit: window("", "ip"), CORS: &schema.CORS{}, Headers: &schema.Headers{}, Retry: &schema.Retry{},
			},
			route: schema.Filters{
				RateLimit: &schema.RateLimit{Disabled: true}, CORS: &schema.CORS{Disabled: true},
				Headers: &schema.Headers{Disabled: true}, Retry: &schema.Retry{Disabled: true},
			},
		},
		{
			title:   "a limit's windows are counted where it is written: gateway",
			gateway: schema.Filters{RateLimit: window("", "")}, want: schema.Filters{RateLimit: window("gateway", "ip")},
		},
		{title: "API", api: schema.Filters{RateLimit: window("", "ip")}, want: schema.Filters{RateLimit: window("api", "ip")}},
		{title: "route", route: schema.Filters{RateLimit: window("", "ip")}, want: schema.Filters{RateLimit: window("route", "ip")}},
		{
			title: "a limit by route is each route's own",
			api:   schema.Filters{RateLimit: window("", "route")}, want: schema.Filters{RateLimit: window("route", "route")},
		},
		{title: "a limit without windows is none", route: schema.Filters{RateLimit: &schema.RateLimit{}}},
	} {
		t.Run(tt.title, func(t *testing.T) {
			g := &schema.Gateway{
				Filters: tt.gateway,
				APIs:    map[string]schema.API{"a": {Filters: tt.api, Routes: map[string]schema.Route{"r": {Filters: tt.route}}}},
			}
			before, err := g.Encode()
			if err != nil {
				t.Fatal(err)
			}
			once := g.Resolve()
			if diff := cmp.Diff(tt.want, once.APIs["a"].Routes["r"].Filters); diff != "" {
				t.Errorf("filters of the route (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(schema.Filters{}, once.APIs["a"].Filters); diff != "" {
				t.Errorf("filters left at the API (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(once, once.Resolve()); diff != "" {
				t.Errorf("resolving twice (-once +twice):\n%s", diff)
			}
			after, err := g.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(before), string(after)); diff != "" {
				t.Errorf("Resolve changed its receiver (-before +after):\n%s", diff)
			}
		})
	}
}

func TestResolveFillsInTheMatch(t *testing.T) {
	any := &schema.Match{Path: &schema.PathMatch{Prefix: "/"}}
	exact := &schema.Match{Path: &schema.PathMatch{Exact: "/a"}}
	for _, tt := range []struct {
		title     string
		has, want *schema.Match
	}{
		{"no match", nil, any},
		{"no path", &schema.Match{Methods: []string{"GET"}}, &schema.Match{Path: any.Path, Methods: []string{"GET"}}},
		{"a path", exact, exact},
	} {
		t.Run(tt.title, func(t *testing.T) {
			g := &schema.Gateway{APIs: map[string]schema.API{"a": {Routes: map[string]schema.Route{"r": {Match: tt.has}}}}}
			if diff := cmp.Diff(tt.want, g.Resolve().APIs["a"].Routes["r"].Match); diff != "" {
				t.Errorf("match (-want +got):\n%s", diff)
			}
		})
	}
}
