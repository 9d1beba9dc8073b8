package http2

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A Handler gives requests their meaning. It is called on a goroutine of the stream; strings of the exchange end when
// it returns. The exchange's context ends with the stream.
type Handler interface {
	// ServeExchange answers x by [Stream.Respond]. If it does not, the stream is reset.
	ServeExchange(s *Stream, x *exchange.Exchange)
	// Refuse fills in x.Response for a request that goes beyond a limit or is none.
	Refuse(s *Stream, x *exchange.Exchange, e *http1.Error)
}

// Options are a server's settings. The zero value works.
type Options struct {
	Limits http1.Limits
	// IdleTimeout bounds the time without any stream. 0: 2 min.
	IdleTimeout time.Duration
	// StallTimeout is how long a client may take to send or receive any byte of a body, and for the rest of a frame or
	// header that it has begun. 0: 1 min.
	StallTimeout time.Duration
	// Streams bounds how many requests of a connection are under way. 0: 128.
	Streams int
	// Refused is told why a connection was ended, in one word: [RapidReset], [HeaderFlood] or [ControlFlood]. Nil:
	// nobody is.
	Refused func(reason string)
	// Panic is told what a handler panicked with; the stream is reset. Nil: the panic goes on.
	Panic func(value any)
}

const (
	defaultHeaderBytes = 64 << 10
	defaultFields      = 100
	defaultTargetBytes = 8 << 10

	// What a client may send ahead of being read, of a stream and of a connection.
	streamWindow     = 256 << 10
	connectionWindow = 1 << 20
)

func (o Options) filled() Options {
	orElse(&o.Limits.HeaderBytes, defaultHeaderBytes)
	orElse(&o.Limits.Fields, defaultFields)
	orElse(&o.Limits.TargetBytes, defaultTargetBytes)
	orElse(&o.IdleTimeout, 2*time.Minute)
	orElse(&o.StallTimeout, time.Minute)
	orElse(&o.Streams, 128)
	return o
}

func orElse[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// A Server serves connections that it is given.
type Server struct {
	handler Handler
	o       Options
	workers workers
	streams sync.Pool
	dates   dates
	// draining has connections that begin end soon.
	draining atomic.Bool

	mu      sync.Mutex
	conns   map[*serverConn]struct{}
	emptied chan struct{} // closed when conns is empty, once draining
}

// NewServer returns a server without connections.
func NewServer(h Handler, o Options) *Server {
	return &Server{
		handler: h, o: o.filled(), workers: workers{next: make(chan *Stream)}, streams: sync.Pool{New: makeStream},
		conns: map[*serverConn]struct{}{}, emptied: make(chan struct{}),
	}
}

// Serve serves a connection to its end: a [*tls.Conn] whose handshake agreed on HTTP/2, or a plain one that begins
// with the preface.
func (s *Server) Serve(conn net.Conn) {
	c := newServerConn(s, conn)
	s.mu.Lock()
	if s.draining.Load() {
		s.mu.Unlock()
		conn.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	c.serve()
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

// Shutdown tells clients to open no more streams, waits for those under way, and when ctx ends cuts the connections
// that are left; it returns how many that were.
func (s *Server) Shutdown(ctx context.Context) (cut int) {
	s.mu.Lock()
	s.draining.Store(true)
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
		c.cut()
	}
	s.mu.Unlock()
	<-s.emptied
	return cut
}

// workers are goroutines that serve streams. One that is done waits a while for another, since its stack has grown to
// what a stream needs.
type workers struct {
	next chan *Stream
	idle atomic.Int32
}

const (
	// maxIdleWorkers bounds those that wait, and workerPatience is for how long each does.
	maxIdleWorkers = 256
	workerPatience = 10 * time.Second
)

// serve has a worker serve a stream.
func (w *workers) serve(s *Stream) {
	select {
	case w.next <- s:
	default:
		go w.work(s)
	}
}

func (w *workers) work(s *Stream) {
	timer := time.NewTimer(workerPatience)
	defer timer.Stop()
	for s != nil {
		s.serve()
		s = w.await(timer)
	}
}

// await returns the next stream to serve; nil: enough others wait, or none has come for a while.
func (w *workers) await(timer *time.Timer) *Stream {
	defer w.idle.Add(-1)
	if w.idle.Add(1) > maxIdleWorkers {
		return nil
	}
	select {
	case s := <-w.next:
		return s
	default:
	}
	timer.Reset(workerPatience)
	select {
	case s := <-w.next:
		return s
	case <-timer.C:
		return nil
	}
}
