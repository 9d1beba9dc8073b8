package http2

import (
	"net"
	"sync"
)

// A feed is a listener of connections that were accepted elsewhere.
type feed struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (f *feed) init() {
	f.conns, f.closed = make(chan net.Conn), make(chan struct{})
}

// give hands a connection over; false: nobody takes any more.
func (f *feed) give(c net.Conn) bool {
	select {
	case <-f.closed:
		return false
	default:
	}
	select {
	case f.conns <- c:
		return true
	case <-f.closed:
		return false
	}
}

// Accept implements [net.Listener].
func (f *feed) Accept() (net.Conn, error) {
	select {
	case c := <-f.conns:
		return c, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (f *feed) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// Addr implements [net.Listener].
func (f *feed) Addr() net.Addr { return &net.TCPAddr{} }
