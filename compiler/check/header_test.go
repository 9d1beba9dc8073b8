package check_test

import (
	"slices"
	"testing"

	"gwc.dev/compiler/check"
	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// Whatever the wires would leave out of what is set is reported, rather than set without effect.
func TestNoFieldOfTheConnectionIsChanged(t *testing.T) {
	for _, f := range header.Fields() {
		g := sound()
		headers(schema.Headers{Request: &schema.HeaderChange{Set: map[string]string{f.Name: "x"}}})(g)
		found := slices.ContainsFunc(check.Run(g.Resolve()), func(f diag.Finding) bool { return f.Code == "header-forbidden" })
		if found != header.IsWire(f.Name) {
			t.Errorf("%s: found %v", f.Name, found)
		}
	}
}

func TestCheckHeaders(t *testing.T) {
	run(t, []test{
		{"what belongs to the connection", headers(schema.Headers{Request: &schema.HeaderChange{
			Set:    map[string]string{"Connection": "close", "host": "x", "x-ok": "1"},
			Add:    map[string]string{"Transfer-Encoding": "chunked"},
			Remove: []string{"x-fine", "Content-Length"},
		}}), []string{
			`error header-forbidden apis.echo.routes.default.headers.request.add.Transfer-Encoding: header "Transfer-Encoding" belongs to the connection and cannot be changed`,
			"  help: remove it; the proxy writes it for each connection",
			`error header-forbidden apis.echo.routes.default.headers.request.remove.1: header "Content-Length" belongs to the connection and cannot be changed`,
			"  help: remove it; the proxy writes it for each connection",
			`error header-forbidden apis.echo.routes.default.headers.request.set.Connection: header "Connection" belongs to the connection and cannot be changed`,
			"  help: remove it; the proxy writes it for each connection",
			`error header-forbidden apis.echo.routes.default.headers.request.set.host: header "Host" cannot be changed as a header`,
			`  help: write rewrite: host: "..." instead`,
		}},
		{"a fixed response", func(g *schema.Gateway) {
			g.APIs["echo"].Routes["ok"] = schema.Route{
				Match: prefix("/ok"), Respond: &schema.Respond{Headers: map[string]string{"content-length": "0"}},
			}
		}, []string{
			`error header-forbidden apis.echo.routes.ok.respond.headers.content-length: header "content-length" belongs to the connection and cannot be changed`,
			"  help: remove it; the proxy writes it for each connection",
		}},
		{"a claim", only(func(r *schema.Route) {
			r.Auth.JWT = &schema.JWTAuth{
				JWKS:          schema.JWKS{URL: "https://issuer.example.com/keys"},
				ForwardClaims: map[string]string{"Host": "host", "x-user": "sub", "X-User": "name"},
			}
		}), []string{
			`error header-forbidden apis.echo.routes.default.auth.jwt.forwardClaims.Host: header "Host" cannot be changed as a header`,
			`  help: write rewrite: host: "..." instead`,
			`error header-repeated apis.echo.routes.default.auth.jwt.forwardClaims.x-user: "X-User" and "x-user" are the same header`,
			"  help: keep one of them; the case of a header's name does not count",
			"  apis.echo.routes.default.auth.jwt.forwardClaims.X-User: the other value",
		}},
		{"set and removed, and removed twice", headers(schema.Headers{Response: &schema.HeaderChange{
			Set: map[string]string{"Server": "gwc"}, Remove: []string{"server", "x-a", "X-A"},
		}}), []string{
			`warning header-repeated apis.echo.routes.default.headers.response.remove.0: header "server" is removed and set`,
			"  help: leave it to set, which replaces whatever is there",
			"  apis.echo.routes.default.headers.response.set.Server: set here",
			`warning header-repeated apis.echo.routes.default.headers.response.remove.2: header "X-A" is removed twice`,
			"  help: keep one of them; the case of a header's name does not count",
		}},
		{"set in two cases", headers(schema.Headers{Request: &schema.HeaderChange{Set: map[string]string{"X-A": "1", "x-a": "2"}}}), []string{
			`error header-repeated apis.echo.routes.default.headers.request.set.x-a: "X-A" and "x-a" are the same header`,
			"  help: keep one of them; the case of a header's name does not count",
			"  apis.echo.routes.default.headers.request.set.X-A: the other value",
		}},
		{"set and added is fine", headers(schema.Headers{Request: &schema.HeaderChange{
			Set: map[string]string{"x-a": "1"}, Add: map[string]string{"X-A": "2"},
		}}), nil},
	})
}

func headers(h schema.Headers) func(*schema.Gateway) {
	return only(func(r *schema.Route) { r.Headers = &h })
}
