package http2

import (
	"context"
	"net"
	"net/http"
	"time"

	"gwc.dev/runtime/http1"
)

// EndpointOptions are an endpoint's settings. Dial is needed; the zero value of the rest works.
type EndpointOptions struct {
	// Dial opens a connection, ready for HTTP/2.
	Dial func(context.Context) (net.Conn, error)
	// TLS says that Dial's are TLS connections, on which both sides have agreed on HTTP/2. Else they speak it by
	// prior knowledge.
	TLS bool
	// Limits bound the heads of answers. 0: of HeaderBytes, 256 KB.
	Limits http1.Limits
}

// An Endpoint is one address and the connections to it. Calls may be made on many goroutines.
type Endpoint struct {
	scheme    string
	transport *http.Transport
}

const (
	idleTimeout = 90 * time.Second
	// pingAfter is how long a connection with calls under way may be silent before it is asked whether it lives.
	pingAfter   = 30 * time.Second
	pingTimeout = 15 * time.Second
)

// A dialError is a connection that did not come about.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// NewEndpoint returns an endpoint without connections.
func NewEndpoint(o EndpointOptions) *Endpoint {
	orElse(&o.Limits.HeaderBytes, 256<<10)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := o.Dial(ctx)
		if err != nil {
			return nil, &dialError{err}
		}
		return conn, nil
	}
	protocols := &http.Protocols{}
	e := &Endpoint{scheme: "http", transport: &http.Transport{
		DisableCompression:     true,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: int64(o.Limits.HeaderBytes),
		Protocols:              protocols,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: pingAfter, PingTimeout: pingTimeout,
			MaxReceiveBufferPerStream: streamWindow, MaxReceiveBufferPerConnection: connectionWindow,
		},
	}}
	if o.TLS {
		e.scheme = "https"
		protocols.SetHTTP2(true)
		e.transport.DialTLSContext = dial
	} else {
		protocols.SetUnencryptedHTTP2(true)
		e.transport.DialContext = dial
	}
	return e
}

// Close closes the connections that are idle, and lets others end with their calls.
func (e *Endpoint) Close() { e.transport.CloseIdleConnections() }
