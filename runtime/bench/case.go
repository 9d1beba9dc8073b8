package main

import (
	"fmt"
	"slices"
	"strings"
)

// A benchCase is one kind of work: who does it, round after round, and what gwproxy is to reach.
type benchCase struct {
	name, title string
	contenders  []contender
	targets     []target
}

// A contender is a proxy with its part in a case.
type contender struct {
	name string // the column of the report
	load load
}

// A target bounds the ratio of gwproxy's CPU time a request to a peer's; or from below, of its throughput.
type target struct {
	peer       string
	bound      float64
	throughput bool
}

// caseNames are the cases in the order that they run and are reported in.
var caseNames = []string{
	"plain", "filters", "jwt", "tls", "large-down", "large-up", "http2", "grpc", "routes", "memory",
}

func checkNames(names []string) error {
	for _, name := range names {
		if !slices.Contains(caseNames, name) {
			return fmt.Errorf("there is no case %q, but %s", name, strings.Join(caseNames, ", "))
		}
	}
	return nil
}

// told asks a proxy what the backend is told: all tell theirs who the client is.
func told(port int) *load {
	address := fmt.Sprintf("127.0.0.1:%d", port)
	return &load{url: "http://" + address + "/told", fields: map[string]string{
		"Told-For": "127.0.0.1", "Told-Proto": "http", "Told-Host": address, "Told-Id": "*",
	}}
}

// cases returns those that all proxies of the site take part in. Where nginx has no such filters, it serves the plain
// request: what is measured is what gwproxy takes on top.
func (s *site) cases() []benchCase {
	plainPorts := map[string]int{
		"nginx": s.NginxPlain, "haproxy": s.HAProxyPlain, "caddy": s.CaddyPlain, "gwproxy": s.GwproxyPlain,
	}
	tlsPorts := map[string]int{
		"nginx": s.NginxTLS, "haproxy": s.HAProxyTLS, "caddy": s.CaddyTLS, "gwproxy": s.GwproxyTLS,
	}
	plain := func(proxy, path string, l load) contender {
		l.url = fmt.Sprintf("http://127.0.0.1:%d%s", plainPorts[proxy], path)
		return contender{proxy, l}
	}
	secure := func(proxy, path string, l load) contender {
		l.url = fmt.Sprintf("https://127.0.0.1:%d%s", tlsPorts[proxy], path)
		return contender{proxy, l}
	}
	each := func(f func(proxy, path string, l load) contender, path string, l load, proxies ...string) []contender {
		var all []contender
		for _, proxy := range proxies {
			all = append(all, f(proxy, path, l))
		}
		return all
	}
	small := load{want: 1 << 10}
	filtered := load{
		want: 1 << 10, headers: []string{"apikey: " + apiKey, "Origin: https://app.example.com"},
		fields: map[string]string{
			"X-Gateway": "bench", "Server": "", "Access-Control-Allow-Origin": "https://app.example.com",
		},
	}
	withToken := load{
		want: 1 << 10, headers: []string{"Authorization: Bearer " + s.Tokens[0]}, script: s.path("tokens.lua"),
	}
	upload := load{body: strings.Repeat("a", 1<<20), script: s.path("upload.lua"), conns: 16}
	call := load{
		http2: true, headers: []string{"Content-Type: application/grpc", "Te: trailers"},
		body: grpcMessage, bodyFile: s.path("grpc-message"), want: len(grpcMessage),
	}
	return []benchCase{
		{
			name: "plain", title: "1 KB answers, keep-alive, 1,000 routes",
			contenders: each(plain, "/1k", small, "nginx", "haproxy", "caddy", "gwproxy"),
			targets:    []target{{peer: "nginx", bound: 1}, {peer: "haproxy", bound: 0.9}, {peer: "caddy", bound: 0.2}},
		},
		{
			name: "filters", title: "with API key, rate limit, CORS and header changes (nginx: without)",
			contenders: []contender{plain("nginx", "/1k", small), plain("gwproxy", "/filtered/1k", filtered)},
			targets:    []target{{peer: "nginx", bound: 1.25}},
		},
		{
			name: "jwt", title: "with tokens of RS256, 1,000 in turn (nginx: without)",
			contenders: []contender{plain("nginx", "/1k", small), plain("gwproxy", "/jwt/1k", withToken)},
			targets:    []target{{peer: "nginx", bound: 1.5}},
		},
		{
			name: "tls", title: "1 KB answers, TLS 1.3, keep-alive",
			contenders: each(secure, "/1k", small, "nginx", "haproxy", "caddy", "gwproxy"),
			targets:    []target{{peer: "nginx", bound: 1.3}},
		},
		{
			name: "large-down", title: "1 MB answers",
			contenders: each(plain, "/1m", load{want: 1 << 20, conns: 16}, "nginx", "haproxy", "caddy", "gwproxy"),
			targets:    []target{{peer: "nginx", bound: 0.9, throughput: true}},
		},
		{
			name: "large-up", title: "1 MB request bodies",
			contenders: each(plain, "/upload", upload, "nginx", "haproxy", "caddy", "gwproxy"),
			targets:    []target{{peer: "nginx", bound: 0.9, throughput: true}},
		},
		{
			name: "http2", title: "1 KB answers, HTTP/2 over TLS",
			contenders: each(secure, "/1k", load{want: 1 << 10, http2: true}, "caddy", "gwproxy"),
			targets:    []target{{peer: "caddy", bound: 0.5}},
		},
		{
			name: "grpc", title: "unary calls of gRPC, without TLS",
			contenders: each(plain, "/bench.Service/Call", call, "caddy", "gwproxy"),
			targets:    []target{{peer: "caddy", bound: 0.5}},
		},
	}
}
