package http1

import (
	"context"
	"net"
	"sync"
	"time"
)

// EndpointOptions are an endpoint's settings. Dial is needed; the zero value of the rest works.
type EndpointOptions struct {
	// Dial opens a connection, ready for HTTP/1.
	Dial func(context.Context) (net.Conn, error)
	// MaxIdle bounds how many idle connections are kept. 0: 256.
	MaxIdle int
	// IdleTimeout is how long one is kept. 0: 60 s.
	IdleTimeout time.Duration
	// Limits bound the heads of answers. 0: of HeaderBytes, 256 KB.
	Limits Limits
	// Buffers are shared with others. Nil: the endpoint has its own.
	Buffers *Buffers
}

// An Endpoint is one address and the connections to it that are idle. Calls may be made on many goroutines.
type Endpoint struct {
	o     EndpointOptions
	epoch time.Time

	mu     sync.Mutex
	idle   []*Call // the one used last at the end
	sweeps bool    // a sweep is due
	closed bool
}

// NewEndpoint returns an endpoint without connections.
func NewEndpoint(o EndpointOptions) *Endpoint {
	if o.MaxIdle <= 0 {
		o.MaxIdle = 256
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = time.Minute
	}
	if o.Limits.HeaderBytes <= 0 {
		o.Limits.HeaderBytes = 256 << 10
	}
	if o.Buffers == nil {
		o.Buffers = &Buffers{}
	}
	return &Endpoint{o: o, epoch: time.Now()}
}

// restTime is how long a connection may have been idle for it to be used without a look at it: when it was given
// back it had been seen to be quiet.
const restTime = time.Second

// stallTimeout is how long an endpoint may take nothing of a request.
const stallTimeout = time.Minute

// sweepEvery is how often idle connections are looked at.
const sweepEvery = 2 * time.Second

// take returns the connection that was used last; nil: there is none that is still good. A careful caller, who
// cannot try again, has every one looked at.
func (e *Endpoint) take(careful bool) *Call {
	for {
		e.mu.Lock()
		last := len(e.idle) - 1
		if last < 0 {
			e.mu.Unlock()
			return nil
		}
		c := e.idle[last]
		e.idle[last] = nil
		e.idle = e.idle[:last]
		e.mu.Unlock()
		rested := time.Since(e.epoch) - c.since
		if rested < e.o.IdleTimeout && (!careful && rested < restTime || !disturbed(c.wire.Conn)) {
			return c
		}
		c.wire.Conn.Close()
	}
}

// give takes a connection back; false: there is no place for it.
func (e *Endpoint) give(c *Call) bool {
	c.since = time.Since(e.epoch)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.idle) >= e.o.MaxIdle {
		return false
	}
	e.idle = append(e.idle, c)
	if !e.sweeps {
		e.sweeps = true
		time.AfterFunc(sweepEvery, e.sweep)
	}
	return true
}

// sweep closes the idle connections that are too old or have ended, and comes back while there are others.
func (e *Endpoint) sweep() {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Since(e.epoch)
	kept := e.idle[:0]
	for _, c := range e.idle {
		if now-c.since < e.o.IdleTimeout && !disturbed(c.wire.Conn) {
			kept = append(kept, c)
		} else {
			c.wire.Conn.Close()
		}
	}
	clear(e.idle[len(kept):])
	e.idle = kept
	if e.sweeps = len(kept) > 0; e.sweeps {
		time.AfterFunc(sweepEvery, e.sweep)
	}
}

// Idle returns how many idle connections there are.
func (e *Endpoint) Idle() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.idle)
}

// Close closes the idle connections, and the others when their calls end. Calls are still possible: each has a
// connection of its own.
func (e *Endpoint) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, c := range e.idle {
		c.wire.Conn.Close()
	}
	e.idle = nil
}
