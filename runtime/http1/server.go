package http1

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"gwc.dev/runtime/exchange"
)

// A Handler gives requests their meaning. It is called on the connection's goroutine, once a request; strings of
// the exchange end when it returns. The exchange's context is the connection's: it ends when the client is gone.
type Handler interface {
	// ServeExchange answers x by [Conn.Respond] or [Conn.Tunnel]. If it does neither, the connection is closed.
	ServeExchange(c *Conn, x *exchange.Exchange)
	// Refuse fills in x.Response for a request that could not be read. There is no method or header to go by.
	Refuse(c *Conn, x *exchange.Exchange, e *Error)
}

// Options are a server's settings. The zero value works.
type Options struct {
	Limits Limits
	// HeaderTimeout bounds a request's head from its first byte on, and a TLS handshake. 0: 15 s.
	HeaderTimeout time.Duration
	// IdleTimeout bounds the time between requests. 0: 2 min.
	IdleTimeout time.Duration
	// StallTimeout is how long a client may take to send or receive any byte of a body. 0: 1 min.
	StallTimeout time.Duration

	// Admit says whether one more connection of an address is taken; nil: all are. Leave is called at the end of
	// each that was.
	Admit func(netip.Addr) bool
	Leave func(netip.Addr)
	// HTTP2 takes over connections that speak HTTP/2, by ALPN (then it gets the *tls.Conn) or prior knowledge, and
	// returns at their end. Nil: they are refused.
	HTTP2 func(net.Conn)
	// Panic is told what a handler panicked with; the connection is closed. Nil: the panic goes on.
	Panic func(value any)
	// Buffers are shared with others. Nil: the server has its own.
	Buffers *Buffers
}

func (o Options) filled() Options {
	o.Limits = o.Limits.filled()
	if o.HeaderTimeout <= 0 {
		o.HeaderTimeout = 15 * time.Second
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 2 * time.Minute
	}
	if o.StallTimeout <= 0 {
		o.StallTimeout = time.Minute
	}
	if o.Buffers == nil {
		o.Buffers = &Buffers{}
	}
	return o
}

// A Server serves the connections of listeners.
type Server struct {
	handler  Handler
	options  atomic.Pointer[Options]
	dates    dates
	draining atomic.Bool

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*Conn]struct{}
	emptied   chan struct{} // closed when conns is empty, once draining
	watching  bool
}

// NewServer returns a server without listeners.
func NewServer(h Handler, o Options) *Server {
	s := &Server{
		handler: h, listeners: map[net.Listener]struct{}{}, conns: map[*Conn]struct{}{}, emptied: make(chan struct{}),
	}
	s.SetOptions(o)
	return s
}

// SetOptions gives the connections to come other options; those that have begun keep theirs.
func (s *Server) SetOptions(o Options) {
	o = o.filled()
	s.options.Store(&o)
}

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("the server is closed")

// Serve takes connections from ln, each on a goroutine of its own, until Shutdown or an error that stays.
func (s *Server) Serve(ln net.Listener) error {
	if !s.listen(ln) {
		ln.Close()
		return ErrServerClosed
	}
	const longest = time.Second
	wait := time.Duration(0)
	for {
		conn, err := ln.Accept()
		switch {
		case err == nil:
			wait = 0
			s.start(conn)
		case s.draining.Load():
			return ErrServerClosed
		case passing(err):
			wait = min(max(2*wait, 5*time.Millisecond), longest)
			time.Sleep(wait)
		default:
			return err
		}
	}
}

// passing reports whether an error of Accept may go away, as one for want of file descriptors does.
func passing(err error) bool {
	temporary, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && temporary.Temporary()
}

func (s *Server) listen(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.listeners[ln] = struct{}{}
	return true
}

// start serves a connection.
func (s *Server) start(conn net.Conn) {
	c := newConn(s, conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		conn.Close()
		return
	}
	s.conns[c] = struct{}{}
	if !s.watching {
		s.watching = true
		go s.watch()
	}
	go c.serve()
}

// forget ends the record of a connection.
func (s *Server) forget(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if len(s.conns) == 0 && s.draining.Load() {
		s.empty()
	}
}

// empty says that the last connection is gone. s.mu is held.
func (s *Server) empty() {
	select {
	case <-s.emptied:
	default:
		close(s.emptied)
	}
}

// Shutdown stops listening, closes idle connections, tells the others that they close after the answer under
// way, and waits for them, and for tunnels. When ctx ends it closes what is left and returns how many that were.
func (s *Server) Shutdown(ctx context.Context) (cut int) {
	s.mu.Lock()
	s.draining.Store(true)
	for ln := range s.listeners {
		ln.Close()
	}
	for c := range s.conns {
		c.drain()
	}
	if len(s.conns) == 0 {
		s.empty()
	}
	s.mu.Unlock()
	select {
	case <-s.emptied:
		return 0
	case <-ctx.Done():
	}
	s.mu.Lock()
	cut = len(s.conns)
	for c := range s.conns {
		go c.cut() // it waits for what is under way
	}
	s.mu.Unlock()
	<-s.emptied
	return cut
}

// watchEvery is how often waits are looked at: a client that is gone is noticed within twice that.
const watchEvery = 250 * time.Millisecond

// watch ends the waits of clients that are gone, while there are connections. It costs a request nothing but the
// mark of its waits: whoever waits through one round is looked at in the next. A client that has ended its side of
// the connection is gone, as nginx and net/http see it. A connection that rests through one round is looked at as well,
// once: its end may have come unnoticed.
func (s *Server) watch() {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	var waiting, resting []*Conn
	for range ticker.C {
		s.mu.Lock()
		if len(s.conns) == 0 {
			s.watching = false
			s.mu.Unlock()
			return
		}
		waiting, resting = waiting[:0], resting[:0]
		for c := range s.conns {
			switch waits, rests := c.stands(); {
			case waits:
				waiting = append(waiting, c)
			case rests:
				resting = append(resting, c)
			}
		}
		s.mu.Unlock()
		for i, c := range waiting {
			if hungUp(c.wire.Conn) {
				c.gone()
			}
			waiting[i] = nil
		}
		for i, c := range resting {
			if c.next.ended() {
				c.drain()
			}
			resting[i] = nil
		}
	}
}
