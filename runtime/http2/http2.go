// Package http2 carries exchanges over HTTP/2 (RFC 9113), on both sides. The frames are net/http's; the package turns
// its requests and answers into exchanges and back, in the shape of package http1, so that whoever drives the one can
// drive the other.
//
// On the server's side a [Server] takes over connections that package http1 found to speak HTTP/2 and calls a
// [Handler] for each stream, many of one connection at a time:
//
//	server := http2.NewServer(handler, http2.Options{})
//	http1.Options{HTTP2: server.Serve}
//
// On the client's side an [Endpoint] makes calls. Several calls share one of its connections:
//
//	endpoint := http2.NewEndpoint(http2.EndpointOptions{Dial: dial, TLS: true})
//	call, err := endpoint.Call(x, http1.CallOptions{})
//
// Unlike in http1, what is not a valid frame or field is refused by net/http, with a reset of the stream or the
// connection and without an answer.
package http2
