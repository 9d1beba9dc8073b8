package http1

import (
	"bytes"
	"net"
)

// preface begins a connection that speaks HTTP/2 by prior knowledge (RFC 9113, section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// prefaced reports whether the connection begins with HTTP/2's preface and somebody is there for it. Over TLS it is
// ALPN that says so (RFC 9113, section 3.2).
func (c *Conn) prefaced() bool {
	if c.o.HTTP2 == nil || c.tls != nil {
		return false
	}
	for n := 1; n <= len(preface); n = c.reader.Buffered() + 1 {
		if !bytes.HasPrefix(c.reader.unread(), []byte(preface)[:min(c.reader.Buffered(), len(preface))]) {
			return false
		}
		if c.reader.need(n) != nil {
			return false
		}
	}
	return bytes.HasPrefix(c.reader.unread(), []byte(preface))
}

// handOver gives the connection to whoever speaks HTTP/2.
func (c *Conn) handOver() {
	if c.o.HTTP2 == nil { // nobody should have offered it
		return
	}
	c.state.Store(busy)
	c.wire.unlimited()
	conn := c.wire.Conn
	if c.reader.Buffered() > 0 {
		conn = &handed{conn, bytes.Clone(c.reader.Rest())}
	}
	c.o.HTTP2(conn)
}

// A handed connection is one of which the first bytes have been read.
type handed struct {
	net.Conn
	rest []byte
}

// Read implements [net.Conn].
func (h *handed) Read(p []byte) (int, error) {
	if len(h.rest) > 0 {
		n := copy(p, h.rest)
		h.rest = h.rest[n:]
		return n, nil
	}
	return h.Conn.Read(p)
}

// NetConn returns the connection beneath, as a TLS connection's method does.
func (h *handed) NetConn() net.Conn { return h.Conn }
