package runtime

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
	"gwc.dev/schema"
)

// A socket is one address that is listened on.
type socket struct {
	server *Server
	key    string
	net    net.Listener
	base   *tls.Config
	conns  admission
	// last is the newest generation that has the socket, once there is one in force that has not.
	last atomic.Pointer[generation]

	http1 *http1.Server
	mu    sync.Mutex
	limit schema.ListenerLimits // what the servers go by
	// http2 serves the connections to come; replaced says goodbye to those of others.
	http2    atomic.Pointer[http2.Server]
	replaced []*http2.Server
}

// newSocket returns a socket on an open listener, for l.
func (s *Server) newSocket(key string, ln net.Listener, l *listener) *socket {
	k := &socket{server: s, key: key, net: ln}
	k.base = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if _, l := k.serving(); l != nil && l.tls != nil {
			return l.tls.config(), nil
		}
		return nil, errors.New("the listener no longer speaks TLS")
	}}
	k.http1 = http1.NewServer(serve1{k}, http1.Options{})
	k.configure(l)
	return k
}

// configure makes the limits of l those of the connections to come. What is open keeps its own; HTTP/2 connections are
// asked to be replaced (RFC 9113, section 6.8), which costs no request.
func (s *socket) configure(l *listener) {
	s.conns.configure(s.server.metrics.Listener(l.name), l.limits.Connections, l.limits.ConnectionsPerAddress)
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.http2.Load()
	if old != nil && s.limit == l.limits {
		return
	}
	s.limit = l.limits
	heads := http1.Limits{HeaderBytes: l.limits.HeaderBytes, Fields: l.limits.HeaderFields, TargetBytes: l.limits.URIBytes}
	s.http2.Store(http2.NewServer(serve2{s}, http2.Options{
		Limits: heads, IdleTimeout: l.limits.IdleTimeout.Std(), StallTimeout: l.limits.BodyTimeout.Std(),
		Streams: l.limits.Streams, Refused: s.conns.refused, Panic: abandoned,
	}))
	s.http1.SetOptions(http1.Options{
		Limits: heads, HeaderTimeout: l.limits.HeaderTimeout.Std(), IdleTimeout: l.limits.IdleTimeout.Std(),
		StallTimeout: l.limits.BodyTimeout.Std(), Buffers: &s.server.buffers, Panic: abandoned,
		Admit: s.conns.enter, Leave: s.conns.leave, HTTP2: func(c net.Conn) { s.http2.Load().Serve(c) },
	})
	if old != nil {
		s.replaced = append(s.replaced, old)
		go old.Shutdown(context.Background())
	}
}

// abandoned takes note of what a visit panicked with. It has said so itself.
func abandoned(any) {}

// serving returns what the socket serves by.
func (s *socket) serving() (*generation, *listener) {
	if g := s.server.current.Load(); g != nil {
		if l := g.listeners[s.key]; l != nil {
			return g, l
		}
	}
	if g := s.last.Load(); g != nil {
		return g, g.listeners[s.key]
	}
	return nil, nil
}

// serveAll serves connections until close.
func (s *socket) serveAll() {
	if err := s.http1.Serve(s); !errors.Is(err, http1.ErrServerClosed) {
		s.server.o.Logger.Error("a listener does not take connections any more", "address", s.Addr(), "error", err)
	}
}

// Accept implements [net.Listener]: a connection speaks what the listener in force speaks.
func (s *socket) Accept() (net.Conn, error) {
	conn, err := s.net.Accept()
	if err != nil {
		return nil, err
	}
	if _, l := s.serving(); l != nil && l.tls != nil {
		return tls.Server(conn, s.base), nil
	}
	return conn, nil
}

// Close implements [net.Listener].
func (s *socket) Close() error { return s.net.Close() }

// Addr implements [net.Listener].
func (s *socket) Addr() net.Addr { return s.net.Addr() }

// close stops listening and waits for requests until ctx ends; it returns how many connections it cut then.
func (s *socket) close(ctx context.Context) int {
	s.mu.Lock()
	servers := append(s.replaced, s.http2.Load())
	s.mu.Unlock()
	var streams sync.WaitGroup
	for _, server := range servers {
		streams.Go(func() { server.Shutdown(ctx) })
	}
	cut := s.http1.Shutdown(ctx) // it holds the connections of HTTP/2 as well
	streams.Wait()
	return cut
}
