package space_test

import (
	"strings"
	"testing"

	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/schema"
)

// A field is never there for a match if and only if the wire keeps it.
func TestFieldsOfTheWireAreNeverThere(t *testing.T) {
	s := space.New(0)
	values := map[string]string{
		"Host": "a", "Connection": "close", "Content-Length": "0", "Transfer-Encoding": "chunked", "Expect": "100-continue",
		"Upgrade": "websocket", "TE": "trailers", "Trailer": "x", "Keep-Alive": "x", "Proxy-Connection": "x",
		"Proxy-Authenticate": "x", "Proxy-Authorization": "x", "Content_Length": "0", "Transfer_Encoding": "x",
		"Accept": "x", "Authorization": "x", "Content-Type": "x", "Cookie": "x", "Via": "x", "X-Content-Length": "x",
		"Keep_Alive": "x",
	}
	for name, value := range values {
		head := "GET / HTTP/1.1\r\n"
		if name != "Host" {
			head += "Host: a\r\n"
		}
		head += name + ": " + value + "\r\n\r\n"
		var x exchange.Request
		var m http1.Meta
		err := http1.NewReader(strings.NewReader(head), http1.Limits{}, nil).ReadRequest(&x, &m)
		want := space.Empty
		if err == nil && x.Header.Count(name) > 0 {
			want = space.Found
		}
		one := match(t, s, "", schema.Match{Headers: map[string]schema.ValueMatch{name: isThere(true)}})
		if got := s.Find([]*space.Match{one}, nil).Verdict; got != want {
			t.Errorf("%s: %v, want %v (%v)", name, got, want, err)
		}
	}
}
