package http2

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
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
	// StallTimeout is how long a client may take to send or receive any byte of a body. 0: 1 min.
	StallTimeout time.Duration
	// Streams bounds how many requests of a connection are under way. 0: 128.
	Streams int
	// Refused is told why a connection was ended, in one word: [RapidReset]. Nil: nobody is.
	Refused func(reason string)
	// Panic is told what a handler panicked with; the stream is reset. Nil: the panic goes on.
	Panic func(value any)
}

// RapidReset is the reason why a connection is ended whose client opens streams and resets them, faster than they
// end (CVE-2023-44487).
const RapidReset = "rapid-reset"

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
	feed    feed
	http    http.Server
	// draining makes connections say goodbye that Shutdown's own goodbye was too early for.
	draining atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]*peer
}

// A peer is a connection's other side.
type peer struct {
	remote netip.AddrPort
	tls    *tls.ConnectionState // nil: none
	gone   chan struct{}
}

// NewServer returns a server without connections. It has a goroutine until Shutdown.
func NewServer(h Handler, o Options) *Server {
	s := &Server{handler: h, o: o.filled(), conns: map[net.Conn]*peer{}}
	s.feed.init()
	protocols := &http.Protocols{}
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	s.http = http.Server{
		Handler:   http.HandlerFunc(s.serveStream),
		Protocols: protocols,
		// net/http answers what is beyond by itself, with less than a problem document: the room above the bound
		// is for requests that the handler refuses.
		MaxHeaderBytes: 2 * s.o.Limits.HeaderBytes,
		IdleTimeout:    s.o.IdleTimeout,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          s.o.Streams,
			MaxReadFrameSize:              16 << 10, // the least there is: a frame is read as a whole
			MaxReceiveBufferPerStream:     streamWindow,
			MaxReceiveBufferPerConnection: connectionWindow,
			WriteByteTimeout:              s.o.StallTimeout,
			CountError:                    s.count,
		},
		ErrorLog:  log.New(io.Discard, "", 0), // what clients do wrong
		ConnState: s.changed,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, s.peer(c))
		},
		// "OPTIONS *" is a request like any other.
		DisableGeneralOptionsHandler: true,
	}
	go s.http.Serve(&s.feed) //nolint:errcheck // ends with ErrServerClosed
	return s
}

type peerKey struct{}

// Serve serves a connection to its end: a [*tls.Conn] whose handshake agreed on HTTP/2, or a plain one that begins
// with the preface.
func (s *Server) Serve(conn net.Conn) {
	p := &peer{gone: make(chan struct{})}
	if addr, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		remote := addr.AddrPort()
		p.remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	}
	if session, ok := conn.(*tls.Conn); ok {
		state := session.ConnectionState()
		p.tls = &state
	}
	s.mu.Lock()
	s.conns[conn] = p
	s.mu.Unlock()
	if !s.feed.give(conn) {
		conn.Close()
		s.forget(conn)
		return
	}
	<-p.gone
}

func (s *Server) peer(conn net.Conn) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[conn]
}

// changed notes a connection's end.
func (s *Server) changed(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		s.forget(conn)
	}
}

func (s *Server) forget(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.conns[conn]; p != nil {
		delete(s.conns, conn)
		close(p.gone)
	}
}

// count takes note of an error that net/http found, by its name there.
func (s *Server) count(name string) {
	if s.o.Refused != nil && strings.HasSuffix(name, "_too_many_early_resets") {
		s.o.Refused(RapidReset)
	}
}

// Shutdown tells clients to open no more streams, waits for those under way, and when ctx ends cuts the connections
// that are left; it returns how many that were.
func (s *Server) Shutdown(ctx context.Context) (cut int) {
	s.draining.Store(true)
	if s.http.Shutdown(ctx) == nil {
		return 0
	}
	s.mu.Lock()
	cut = len(s.conns)
	s.mu.Unlock()
	s.http.Close()
	return cut
}

// serveStream serves one request.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	p, _ := r.Context().Value(peerKey{}).(*peer)
	st := newStream(s, p, w, r)
	defer func() {
		st.end()
		if value := recover(); value != nil {
			if s.o.Panic == nil {
				panic(value)
			}
			s.o.Panic(value)
			panic(http.ErrAbortHandler)
		}
	}()
	if refused := st.take(); refused != nil {
		s.handler.Refuse(st, &st.x, refused)
		_ = st.Respond(&st.x, nil) // the client may be gone as well
		return
	}
	s.handler.ServeExchange(st, &st.x)
	if !st.answered {
		panic(http.ErrAbortHandler)
	}
}
