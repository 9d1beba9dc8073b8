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
	// Dial opens a connection, ready for HTTP/2. It is given the context of the call that needs one; others may wait
	// for it as well.
	Dial func(context.Context) (net.Conn, error)
	// TLS says that Dial's are TLS connections, on which both sides have agreed on HTTP/2. Else they speak it by
	// prior knowledge.
	TLS bool
	// Limits bound the heads of answers. 0: of HeaderBytes, 256 KB.
	Limits http1.Limits
}

// An Endpoint is one address and the connections to it. Calls may be made on many goroutines.
type Endpoint struct {
	scheme string
	pool   pool
}

const (
	idleTimeout = 90 * time.Second
	// pingAfter is how long a connection with calls under way may be silent before it is asked whether it lives.
	pingAfter   = 30 * time.Second
	pingTimeout = 15 * time.Second
	// stallTimeout is how long an endpoint may take nothing of a request.
	stallTimeout = time.Minute
	// answerWindow is what an endpoint may send ahead on a connection: more than its streams together, so that those
	// whose clients are slow take nothing from the others.
	answerWindow = 1 << 30
)

// NewEndpoint returns an endpoint without connections.
func NewEndpoint(o EndpointOptions) *Endpoint {
	orElse(&o.Limits.HeaderBytes, 256<<10)
	protocols := &http.Protocols{}
	transport := &http.Transport{
		DisableCompression:     true,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: int64(o.Limits.HeaderBytes),
		Protocols:              protocols,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: pingAfter, PingTimeout: pingTimeout, WriteByteTimeout: stallTimeout,
			MaxReceiveBufferPerStream: streamWindow, MaxReceiveBufferPerConnection: answerWindow,
		},
	}
	protocols.SetUnencryptedHTTP2(true) // Dial's connections are what they have to be
	e := &Endpoint{scheme: "http"}
	if o.TLS {
		e.scheme = "https"
	}
	d := &dialer{open: o.Dial, transport: transport}
	transport.DialContext = d.dial
	e.pool.dial = d.connect
	return e
}

// A dialer opens connections for a pool, one at a time.
type dialer struct {
	open      func(context.Context) (net.Conn, error)
	transport *http.Transport
	greeting  *greeted // of the connection that was opened last
}

// connect opens a connection and waits until the endpoint has said how many streams it allows.
func (d *dialer) connect(ctx context.Context) (*http.ClientConn, error) {
	conn, err := d.transport.NewClientConn(ctx, "http", net.JoinHostPort(placeholder, "0"))
	if err != nil {
		return nil, err
	}
	select {
	case <-d.greeting.done:
		err = d.greeting.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// dial is called by net/http for connect.
func (d *dialer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	d.greeting = greet(conn)
	return d.greeting, nil
}

// placeholder is the host in URLs; Dial knows the true one.
const placeholder = "endpoint"

// Close closes the connections that are idle, and the others when their calls end. Calls are still possible: each has
// a connection of its own.
func (e *Endpoint) Close() { e.pool.close() }
