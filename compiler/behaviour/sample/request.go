package sample

import (
	"math/rand/v2"
	"strings"

	"gwc.dev/compiler/space"
)

// Request returns a request that is near to what random gateways look at.
func Request(r *rand.Rand) *space.Request {
	out := &space.Request{
		Host: pick(r, "a.test", "b.a.test", "c.b.a.test", "x.a.test", "test", "x.test", "example.com"),
		Path: pick(r, "/", "/a", "/a/", "/a/b", "/a/b/c", "/b", "/ab", "/ac", "/ad", "/A", "/a/7", "/a/x", "/a/77", "/v", "/abc", "/a/b/", "/a/1a"),
		// Others than those that are named.
		Method: pick(r, append(methods(), "GET", "DELETE")...),
	}
	if one(r, 8) {
		out.Header = append(out.Header, space.Field{Name: strings.ToLower(pick(r, about()...)), Value: pick(r, "https", "http", "198.51.100.9", "192.0.2.1")})
	}
	for _, name := range []string{"x-v", "x-w"} {
		if one(r, 3) {
			out.Header = append(out.Header, space.Field{Name: name, Value: pick(r, "1", "2", "12", "3", "")})
		}
	}
	if one(r, 8) {
		out.Header = append(out.Header, space.Field{Name: "origin", Value: "https://a.test"})
		if one(r, 2) {
			out.Method = "OPTIONS"
			out.Header = append(out.Header, space.Field{Name: "access-control-request-method", Value: pick(r, append(methods(), "DELETE")...)})
		}
	}
	if one(r, 3) {
		out.Query = []space.Field{{Name: pick(r, "q", "p"), Value: pick(r, "1", "2", "12", "3", "")}}
		if one(r, 3) {
			out.Query = append(out.Query, space.Field{Name: pick(r, "q", "p"), Value: pick(r, "1", "2", "")})
		}
	}
	return out
}
