package http2

import (
	"context"
	"slices"
	"sync"
)

// A pool is the connections to one address. Calls share them: each takes as many at a time as its other side allows.
// Where none has room, one call dials for all that wait.
type pool struct {
	dial func(context.Context) (*clientConn, error)

	mu       sync.Mutex
	conns    []*clientConn
	dialling *dialling // nil: nobody dials
	closed   bool
}

// A dialling is a connection on its way.
type dialling struct {
	done chan struct{}
	// err is why it did not come about, own that it is a matter of the call that dialled. Both are set when done is
	// closed.
	err error
	own bool
}

// ready returns a connection with room for a call, which has to use it; nil: there is none.
func (p *pool) ready() *clientConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.free()
}

// free returns a connection with room. p.mu is held.
func (p *pool) free() *clientConn {
	for _, conn := range slices.Backward(p.conns) {
		if conn.reserve() {
			return conn
		}
	}
	return nil
}

// take returns a connection with room for the call whose context it is, which has to use it.
func (p *pool) take(ctx context.Context) (*clientConn, error) {
	for {
		conn, d, mine := p.look()
		switch {
		case conn != nil:
			return conn, nil
		case mine:
			return p.fetch(ctx, d)
		}
		select {
		case <-d.done:
			if d.err != nil && !d.own {
				return nil, d.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// look returns a connection with room or the one that is on its way; mine: it is the caller's to dial it.
func (p *pool) look() (conn *clientConn, d *dialling, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if conn := p.free(); conn != nil {
		return conn, nil, false
	}
	p.conns = slices.DeleteFunc(p.conns, (*clientConn).over)
	if p.dialling != nil {
		return nil, p.dialling, false
	}
	p.dialling = &dialling{done: make(chan struct{})}
	return nil, p.dialling, true
}

// fetch dials a connection, for the caller and those who wait.
func (p *pool) fetch(ctx context.Context, d *dialling) (conn *clientConn, err error) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.dialling = nil
		d.err, d.own = err, ctx.Err() != nil
		close(d.done)
	}()
	if conn, err = p.dial(ctx); err != nil {
		return nil, err
	}
	if !conn.reserve() { // it has ended already, or allows no streams
		conn.retire()
		return nil, errUnprocessed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		conn.retire()
	} else {
		p.conns = append(p.conns, conn)
	}
	return conn, nil
}

// close closes the connections that are idle, and the others when their calls end.
func (p *pool) close() {
	p.mu.Lock()
	conns := p.conns
	p.conns, p.closed = nil, true
	p.mu.Unlock()
	for _, conn := range conns {
		conn.retire()
	}
}
