package filter_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/limit"
	"gwc.dev/schema"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestRateLimitTellsTheClientWhereItStands(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	var counted events
	g := one(t, filter.Deps{Limits: limit.New(limit.Options{Now: c.Now}), Count: counted.count}, `{"backends": {"echo": {}},
		"rateLimit": {"perMinute": {"requests": 5, "per": "minute", "burst": 2}, "perDay": {"requests": 10, "per": "day"}}}`)
	g.backend = func(x *exchange.Exchange) { x.Response.Header.Add("ratelimit", "of the backend") }
	steps := []struct {
		after  time.Duration
		status int
		want   []string
	}{
		{0, 200, []string{`RateLimit: "perDay";r=9;t=8640, "perMinute";r=1;t=12`}},
		{0, 200, []string{`RateLimit: "perDay";r=8;t=17280, "perMinute";r=0;t=24`}},
		{500 * time.Millisecond, 429, []string{"Retry-After: 12", `RateLimit: "perDay";r=8;t=17280, "perMinute";r=0;t=24`}},
		{11500 * time.Millisecond, 200, []string{`RateLimit: "perDay";r=7;t=25908, "perMinute";r=0;t=24`}},
	}
	for i, step := range steps {
		c.now = c.now.Add(step.after)
		x := get()
		passed := g.serve("a/r", x)
		if passed != (step.status == 200) || x.Response.Status != step.status {
			t.Errorf("step %d: status %d, want %d", i, x.Response.Status, step.status)
		}
		if diff := cmp.Diff(step.want, lines(x.Response.Header, "ratelimit:", "retry-after:")); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
		if got := x.Response.Header.Get("RateLimit-Policy"); got != `"perDay";q=10;w=86400, "perMinute";q=5;w=60` {
			t.Errorf("step %d: policy %s", i, got)
		}
		if step.status == 429 && x.Reason != "rate-limited" {
			t.Errorf("reason %q", x.Reason)
		}
	}
	if diff := cmp.Diff(events{schema.MetricLimited + " a/r perMinute"}, counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

func TestRateLimitCountsBy(t *testing.T) {
	from := func(ip string, header ...string) *exchange.Exchange {
		x := get(header...)
		x.Client = netip.MustParseAddr(ip)
		return x
	}
	tests := []struct {
		name, window string
		first, then  *exchange.Exchange
		shared       bool
	}{
		{"the same address", `"by": "ip"`, from("192.0.2.1"), from("192.0.2.1"), true},
		{"another address", `"by": "ip"`, from("192.0.2.1"), from("192.0.2.2"), false},
		{"an IPv4 address in IPv6 clothes", `"by": "ip"`, from("192.0.2.1"), from("::ffff:192.0.2.1"), true},
		{"the same /64", `"by": "ip"`, from("2001:db8::1"), from("2001:db8::ffff:0:0:1"), true},
		{"another /64", `"by": "ip"`, from("2001:db8::1"), from("2001:db8:0:1::1"), false},
		{"a zone", `"by": "ip"`, from("fe80::1%eth0"), from("fe80::1%eth1"), true},
		{"the same header", `"by": "header", "header": "X-Tenant"`, from("192.0.2.1", "x-tenant", "a"), from("192.0.2.2", "x-tenant", "a"), true},
		{"another header", `"by": "header", "header": "X-Tenant"`, from("192.0.2.1", "x-tenant", "a"), from("192.0.2.1", "x-tenant", "b"), false},
		{"no header: the address", `"by": "header", "header": "X-Tenant"`, from("192.0.2.1"), from("192.0.2.1"), true},
		{"no header and another address", `"by": "header", "header": "X-Tenant"`, from("192.0.2.1"), from("192.0.2.2"), false},
		{"the whole route", `"by": "route"`, from("192.0.2.1"), from("2001:db8::1"), true},
		{"no consumer: the address", `"by": "consumer"`, from("192.0.2.1"), from("192.0.2.1"), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := one(t, filter.Deps{}, `{"backends": {"echo": {}}, "rateLimit": {"w": {"requests": 1, "per": "day", `+test.window+`}}}`)
			if !g.serve("a/r", test.first) {
				t.Fatal("the first request is refused")
			}
			if got := !g.serve("a/r", test.then); got != test.shared {
				t.Errorf("refused: %v, want %v", got, test.shared)
			}
		})
	}
}

func TestRateLimitCountsByConsumer(t *testing.T) {
	g := one(t, filter.Deps{Secrets: secrets{"ann/key": "first key"}.staged()}, `{"backends": {"echo": {}}, "auth": {"apiKey": {}},
		"rateLimit": {"w": {"requests": 1, "per": "day", "by": "consumer"}}}`)
	var got []int
	for _, key := range []string{"first key", "second key", "bob's key", "wrong", ""} {
		x := get("apikey", key)
		g.serve("a/r", x)
		got = append(got, x.Response.Status)
	}
	// Both of ann's keys are ann; strangers are refused before they are counted.
	if diff := cmp.Diff([]int{200, 429, 200, 401, 401}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRateLimitIsSharedWhereItIsWritten(t *testing.T) {
	const model = `{
		"a": {"rateLimit": {"w": {"requests": %d, "per": "day"}}, "routes": {"r": {"respond": {}}, "s": {"respond": {}},
			"own": {"respond": {}, "rateLimit": {"w": {"requests": %[1]d, "per": "day"}}}}},
		"b": {"rateLimit": {"w": {"requests": %[1]d, "per": "day"}}, "routes": {"r": {"respond": {}}}}}`
	store := limit.New(limit.Options{})
	statuses := func(g *gateway, routes ...string) (got []int) {
		for _, r := range routes {
			x := get()
			g.serve(r, x)
			got = append(got, x.Response.Status)
		}
		return got
	}
	g := newGateway(t, filter.Deps{Limits: store}, fmt.Sprintf(model, 1))
	if diff := cmp.Diff([]int{200, 429, 200, 200, 429}, statuses(g, "a/r", "a/s", "a/own", "b/r", "b/r")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	same := newGateway(t, filter.Deps{Limits: store}, fmt.Sprintf(model, 1))
	if diff := cmp.Diff([]int{429, 429}, statuses(same, "a/s", "a/own")); diff != "" {
		t.Errorf("a new table with the same windows (-want +got):\n%s", diff)
	}
	changed := newGateway(t, filter.Deps{Limits: store}, fmt.Sprintf(model, 2))
	if diff := cmp.Diff([]int{200, 200, 429}, statuses(changed, "a/r", "a/r", "a/r")); diff != "" {
		t.Errorf("a new table with other windows (-want +got):\n%s", diff)
	}
}

func TestRateLimitConfigurationThatIsRefused(t *testing.T) {
	_, problems := compile(t, filter.Deps{}, `{"a": {"routes": {"r": {"respond": {}, "rateLimit": {
		"a": {"requests": 0, "per": "minute"}, "b": {"requests": 1, "per": "week"}, "c": {"requests": 1, "per": "day", "by": "header"},
		"d": {"requests": 1, "per": "day", "by": "phase"}, "e\"": {"requests": 1, "per": "day"}, "f": {"requests": 1, "per": "day", "burst": 2000000000},
		"g": {"requests": 1, "per": "day", "scope": "world"}}}}}}`)
	want := []string{
		"apis.a.routes.r.rateLimit.a rate-limit", "apis.a.routes.r.rateLimit.b.per rate-limit", "apis.a.routes.r.rateLimit.c.header rate-limit-header",
		"apis.a.routes.r.rateLimit.d.by rate-limit", `apis.a.routes.r.rateLimit."e\"" name`, "apis.a.routes.r.rateLimit.f rate-limit",
		"apis.a.routes.r.rateLimit.g.scope rate-limit",
	}
	if diff := cmp.Diff(want, codes(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
