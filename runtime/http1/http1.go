// Package http1 is the HTTP/1.1 wire engine, both sides: it reads and writes messages as RFC 9112 has them, and
// runs the connections to clients and to endpoints.
//
// It owns the bytes, the framing and the connection's fields; what a request means is the [Handler]'s. A message is
// refused unless it reads in one way only: lines end with CRLF, fields have no white space before the colon and no
// folds, a body has one length, chunk sizes are plain, a request has one valid Host. Nothing is forwarded that was
// not parsed: heads and chunks are written anew from what was understood.
//
// A head is read into a pooled buffer and its strings point there; a body streams. One goroutine serves a client's
// connection and calls the endpoint itself, and on this plain path nothing is allocated.
//
//	server := http1.NewServer(h, http1.Options{})
//	go server.Serve(listener)
//	defer server.Shutdown(ctx)
//
//	func (h proxy) ServeExchange(c *http1.Conn, x *exchange.Exchange) {
//		call, err := h.endpoint.Call(x, http1.CallOptions{Client: c})
//		if err != nil {
//			x.Fail(502, "reset", "")
//			c.Respond(x, nil)
//			return
//		}
//		defer call.Close()
//		c.Respond(x, call)
//	}
package http1
