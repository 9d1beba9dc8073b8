package http1

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"gwc.dev/runtime/exchange"
)

// A Conn is a client's connection. Its methods are for the handler, on the connection's goroutine, unless they say
// otherwise.
type Conn struct {
	server *Server
	o      *Options // as they were when it began
	wire   wire
	reader Reader
	writer Writer
	next   arrival
	remote netip.AddrPort
	tls    *tls.ConnectionState // nil: none

	ctx       context.Context
	cancel    context.CancelFunc
	interrupt Interrupt
	seen      uint64 // the interrupt's turn, when the watch last looked at it
	looked    bool   // the watch has looked at the connection in that turn
	state     atomic.Int32

	x         exchange.Exchange
	meta      Meta
	answer    Meta       // of the answer
	head      bool       // the request's head has been read
	speaking  sync.Mutex // guards what is written before the answer
	answered  bool       // the answer has begun, or a tunnel
	streaming bool       // another goroutine reads the body
	ending    bool       // the connection ends after this exchange
	linger    bool       // ... and the client may still be sending
	sent      int64      // bytes of the answer's body
}

// States of a connection, for those who would close it.
const (
	fresh  int32 = iota // has not sent a request yet
	busy                // within an exchange
	idle                // between two
	closed              // by somebody else than its goroutine
)

func newConn(s *Server, conn net.Conn) *Conn {
	c := &Conn{server: s, o: s.options.Load()}
	c.wire.init(conn)
	c.wire.eachWrite = c.o.StallTimeout
	c.reader.init(&c.wire, c.o.Limits, c.o.Buffers)
	c.writer.init(&c.wire, c.o.Buffers)
	c.next.init(c)
	if addr, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		remote := addr.AddrPort()
		c.remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Remote returns the peer's address.
func (c *Conn) Remote() netip.AddrPort { return c.remote }

// TLS returns the state of the connection's session; nil: it has none.
func (c *Conn) TLS() *tls.ConnectionState { return c.tls }

// Meta returns what the request says about its connection.
func (c *Conn) Meta() *Meta { return &c.meta }

// Body returns the request's body as it comes in, whatever filters have made of the exchange's; nil: it has none.
func (c *Conn) Body() *Body {
	if c.reader.body.kind == noBody {
		return nil
	}
	return &c.reader.body
}

// Trailer implements [Trailer]: the fields that came after the request's body, once that has been read.
func (c *Conn) Trailer() exchange.Header { return c.reader.body.Trailer() }

// Received returns how many bytes of the request's body have been read.
func (c *Conn) Received() int64 { return c.reader.body.read }

// Sent returns how many bytes of the answer's body have been written.
func (c *Conn) Sent() int64 { return c.sent }

// serve serves the connection to its end.
func (c *Conn) serve() {
	defer c.end()
	if admit := c.o.Admit; admit != nil {
		if !admit(c.remote.Addr()) {
			c.turnAway()
			return
		}
		if leave := c.o.Leave; leave != nil {
			defer leave(c.remote.Addr())
		}
	}
	c.wire.limitRead(c.o.HeaderTimeout)
	if !c.handshake() {
		return
	}
	if c.tls != nil && c.tls.NegotiatedProtocol == "h2" {
		c.handOver()
		return
	}
	for first := true; c.await(); first = false {
		if first && c.prefaced() {
			c.handOver()
			return
		}
		if !c.readHead() || !c.exchange() {
			return
		}
	}
}

// end closes the connection and gives back what it held.
func (c *Conn) end() {
	if report := c.o.Panic; report != nil {
		if value := recover(); value != nil {
			report(value)
		}
	}
	if c.linger {
		c.lingerOn()
	}
	c.cancel()
	c.wire.Conn.Close()
	c.reader.release()
	c.writer.release()
	c.server.forget(c)
}

// handshake does TLS's, where the listener speaks it.
func (c *Conn) handshake() bool {
	session, ok := c.wire.Conn.(*tls.Conn)
	if !ok {
		return true
	}
	c.wire.limitWrite(c.o.HeaderTimeout)
	if session.HandshakeContext(c.ctx) != nil {
		return false
	}
	state := session.ConnectionState()
	c.tls = &state
	return true
}

// await waits for the next request; false: there is none. It may have read its head.
func (c *Conn) await() bool {
	c.wire.eachRead = 0
	c.reader.begin()
	if c.reader.Buffered() == 0 {
		if c.state.Load() != fresh && !c.rest() || !c.next.wait(c) || !c.wake() {
			return false
		}
	}
	if !c.head && !bytes.Contains(c.reader.unread(), []byte("\r\n\r\n")) {
		c.wire.limitRead(c.o.HeaderTimeout)
	}
	return true
}

// rest begins the time between two requests; false: the connection ends instead.
func (c *Conn) rest() bool {
	c.wire.limitRead(c.o.IdleTimeout)
	c.state.Store(idle)
	c.ending = c.server.draining.Load() && c.state.CompareAndSwap(idle, closed)
	return !c.ending
}

// wake ends the time between two requests; false: somebody has closed the connection meanwhile.
func (c *Conn) wake() bool {
	return c.state.CompareAndSwap(idle, busy) || c.state.CompareAndSwap(fresh, busy) || c.state.Load() == busy
}

// servePlain serves the request that has come, if that is all that is to be read from the connection before its answer
// and this is not the first; false: the request is not served, or the connection ends.
func (c *Conn) servePlain() bool {
	if c.state.Load() == fresh || !bytes.HasSuffix(c.reader.unread(), []byte("\r\n\r\n")) || !c.wake() || !c.readHead() {
		return false
	}
	if c.x.Request.Body != nil || c.meta.Upgrade != "" || c.reader.Buffered() > 0 || !c.exchange() {
		return false
	}
	c.reader.begin()
	c.interrupt.turn.Add(2) // for the watch to see that this rest is another one
	return c.rest()
}

// readHead reads the next request's head, unless that has been done; false: the connection ends with it.
func (c *Conn) readHead() bool {
	if c.head {
		return true
	}
	c.reset()
	err := c.reader.ReadRequest(&c.x.Request, &c.meta)
	if err != nil {
		c.unreadable(err)
		c.ending = true
		return false
	}
	c.head = true
	return true
}

// exchange serves the request whose head has been read; false: the connection ends with it.
func (c *Conn) exchange() bool {
	c.head = false
	if c.x.Request.Body != nil {
		c.wire.eachRead = c.o.StallTimeout
		if c.meta.Expect {
			c.reader.body.starter = c
		}
	}
	c.server.handler.ServeExchange(c, &c.x)
	c.x.Request.Body, c.x.Response.Body = nil, nil // an idle connection holds no answers
	c.ending = c.ending || !c.answered || !c.reader.body.Whole() && !c.skipBody()
	return !c.ending
}

// reset makes the connection ready for the next exchange, with the memory of the last one.
func (c *Conn) reset() {
	x := &c.x
	request, response, owed, text := x.Request.Header[:0], x.Response.Header[:0], x.Owed[:0], x.Text
	text.Reset()
	*x = exchange.Exchange{Context: c.ctx, Owed: owed, Text: text}
	x.Request.Header, x.Response.Header = request, response
	c.answered, c.streaming, c.ending, c.linger, c.sent = false, false, false, false, 0
}

// unreadable answers what came in place of a request, if it was something.
func (c *Conn) unreadable(err error) {
	if refused, ok := errors.AsType[*Error](err); ok {
		c.refuse(refused)
	} else if errors.Is(err, ErrTimeout) {
		c.refuse(errSlowHeader)
	}
}

// refuse answers a request that could not be read; the connection ends with it.
func (c *Conn) refuse(e *Error) {
	c.meta.reset()
	c.meta.Minor, c.meta.Close = 1, true
	c.reset()
	c.reader.body.begin(&c.reader, noBody, 0)
	c.server.handler.Refuse(c, &c.x, e)
	if c.x.Response.Status == 0 {
		c.x.Response.Status = e.Status
	}
	_ = c.Respond(&c.x, nil) // the client may be gone as well
	c.linger = e != errSlowHeader
}

// turnAway ends a connection that is one too many. A TLS client is not worth the handshake.
func (c *Conn) turnAway() {
	if _, encrypted := c.wire.Conn.(*tls.Conn); !encrypted {
		c.refuse(errManyClients)
		c.linger = false
	}
}

// stands reports whether the handler has been waiting for an endpoint since the watch last asked, or the connection
// resting, which it reports once.
func (c *Conn) stands() (waiting, resting bool) {
	turn := c.interrupt.turn.Load()
	before := c.seen
	c.seen = turn
	switch {
	case turn != before:
		c.looked = false
	case turn&1 == 1:
		return true, false
	case !c.looked && c.state.Load() == idle:
		c.looked = true
		return false, true
	}
	return false, false
}

// gone says that nobody waits for the answer any more.
func (c *Conn) gone() {
	c.cancel()
	c.interrupt.Fire()
}

// drain makes the connection end: at once if it is idle, else with the answer under way.
func (c *Conn) drain() {
	switch {
	case c.state.CompareAndSwap(idle, closed):
		c.wire.Conn.Close()
	case c.state.Load() == fresh: // its first request may be on the way
		_ = c.wire.Conn.SetReadDeadline(c.wire.epoch.Add(c.wire.now() + watchEvery))
	}
}

// cut ends the connection, whatever it does.
func (c *Conn) cut() {
	c.gone()
	c.wire.Conn.Close()
}

// Interrupt implements [Client].
func (c *Conn) Interrupt() *Interrupt { return &c.interrupt }
