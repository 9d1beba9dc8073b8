package check_test

import (
	"net/netip"
	"slices"
	"testing"

	"gwc.dev/compiler/check"
	"gwc.dev/compiler/diag"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/forward"
	"gwc.dev/schema"
)

func TestCheckMatches(t *testing.T) {
	run(t, []test{
		{"no path match", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{} }), []string{
			"error path-match apis.echo.routes.default.match.path: the path match has none of exact, prefix and regex, and needs exactly one",
			`  help: write one of them, for instance path: prefix: "/echo"`,
		}},
		{"two path matches", only(func(r *schema.Route) { r.Match.Path = &schema.PathMatch{Exact: "/a", Prefix: "/b"} }), []string{
			"error path-match apis.echo.routes.default.match.path: the path match has two of exact, prefix and regex, and needs exactly one",
			`  help: write one of them, for instance path: prefix: "/echo"`,
		}},
		{"a value match of nothing", only(func(r *schema.Route) { r.Match.Headers = map[string]schema.ValueMatch{"x-version": {}} }), []string{
			`error value-match apis.echo.routes.default.match.headers.x-version: the match of "x-version" has none of exact, regex and present, and needs exactly one`,
			`  help: write one of them, for instance exact: "v2"`,
		}},
		{"a value match of everything", only(func(r *schema.Route) {
			r.Match.Query = map[string]schema.ValueMatch{"page size": {Exact: ptr("1"), Regex: "1", Present: ptr(true)}}
		}), []string{
			`error value-match apis.echo.routes.default.match.query."page size": the match of "page size" has three of exact, regex and present, and needs exactly one`,
			`  help: write one of them, for instance exact: "v2"`,
		}},
		{"an exact match of the empty value is fine", only(func(r *schema.Route) { r.Match.Query = map[string]schema.ValueMatch{"debug": {Exact: ptr("")}} }), nil},
		{"headers of the connection", only(func(r *schema.Route) {
			r.Match.Headers = map[string]schema.ValueMatch{"Host": {Exact: ptr("a")}, "connection": {Present: ptr(false)}, "expect": {Regex: ".*"}, "x-forwarded-proto": {Exact: ptr("https")}}
		}), []string{
			`error header-unseen apis.echo.routes.default.match.headers.Host: header "Host" belongs to the connection and is never there for a match: no request has it`,
			`  help: write hosts: ["..."] in the API`,
			`error header-unseen apis.echo.routes.default.match.headers.expect: header "expect" belongs to the connection and is never there for a match: no request has it`,
			"  help: match something else, such as a header field of your own",
			`warning header-unseen apis.echo.routes.default.match.headers.connection: header "connection" belongs to the connection and is never there for a match: every request lacks it`,
			"  help: match something else, such as a header field of your own",
		}},
		{"a header that could frame the body", only(func(r *schema.Route) {
			r.Match.Headers = map[string]schema.ValueMatch{"content_length": {Exact: ptr("0")}}
		}), []string{
			`error header-unseen apis.echo.routes.default.match.headers.content_length: header "content_length" is refused with 400, since backends could take it for one that frames the body, and is never there for a match: no request has it`,
			"  help: match something else, such as a header field of your own",
		}},
		{"headers that are removed", only(func(r *schema.Route) {
			r.Match.Headers = map[string]schema.ValueMatch{"X-Real-IP": {Exact: ptr("192.0.2.1")}, "x_forwarded_for": {Present: ptr(false)}, "X-Forwarded-For": {Present: ptr(true)}}
		}), []string{
			`error header-unseen apis.echo.routes.default.match.headers.X-Real-IP: header "X-Real-IP" is removed from every request, since clients could write anything there, and is never there for a match: no request has it`,
			"  help: match something else, such as a header field of your own",
			`warning header-unseen apis.echo.routes.default.match.headers.x_forwarded_for: header "x_forwarded_for" is removed from every request, since clients could write anything there, and is never there for a match: every request lacks it`,
			"  help: match something else, such as a header field of your own",
		}},
		{"headers that no proxy is trusted to write", only(func(r *schema.Route) {
			r.Match.Headers = map[string]schema.ValueMatch{"X-Forwarded-User": {Present: ptr(true)}, "client-cert": {Present: ptr(false)}}
		}), []string{
			`error header-unseen apis.echo.routes.default.match.headers.X-Forwarded-User: header "X-Forwarded-User" is removed from every request, since no proxy is trusted to write it, and is never there for a match: no request has it`,
			"  help: name the proxies that write it in trustedProxies, or match a header field of your own",
			`warning header-unseen apis.echo.routes.default.match.headers.client-cert: header "client-cert" is removed from every request, since no proxy is trusted to write it, and is never there for a match: every request lacks it`,
			"  help: name the proxies that write it in trustedProxies, or match a header field of your own",
		}},
		{"headers that a trusted proxy writes are fine", func(g *schema.Gateway) {
			g.TrustedProxies = []string{"10.0.0.0/8"}
			only(func(r *schema.Route) {
				r.Match.Headers = map[string]schema.ValueMatch{"x-forwarded-user": {Present: ptr(true)}, "client-cert": {Present: ptr(true)}}
			})(g)
		}, nil},
		{"headers that the gateway writes", only(func(r *schema.Route) {
			r.Match.Headers = map[string]schema.ValueMatch{"X-Forwarded-For": {Present: ptr(false)}, "via": {Present: ptr(true)}}
		}), []string{
			`error header-unseen apis.echo.routes.default.match.headers.X-Forwarded-For: header "X-Forwarded-For" is written by the gateway itself and is always there for a match: no request lacks it`,
			"  help: remove the match, and the route if others take its requests",
		}},
		{"what the gateway never writes", only(func(r *schema.Route) {
			r.Match.Headers = map[string]schema.ValueMatch{"X-Forwarded-Proto": {Exact: ptr("https")}}
		}), []string{
			`error route-unreachable apis.echo.routes.default.match.headers.X-Forwarded-Proto: no request reaches route "default": the gateway writes field "X-Forwarded-Proto" itself, and never in this way`,
			"  help: name the proxies before the gateway in trustedProxies, or match what it writes: the scheme, the client's address",
		}},
		{"what the gateway writes at another listener", func(g *schema.Gateway) {
			g.Listeners["secure"] = schema.Listener{Port: 8443, TLS: &schema.ListenerTLS{Certificates: map[string]schema.Certificate{"default": {Secret: "tls"}}}}
			api := g.APIs["echo"]
			api.Listeners = []string{"http"}
			g.APIs["echo"] = api
			only(func(r *schema.Route) {
				r.Match.Headers = map[string]schema.ValueMatch{"X-Forwarded-Proto": {Exact: ptr("https")}}
			})(g)
		}, []string{
			`error route-unreachable apis.echo.routes.default.match.headers.X-Forwarded-Proto: no request reaches route "default": the gateway writes field "X-Forwarded-Proto" itself, and never in this way`,
			"  help: name the proxies before the gateway in trustedProxies, or match what it writes: the scheme, the client's address",
		}},
		{"what the gateway writes at the listener of one host", func(g *schema.Gateway) {
			g.Listeners["secure"] = schema.Listener{
				Port: 8443, Hosts: []string{"secure.test"}, TLS: &schema.ListenerTLS{Certificates: map[string]schema.Certificate{"default": {Secret: "tls"}}},
			}
			api := g.APIs["echo"]
			api.Hosts = []string{"secure.test", "plain.test"}
			g.APIs["echo"] = api
			only(func(r *schema.Route) {
				r.Match.Headers = map[string]schema.ValueMatch{"X-Forwarded-Proto": {Exact: ptr("https")}}
			})(g)
		}, []string{
			`warning route-unreachable apis.echo.routes.default.match: no request for "plain.test" reaches route "default": at no listener that takes it does the gateway write what the match asks for`,
			"  help: match what it writes there, such as the scheme of the listener, or leave the host to another route",
		}},
		{"what a trusted proxy may have written", func(g *schema.Gateway) {
			g.TrustedProxies = []string{"10.0.0.0/8"}
			only(func(r *schema.Route) {
				r.Match.Headers = map[string]schema.ValueMatch{"X-Forwarded-Proto": {Exact: ptr("https")}, "x-forwarded-for": {Regex: `192\.0\.2\.1, .*`}}
			})(g)
		}, nil},
		{"an address that none is", only(func(r *schema.Route) {
			r.Match.Headers = map[string]schema.ValueMatch{"X-Forwarded-For": {Regex: "[g-z]+"}}
		}), []string{
			`error route-unreachable apis.echo.routes.default.match.headers.X-Forwarded-For: no request reaches route "default": the gateway writes field "X-Forwarded-For" itself, and never in this way`,
			"  help: name the proxies before the gateway in trustedProxies, or match what it writes: the scheme, the client's address",
		}},
		{"one header in two cases", only(func(r *schema.Route) {
			r.Match.Headers = map[string]schema.ValueMatch{"x-version": {Exact: ptr("1")}, "X-Version": {Exact: ptr("2")}}
		}), []string{
			`error header-repeated apis.echo.routes.default.match.headers.x-version: "X-Version" and "x-version" are the same header`,
			"  help: keep one of them; the case of a header's name does not count",
			"  apis.echo.routes.default.match.headers.X-Version: the other match",
		}},
	})
}

// What is said of fields about the client is what the gateway makes of them before it looks for a route.
func TestFieldsAboutClientsAreThereAsSaid(t *testing.T) {
	peer := netip.MustParseAddr("10.0.0.1")
	for _, name := range []string{
		"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-User", "X-Forwarded_User",
		"X-Real-Ip", "X-Request-Id", "Client-Cert", "Client_Cert", "Client_Cert-Chain", "Client-Cert-Chain", "X-Client", "Forwarded-For", "X-Version",
	} {
		for _, trusted := range []bool{false, true} {
			there := func(sent bool, host string) bool {
				x := &exchange.Exchange{ID: "1", Request: exchange.Request{Host: host, Authority: host, Scheme: "http"}}
				if sent {
					x.Request.Header.Add(name, "x")
				}
				var proxies []netip.Prefix
				if trusted {
					proxies = append(proxies, netip.PrefixFrom(peer, peer.BitLen()))
				}
				forward.Peer{Address: peer, Via: "1.1 gwproxy"}.Tell(x, proxies)
				return x.Request.Header.Count(name) > 0
			}
			for _, present := range []bool{true, false} {
				g := sound()
				if trusted {
					g.TrustedProxies = []string{peer.String()}
				}
				only(func(r *schema.Route) { r.Match.Headers = map[string]schema.ValueMatch{name: {Present: &present}} })(g)
				said := slices.ContainsFunc(check.Run(g.Resolve()), func(f diag.Finding) bool { return f.Code == "header-unseen" && f.Severity == diag.Error })
				never := true
				for _, host := range []string{"a.test", ""} { // HTTP/1.0 may do without
					never = never && there(true, host) != present && there(false, host) != present
				}
				if said != never {
					t.Errorf("%s, present: %v, trusted proxies: %v: said %v, and no request has it: %v", name, present, trusted, said, never)
				}
			}
		}
	}
}
