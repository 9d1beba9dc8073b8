package http2

import (
	"context"
	"net"
	"sync"
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
	calls  sync.Pool
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
	orElse(&o.Limits.Fields, 10*defaultFields)
	e := &Endpoint{scheme: "http", calls: sync.Pool{New: newCall}}
	if o.TLS {
		e.scheme = "https"
	}
	e.pool.dial = func(ctx context.Context) (*clientConn, error) {
		conn, err := o.Dial(ctx)
		if err != nil {
			return nil, err
		}
		return greet(ctx, conn, o.Limits)
	}
	return e
}

// Close closes the connections that are idle, and the others when their calls end. Calls are still possible: each has
// a connection of its own.
func (e *Endpoint) Close() { e.pool.close() }
