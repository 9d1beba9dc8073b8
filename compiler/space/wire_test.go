package space_test

import (
	"net/netip"
	"strings"
	"testing"

	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/forward"
	"gwc.dev/runtime/http1"
	"gwc.dev/schema"
)

// A field is never there for a match if and only if the wire keeps it, or the gateway takes it for a lie about the client.
func TestFieldsThatAreNeverThere(t *testing.T) {
	s := space.New(0)
	values := map[string]string{
		"Host": "a", "Connection": "close", "Content-Length": "0", "Transfer-Encoding": "chunked", "Expect": "100-continue",
		"Upgrade": "websocket", "TE": "trailers", "Trailer": "x", "Keep-Alive": "x", "Proxy-Connection": "x",
		"Proxy-Authenticate": "x", "Proxy-Authorization": "x", "Content_Length": "0", "Transfer_Encoding": "x",
		"Accept": "x", "Authorization": "x", "Content-Type": "x", "Cookie": "x", "Via": "x", "X-Content-Length": "x",
		"Keep_Alive": "x", "X-Real-IP": "192.0.2.1", "x_real_ip": "192.0.2.1", "X_Forwarded_For": "192.0.2.1", "X-Forwarded_Port": "1",
		"X-Forwarded-Port": "1", "X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1", "X_Request_Id": "x", "X-Request-Id": "x",
		"Client_Cert": ":YQ==:", "Client-Cert": ":YQ==:", "Client-Cert_Chain": ":YQ==:", "X_Real": "x", "X_Forwarded": "x",
	}
	for name, value := range values {
		head := "GET / HTTP/1.1\r\n"
		if name != "Host" {
			head += "Host: a\r\n"
		}
		head += name + ": " + value + "\r\n\r\n"
		var x exchange.Exchange
		var m http1.Meta
		err := http1.NewReader(strings.NewReader(head), http1.Limits{}, nil).ReadRequest(&x.Request, &m)
		proxy := netip.MustParseAddr("10.0.0.1")
		forward.Peer{Address: proxy}.Tell(&x, []netip.Prefix{netip.PrefixFrom(proxy, 8)}) // a trusted one has a say
		want := space.Empty
		if err == nil && x.Request.Header.Count(name) > 0 {
			want = space.Found
		}
		one := match(t, s, "", schema.Match{Headers: map[string]schema.ValueMatch{name: isThere(true)}})
		if got := s.Find([]*space.Match{one}, nil).Verdict; got != want {
			t.Errorf("%s: %v, want %v (%v)", name, got, want, err)
		}
	}
}
