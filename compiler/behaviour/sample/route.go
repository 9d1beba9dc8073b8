package sample

import (
	"maps"
	"math/rand/v2"
	"slices"

	"gwc.dev/schema"
)

func methods() []string { return []string{"GET", "POST", "PUT", "OPTIONS"} }

// about are fields that the gateway writes about the client, or takes from proxies alone.
func about() []string { return []string{"X-Forwarded-Proto", "X-Forwarded-For", "X-Forwarded-User"} }

func randomValue(r *rand.Rand) schema.ValueMatch {
	return pick(r,
		schema.ValueMatch{Exact: ptr("1")}, schema.ValueMatch{Exact: ptr("2")}, schema.ValueMatch{Regex: "[12]"},
		schema.ValueMatch{Regex: "1.*"}, schema.ValueMatch{Present: ptr(true)}, schema.ValueMatch{Present: ptr(false)}, schema.ValueMatch{Exact: ptr("")})
}

func randomMatch(r *rand.Rand) *schema.Match {
	if one(r, 20) {
		return nil
	}
	m := &schema.Match{Path: pick(r,
		&schema.PathMatch{Exact: "/a"}, &schema.PathMatch{Exact: "/a/b"}, &schema.PathMatch{Exact: "/a/"}, &schema.PathMatch{Prefix: "/"},
		&schema.PathMatch{Prefix: "/a/"}, &schema.PathMatch{Prefix: "/a"}, &schema.PathMatch{Prefix: "/a/b"}, &schema.PathMatch{Prefix: "/%61/b"},
		&schema.PathMatch{Regex: "/a.*"}, &schema.PathMatch{Regex: "/(a/)?b"}, &schema.PathMatch{Regex: "/a/[0-9]+"},
		&schema.PathMatch{Regex: `/a/\d+`}, &schema.PathMatch{Regex: "/a(b|c)"}, &schema.PathMatch{Regex: "(?i)/A"},
		&schema.PathMatch{Regex: "/[^/]+"}, &schema.PathMatch{Regex: "/(?:a/)*b"}, &schema.PathMatch{Regex: "^/a/b$"}, &schema.PathMatch{Regex: `/\w{2}`}, &schema.PathMatch{Regex: ".*[^/]"})}
	if one(r, 2) {
		m.Methods = some(r, methods()...)
	}
	if one(r, 4) {
		m.Headers = map[string]schema.ValueMatch{pick(r, "X-V", "x-w"): randomValue(r)}
	}
	if one(r, 12) {
		m.Headers = map[string]schema.ValueMatch{"Origin": {Present: ptr(one(r, 2))}}
	}
	if one(r, 12) {
		m.Headers = map[string]schema.ValueMatch{"Access-Control-Request-Method": pick(r, schema.ValueMatch{Present: ptr(true)}, schema.ValueMatch{Exact: ptr("PUT")})}
	}
	if one(r, 12) {
		m.Headers = map[string]schema.ValueMatch{"X-V": randomValue(r), "x-w": randomValue(r)}
	}
	if one(r, 16) {
		m.Headers = map[string]schema.ValueMatch{pick(r, about()...): pick(r,
			schema.ValueMatch{Exact: ptr("https")}, schema.ValueMatch{Exact: ptr("http")}, schema.ValueMatch{Regex: "198[.].*"}, schema.ValueMatch{Present: ptr(true)}, schema.ValueMatch{Present: ptr(false)})}
	}
	if one(r, 4) {
		m.Query = map[string]schema.ValueMatch{"q": randomValue(r)}
		if one(r, 3) {
			m.Query["p"] = randomValue(r)
		}
	}
	return m
}

func randomRoute(r *rand.Rand) schema.Route {
	out := schema.Route{Match: randomMatch(r), Filters: randomFilters(r, 5)}
	prefixed := out.Match == nil || out.Match.Path.Prefix != ""
	switch r.IntN(4) {
	case 0:
		out.Respond = &schema.Respond{Status: pick(r, 0, 200, 201), Body: pick(r, "", "hello")}
		if one(r, 4) {
			out.Respond.Headers = map[string]string{pick(r, "X-A", "x-a"): "1"}
		}
		if one(r, 6) {
			out.Respond.Headers = map[string]string{"Content-Type": pick(r, "text/plain; charset=utf-8", "text/html")}
		}
	case 1:
		out.Redirect = &schema.Redirect{
			Status: pick(r, 0, 301, 302), Scheme: pick(r, "", "https", "http"), Host: pick(r, "", "c.test", "C.test"), Port: pick(r, 0, 0, 0, 80, 443, 8443),
		}
		if prefixed && out.Match != nil && one(r, 3) {
			out.Redirect.Path = &schema.RedirectPath{Prefix: pick(r, "/v", "/v/b", "/")}
		} else if one(r, 3) {
			out.Redirect.Path = &schema.RedirectPath{Full: pick(r, "/v", "/v/b", "/")}
		}
	default:
		out.Backends = map[string]schema.Backend{pick(r, "u0", "u1"): {Weight: pick(r, 1, 2)}}
		if one(r, 3) {
			out.Backends[pick(r, "u1", "u2")] = schema.Backend{Weight: pick(r, 0, 1, 2)}
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(out.Backends)), func(b schema.Backend) bool { return b.Weight > 0 }) {
			out.Backends["u0"] = schema.Backend{Weight: 1}
		}
		switch {
		case one(r, 3) && prefixed && out.Match != nil:
			out.Rewrite = &schema.Rewrite{Prefix: pick(r, "/v", "/v/b", "/", "/a")}
		case one(r, 4):
			out.Rewrite = &schema.Rewrite{Full: pick(r, "/v", "/v/b", "/", "/a")}
		case one(r, 4):
			out.Rewrite = &schema.Rewrite{Host: pick(r, "c.test", "C.test")}
		}
		if out.Rewrite != nil && one(r, 4) {
			out.Rewrite.Host = "d.test"
		}
	}
	return out
}
