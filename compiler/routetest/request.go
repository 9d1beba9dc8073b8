package routetest

import (
	"cmp"
	"context"
	"net/netip"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// A request is a test's, read and found possible.
type request struct {
	listener  string
	method    string
	scheme    string
	host      string // in lower case, without port and brackets
	authority string
	path      string // as sent
	query     string
	target    int // bytes of both, as sent
	header    exchange.Header
	client    netip.Addr
	consumer  string
	claims    map[string]schema.JSON
	answer    exchange.Header // what the backend's has, as a stand-in
}

// read takes a request apart. A URL has the form that the definition asks for.
func read(t *schema.TestRequest) request {
	r := request{method: cmp.Or(t.Method, "GET"), consumer: t.Consumer, claims: t.Claims}
	var rest string
	r.scheme, rest, _ = strings.Cut(t.URL, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	r.authority = rest[:end]
	r.path, r.query, _ = strings.Cut(rest[end:], "?")
	r.path = cmp.Or(r.path, "/")
	if r.target = len(r.path); strings.Contains(rest, "?") {
		r.target += len("?") + len(r.query)
	}
	host, _ := splitPort(r.authority)
	r.host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	for name, value := range schema.Sorted(t.Headers) {
		r.header.Add(name, value)
	}
	r.client = someone()
	if t.Client != "" {
		r.client, _ = netip.ParseAddr(t.Client)
	}
	return r
}

// someone is the address of a client that says nothing else (RFC 5737).
func someone() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 1}) }

// splitPort splits an authority; port is "" where it has none.
func splitPort(authority string) (host, port string) {
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		return authority[:colon], authority[colon+1:]
	}
	return authority, ""
}

// exchange returns the request as filters see it, but for its path, which is as sent.
func (r *request) exchange() *exchange.Exchange {
	return &exchange.Exchange{
		Context: context.Background(),
		Client:  r.client,
		Request: exchange.Request{
			Method: r.method, Scheme: r.scheme, Host: r.host, Authority: r.authority, Path: r.path, Query: r.query,
			Header: append(exchange.Header(nil), r.header...),
		},
	}
}
