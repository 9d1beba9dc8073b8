package runtime

import (
	"crypto/tls"
	"net/netip"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// A carrier brings one request in and takes its answer out: a connection of HTTP/1.1 or a stream of HTTP/2. All that
// a visit knows of the wire is here.
type carrier interface {
	http1.Client
	// Trailer returns the fields after the request's body, once that has been read.
	http1.Trailer

	Remote() netip.AddrPort
	TLS() *tls.ConnectionState // nil: none
	Meta() *http1.Meta
	// Received and Sent count the bytes of the bodies.
	Received() int64
	Sent() int64

	Respond(x *exchange.Exchange, trailer http1.Trailer) error
}

// A tunneler is a carrier whose connection can change to another protocol.
type tunneler interface {
	Tunnel(x *exchange.Exchange, call *http1.Call) (received, sent int64, err error)
}

// serve1 serves the requests of HTTP/1.0 and 1.1 at a socket.
type serve1 struct{ *socket }

// ServeExchange implements [http1.Handler].
func (s serve1) ServeExchange(c *http1.Conn, x *exchange.Exchange) {
	s.serve(c, x, proto1(c))
}

// Refuse implements [http1.Handler].
func (s serve1) Refuse(c *http1.Conn, x *exchange.Exchange, e *http1.Error) {
	s.refuse(c, x, proto1(c), e)
}

func proto1(c *http1.Conn) string {
	if c.Meta().Minor == 0 {
		return "HTTP/1.0"
	}
	return "HTTP/1.1"
}

// serve2 serves the requests of HTTP/2 at a socket.
type serve2 struct{ *socket }

// ServeExchange implements [http2.Handler].
func (s serve2) ServeExchange(c *http2.Stream, x *exchange.Exchange) {
	s.serve(c, x, proto2)
}

// Refuse implements [http2.Handler].
func (s serve2) Refuse(c *http2.Stream, x *exchange.Exchange, e *http1.Error) {
	s.refuse(c, x, proto2, e)
}

const proto2 = "HTTP/2.0"

// upgrade returns the protocol that the client asks to change to; "" for none, and for those that a gateway must not
// tunnel because it would stop seeing requests.
func upgrade(c carrier) string {
	protocol := c.Meta().Upgrade
	if protocol == "" {
		return ""
	}
	if _, ok := c.(tunneler); !ok {
		return ""
	}
	lower := strings.ToLower(protocol)
	for _, refused := range []string{"h2", "http", "tls"} {
		if strings.HasPrefix(lower, refused) {
			return ""
		}
	}
	for i := 0; i < len(protocol); i++ {
		if c := protocol[i]; c <= ' ' || c == ',' || c >= 0x7f { // one protocol, not a list
			return ""
		}
	}
	return protocol
}
