package route_test

import (
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/route"
)

func TestAPathThatLeadsToTwoRoutesIsAmbiguous(t *testing.T) {
	table := build(t, `{"api": {"routes": {
		"root":    {"backends": {"echo": {}}},
		"admin":   {"match": {"path": {"prefix": "/admin"}}, "backends": {"echo": {}}},
		"secret":  {"match": {"path": {"exact": "/a/secret"}}, "backends": {"echo": {}}},
		"write":   {"match": {"path": {"prefix": "/open"}, "methods": ["POST"]}, "backends": {"echo": {}}},
		"fixed":   {"match": {"path": {"prefix": "/fixed"}}, "respond": {"status": 404}}
	}}}`)
	tests := map[string]bool{
		"/admin":             false,
		"/admin/a%2Fb;c":     false, // the same route, however it is read
		"/x/y%2Fz":           false,
		"/@scope%2Fname":     false,
		"/x;v=1/y":           false,
		"/%25":               false,
		"/fixed;a/b%2Fc":     true, // a route that answers itself may be there to hide what is below
		"/admin%2F":          true,
		"/admin%2Fusers":     true,
		"/%2Fadmin":          true,
		"/%2F%2Fadmin/users": true,
		"/admin%5Cusers":     true,
		"/admin;":            true,
		"/admin;a/users":     true,
		"/;/admin":           true,
		"/admin%3Ba":         true,
		"/admin;a%2Fusers":   true,
		"/admin%2F;a%5Cb":    true,
		"/;a%2Fadmin":        true, // decoded first, cut after: /;a/admin, then /admin
		"/a%2Fsecret":        true,
		"/a/secret;":         true,
		"/open%2Fa":          false, // of the other route's methods only POST
	}
	for path, want := range tests {
		r := &exchange.Request{Method: "GET", Host: "api.test", Path: path}
		if normal, ok := route.Normalize(path); !ok || normal != path {
			t.Fatalf("%q is not in normal form", path)
		}
		found := table.Match("http", r)
		if got := table.Ambiguous("http", r, found); got != want {
			t.Errorf("%q, taken by %s: ambiguous %v, want %v", path, found.Name, got, want)
		}
	}
}
