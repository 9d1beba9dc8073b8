package http2

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"
)

// A serverConn is a client's connection.
type serverConn struct {
	*link
	server *Server
	remote netip.AddrPort
	tls    *tls.ConnectionState // nil: none

	starting []*Stream // what is to be served once all that has come is looked at
	waiting  []*Stream // and what is to be served once a handler has ended
	opened   int       // streams, ever
	running  int       // handlers
	end      alarm     // of a connection without streams, or that is to end soon
	leaving  leaving
}

// leaving says how far a connection has come that ends once its streams do (RFC 9113, section 6.8): streams that the
// client opens before it can know are still served.
type leaving int

const (
	staying leaving = iota
	warned          // the client is told to open no more streams
	left            // and it has had the time to hear it
)

func newServerConn(s *Server, conn net.Conn) *serverConn {
	c := &serverConn{server: s}
	if addr, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		remote := addr.AddrPort()
		c.remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	}
	if session, ok := conn.(*tls.Conn); ok {
		state := session.ConnectionState()
		c.tls = &state
	}
	c.link = newLink(conn, c, s.o.Limits, s.o.StallTimeout)
	c.end.call = c.late
	c.allowed = connectionWindow
	c.out.buf = appendSettings(c.out.buf, setting{streamsSetting, uint32(s.o.Streams)},
		setting{windowSetting, streamWindow}, setting{headerSizeSetting, uint32(2 * s.o.Limits.HeaderBytes)})
	c.out.buf = appendNumber(c.out.buf, windowFrame, 0, connectionWindow-defaultWindow)
	return c
}

var clientPreface = []byte(preface)

// serve serves the connection to its end.
func (c *serverConn) serve() {
	defer c.net.Close()
	defer c.end.set(time.Time{})
	c.mu.Lock()
	c.rest()
	c.mu.Unlock()
	if begin, err := c.in.take(len(preface)); err != nil || !bytes.Equal(begin, clientPreface) {
		c.cut()
		return
	}
	c.read()
	c.report()
	c.farewell()
}

// report tells whoever counts them why the connection has ended.
func (c *serverConn) report() {
	if wrong, ok := errors.AsType[*connError](c.err); ok && wrong.reason != "" && c.server.o.Refused != nil {
		c.server.o.Refused(wrong.reason)
	}
}

// farewell sends what is left to be said, and reads on for a moment: if a connection is closed while something that the
// client has sent is unread, the system drops what the client has not received yet.
func (c *serverConn) farewell() {
	const patience = time.Second
	if !errors.Is(c.err, errGone) { // only who is left in peace may take his time for what he was answered
		defer time.AfterFunc(patience, func() { c.net.Close() }).Stop()
	}
	c.finishOutput()
	closer, ok := c.net.(interface{ CloseWrite() error })
	if !ok || closer.CloseWrite() != nil {
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.CopyN(io.Discard, c.net, 4*connectionWindow)
}

// batch implements [side]: the streams that have begun are served.
func (c *serverConn) batch() {
	if len(c.starting) == 0 {
		return
	}
	c.mu.Lock()
	n := min(len(c.starting), c.server.o.Streams-c.running)
	c.running += n
	c.waiting = append(c.waiting, c.starting[n:]...)
	c.mu.Unlock()
	for _, s := range c.starting[:n] {
		c.server.workers.serve(s)
	}
	clear(c.starting)
	c.starting = c.starting[:0]
}

// ready returns the stream to be served in place of one whose handler has ended; nil: there is none. c.mu is held.
func (c *serverConn) ready() *Stream {
	if len(c.waiting) == 0 {
		c.running--
		return nil
	}
	next := c.waiting[0]
	c.waiting = slices.Delete(c.waiting, 0, 1)
	return next
}

// full reports whether there are as many streams as are allowed, or as many requests to be served: those of streams
// that are over are, while their handlers run. A client that opens a stream when another has ended may be faster than
// the handler of that one, so as many may wait. c.mu is held.
func (c *serverConn) full() bool {
	most := c.server.o.Streams
	return len(c.streams) >= most || c.running+len(c.starting)+len(c.waiting) >= 2*most
}

// began implements [side].
func (c *serverConn) began(id uint32) bool { return id%2 == 1 && id <= c.last }

// header implements [side].
func (c *serverConn) header(id uint32, end bool) error {
	switch {
	case id%2 == 0:
		return &connError{code: protocolError, detail: "a client's stream has an even number (RFC 9113, section 5.1.1)"}
	case c.streams[id] != nil:
		return c.trailers(c.streams[id], end)
	case id <= c.last && c.aborted.has(id):
		return c.idle()
	case id <= c.last:
		return &connError{code: streamClosed, detail: "a header is of a stream that is over (RFC 9113, section 5.1)"}
	}
	c.last = id
	switch {
	case c.leaving == left || c.full():
		return c.reject(id, refusedStream)
	case c.block.wrong || !complete(&c.block):
		return c.reject(id, protocolError)
	}
	c.control.earn()
	if c.opened++; c.opened%2 == 0 { // a client may reset every other stream
		c.resets.earn()
	}
	s := newStream(c)
	s.stream.begin(c.link, id, streamWindow)
	s.stream.whole, s.stream.born = end, c.heard
	s.take(&c.block, end)
	c.starting = append(c.starting, s)
	if c.leaving == staying {
		c.end.set(time.Time{})
	}
	return nil
}

// reject resets a stream that is not going to be served.
func (c *serverConn) reject(id uint32, code errorCode) error {
	c.out.buf = appendNumber(c.out.buf, resetFrame, id, uint32(code))
	c.aborted.add(id)
	return c.idle()
}

// dropped implements [side].
func (c *serverConn) dropped(*stream) { c.rest() }

// rest counts the time without streams, or ends a connection that was to last for them and their handlers only. c.mu
// is held.
func (c *serverConn) rest() {
	switch {
	case len(c.streams) > 0 || c.err != nil:
	case c.leaving == left && c.running+len(c.starting)+len(c.waiting) == 0:
		c.fail(errGone)
	case c.leaving == staying:
		c.end.set(time.Now().Add(c.server.o.IdleTimeout))
	}
}

// drain tells the client to open no more streams, and ends the connection once those there are have ended.
func (c *serverConn) drain() {
	c.mu.Lock()
	if c.leaving == staying && c.err == nil {
		c.leaving = warned
		c.out.buf = appendGoAway(c.out.buf, maxStream, noError)
		// Whoever answers this has read the word before it.
		c.out.buf = append(appendHead(c.out.buf, head{8, pingFrame, 0, 0}), make([]byte, 8)...)
		c.end.set(time.Now().Add(time.Second))
	}
	c.mu.Unlock()
	go c.flush() // not here: other connections are to be told as well, whatever this client takes
}

// pong implements [side].
func (c *serverConn) pong() { c.leave() }

// leave ends the connection once its streams have ended. c.mu is held.
func (c *serverConn) leave() {
	if c.leaving != warned || c.err != nil {
		return
	}
	c.leaving = left
	c.out.buf = appendGoAway(c.out.buf, c.last, noError)
	c.rest()
}

// late is called when the time without streams is over, or the time to answer.
func (c *serverConn) late() {
	c.mu.Lock()
	state, idle := c.leaving, len(c.streams) == 0
	if state == warned {
		c.leave()
	}
	c.mu.Unlock()
	if state == staying && idle {
		c.drain()
		return
	}
	c.flush()
}

// cut ends the connection, whatever it does.
func (c *serverConn) cut() {
	c.mu.Lock()
	c.fail(errGone)
	c.mu.Unlock()
	c.net.Close()
}

// goAway, settle and ended implement [side].
func (c *serverConn) goAway(uint32, errorCode) {}
func (c *serverConn) settle()                  {}
func (c *serverConn) ended()                   {}
